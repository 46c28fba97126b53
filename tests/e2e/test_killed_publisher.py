"""A publisher killed with SIGKILL between bad networks: counted by the demo, and again from the networks' own log."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from click.testing import CliRunner

from syndicate.cli import main
from syndicate.demo import ACCOUNTS, HEADLINES, OUTLET

KILLS = 2


def test_nothing_is_lost_and_nothing_is_sent_twice(tmp_path: Path) -> None:
    site = tmp_path / "site"

    result = CliRunner().invoke(main, ["demo", "--kills", str(KILLS), "--keep", str(site), "--json"])

    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    entries = [json.loads(line) for line in (site / "sandbox" / "truth.jsonl").read_text(encoding="utf-8").splitlines()]
    posted = Counter((f"{one['network']}/{one['account']}", one["link"]) for one in entries if one["action"] == "post")
    owed = {(account, OUTLET + slug) for account in ACCOUNTS.values() for _, slug in HEADLINES}
    waiting = sum(one["held"] for one in told["channels"])
    assert set(posted) <= owed
    assert len(owed - set(posted)) <= waiting
    assert set(posted.values()) == {1}
    assert (told["is_kept"], told["kills"], told["starts"]) == (True, KILLS, KILLS + 1)
    assert told["attempts"] >= len(posted)
    assert sum(told["mishaps"].values()) > 0
    pictures = [one for one in entries if one["action"] == "post" and one["account"] == "pictures.test"]
    alts = {medium["alt"] for one in pictures for medium in one["media"]}
    assert f"Illustration for the article: {HEADLINES[0][0]}" in alts
