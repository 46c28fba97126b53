"""Edits, withdrawals and returns of real files, as they come to every network of the sandbox."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from sandbox_rig import sandbox
from syndicate.house import open_house
from syndicate.outbox.delivery import Action, Delivery, State
from syndicate.plot import plot_of
from syndicate.proof.stand import places_in, settings_for, write_items, write_settings
from syndicate.publisher import Tally, publish_once
from syndicate.sandbox.server import Running

__all__ = ["sandbox"]


class Desk:
    """One item, and a channel on each network; an hour lies between two saves of the file."""

    def __init__(self, sandbox: Running, folder: Path, **policies: str) -> None:
        self.sandbox, self.folder = sandbox, folder
        places = {name: one for name, one in places_in(sandbox.addresses).items() if name.endswith("_1")}
        settings = settings_for(places)
        for channel in settings["channels"].values():
            channel |= {"edit_gap": "0s", **policies}
        write_items(folder, 1, datetime.now(UTC))
        self.channels = {place.account: name for name, place in places.items()}
        self.abilities: dict[str, frozenset[Action]] = {}
        self.plot = plot_of(write_settings(folder, settings))
        self.file = folder / "content" / "news" / "report-1.md"
        self.saved_s = time.time() - 100_000

    def save(self, **changes: Any) -> None:
        """Change the front matter."""
        _, front, body = self.file.read_text(encoding="utf-8").split("---\n")
        values = yaml.safe_load(front) | changes
        self.file.write_text(f"---\n{yaml.safe_dump(values, sort_keys=False)}---\n{body}", encoding="utf-8")
        self.saved_s += 3600
        os.utime(self.file, (self.saved_s, self.saved_s))

    async def once(self) -> list[Delivery]:
        """As `syndicate once`."""
        async with open_house(self.plot) as house:
            self.abilities = {name: channel.abilities for name, channel in house.channels.items()}
            await publish_once(house, Tally())
            return await house.outbox.deliveries()

    def deeds(self) -> dict[str, list[str]]:
        """By channel what its network really did: post, edit and delete, with the first letters of the text."""
        found: dict[str, list[str]] = {name: [] for name in self.channels.values()}
        for entry in self.sandbox.truth:
            words = "" if entry.action.value == "delete" else f" {entry.text[:5]}"
            found[self.channels[f"{entry.network}/{entry.account}"]].append(f"{entry.action.value}{words}")
        return found

    def texts(self) -> dict[str, list[str]]:
        """By channel the texts of its posts."""
        found: dict[str, list[str]] = {name: [] for name in self.channels.values()}
        for entry in self.sandbox.truth:
            if entry.action.value == "post":
                found[self.channels[f"{entry.network}/{entry.account}"]].append(entry.text)
        return found


async def test_every_network_follows_what_becomes_of_an_item(sandbox: Running, tmp_path: Path) -> None:
    desk = Desk(sandbox, tmp_path, on_edit="edit", on_withdrawal="delete")
    desk.save(title="First")
    await desk.once()

    desk.save(title="Other")
    await desk.once()
    desk.save(title="First")
    await desk.once()
    desk.save(title="First", draft=True)
    await desk.once()
    desk.save(title="Again", draft=False)
    deliveries = await desk.once()

    for channel, deeds in desk.deeds().items():
        edits = ["edit Other", "edit First"] if Action.EDIT in desk.abilities[channel] else []
        deletions = ["delete"] if Action.DELETE in desk.abilities[channel] else []
        assert deeds == ["post First", *edits, *deletions], channel
    assert {one.state for one in deliveries} == {State.SENT}


async def test_corrections_stand_where_a_network_has_answers(sandbox: Running, tmp_path: Path) -> None:
    desk = Desk(sandbox, tmp_path, on_edit="reply", on_withdrawal="reply")
    await desk.once()

    desk.save(title="Other")
    await desk.once()
    desk.save(title="Other", draft=True)
    deliveries = await desk.once()

    assert {one.state for one in deliveries} == {State.SENT}
    for channel, texts in desk.texts().items():
        corrected, withdrawn = (sum(word in text for text in texts) for word in ("Correction:", "Withdrawn:"))
        assert len(texts) == (3 if Action.REPLY in desk.abilities[channel] else 1), channel
        assert (corrected, withdrawn) == ((1, 1) if len(texts) == 3 else (0, 0)), channel
