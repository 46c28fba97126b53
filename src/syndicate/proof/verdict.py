"""The count: what the publisher owed and says it sent, against what the networks really have. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syndicate.outbox.delivery import Delivery, Evidence, Guarantee, State

STRANGERS = "(no channel)"
"""Stands in the count for accounts that no channel has."""

EXPLAINED = {State.HELD, State.FAILED, State.DEAD}
"""States in which the operator was told that a post is missing or unclear."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One channel, or several together.

    `lost`: owed, not there, and nobody was told. `duplicated`: there more than once, counted by the surplus.
    `false_sent`: recorded as sent, not there. `held`: waits for a person, with the reason. `unowed`: there, though
    nobody asked for it.
    """

    channel: str
    owed: int
    posted: int
    lost: int
    duplicated: int
    false_sent: int
    held: int
    unowed: int

    @property
    def is_kept(self) -> bool:
        """Whether the promise was kept: nothing lost, nothing twice, nothing said to be there that is not."""
        return not (self.lost or self.duplicated or self.false_sent or self.unowed)

    @property
    def is_whole(self) -> bool:
        """Whether every post was made, so that nothing waits for a person either."""
        return self.is_kept and not self.held


def verdicts(
    deliveries: Sequence[Delivery],
    links: Mapping[str, str],
    posts: Sequence[Mapping[str, Any]],
    accounts: Mapping[str, str],
) -> list[Verdict]:
    """The count per channel.

    Args:
        deliveries: all of the publisher's.
        links: the link of each item that is owed, by item id.
        posts: the sandbox's own log of posts.
        accounts: the account in that log, by channel, as `network/account`.
    """
    here: dict[str, Counter[str]] = {}
    for post in posts:
        here.setdefault(f"{post['network']}/{post['account']}", Counter())[str(post["link"])] += 1
    counted = [
        _verdict(name, {one.item_id: one.state for one in deliveries if one.channel == name}, links, here.get(account))
        for name, account in accounts.items()
    ]
    strangers = sum(counter.total() for account, counter in here.items() if account not in accounts.values())
    return [*counted, Verdict(STRANGERS, 0, 0, 0, 0, 0, 0, strangers)] if strangers else counted


def together(name: str, several: Iterable[Verdict]) -> Verdict:
    """Several channels counted as one."""
    rows = [(v.owed, v.posted, v.lost, v.duplicated, v.false_sent, v.held, v.unowed) for v in several]
    return Verdict(name, *(sum(column) for column in zip(*rows, strict=True)))


def kind_of(guarantee: Guarantee) -> str:
    """What kind of network declares this, in words."""
    if guarantee.evidence is Evidence.BY_KEY:
        return "published once" if guarantee.key_window is None else "record key"
    if guarantee.key_window is not None:
        return "keyed, readable" if guarantee.is_readable else "keyed"
    if guarantee.is_readable:
        return "readable"
    return "refuses duplicates" if guarantee.evidence is Evidence.DUPLICATE_REFUSAL else "write-only"


def _verdict(channel: str, states: Mapping[str, State], links: Mapping[str, str], here: Counter[str] | None) -> Verdict:
    counts, owed = here or Counter(), set(links.values())
    return Verdict(
        channel=channel,
        owed=len(links),
        posted=sum(counts[link] > 0 for link in owed),
        lost=sum(counts[link] == 0 and states.get(item) not in EXPLAINED for item, link in links.items()),
        duplicated=sum(max(0, counts[link] - 1) for link in owed),
        false_sent=sum(counts[link] == 0 and states.get(item) is State.SENT for item, link in links.items()),
        held=sum(states.get(item) in EXPLAINED for item in links),
        unowed=sum(number for link, number in counts.items() if link not in owed),
    )
