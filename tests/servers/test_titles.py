"""A hundred real-life titles for every network, counted by ICU, by JavaScript and by X's own library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import regex

from channels.fitted import LINK, Fitted, all_fitted
from servers.rigs import counted
from syndicate.posts.measure import count
from syndicate.posts.post import Measure, Room

pytestmark = pytest.mark.servers
EMOJI = regex.compile(r"\p{Emoji}")
COLUMN = {
    Measure.GRAPHEMES: "graphemes",
    Measure.UTF16: "utf16",
    Measure.CODE_POINTS: "codePoints",
    Measure.BYTES: "bytes",
    Measure.WEIGHTED: "weighted",
}


@pytest.fixture(scope="module")
def counts(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Fitted, dict[str, Any]]]:
    scratch = tmp_path_factory.mktemp("titles")
    secret = scratch / "secret"
    secret.write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    secret.chmod(0o600)
    # Threads counts emoji as bytes, which no foreign counter does; tests/channels/test_titles.py counts for it.
    posts = [one for one in all_fitted(secret) if one.wants.room.measure in COLUMN]
    return list(zip(posts, counted([_as_counted(one) for one in posts], scratch), strict=True))


def _as_counted(one: Fitted) -> str:
    """The text, with the link as long as the network counts it; X's library does that by itself."""
    room = one.wants.room
    if room.url_length is None or room.measure is Measure.WEIGHTED:
        return one.post.text
    return one.post.text.replace(LINK, "x" * room.url_length)


def test_no_post_is_longer_than_its_network_takes(counts: list[tuple[Fitted, dict[str, Any]]]) -> None:
    too_long = {
        (one.network, one.title): told
        for one, told in counts
        if told[COLUMN[one.wants.room.measure]] > one.wants.room.limit
        or told["bytes"] > (one.wants.room.limit_bytes or 10**9)
    }

    assert too_long == {}


def test_nothing_is_counted_shorter_than_the_others_count_it(counts: list[tuple[Fitted, dict[str, Any]]]) -> None:
    short = {
        (one.network, one.title): (ours, theirs)
        for one, told in counts
        if (ours := count(one.post.text, one.wants.room)) < (theirs := told[COLUMN[one.wants.room.measure]])
    }

    assert short == {}


def test_x_counts_no_emoji_longer_than_we_do(tmp_path: Path) -> None:
    texts = [chr(sign) for sign in range(0x203C, 0x1FAFF) if EMOJI.fullmatch(chr(sign))]
    texts += [
        f"{base}{joined}" for base in "👩👨🧑" for joined in ("🏽", "‍⚕️", "‍🦰", "‍🦽", "‍🍼", "‍❤️‍👨", "‍🤝‍🧑🏿", "‍👧‍👦")
    ]
    texts += ["❤️‍🔥", "🐈‍⬛", "🧔‍♀️", "👁️‍🗨️", "🏳️‍⚧️", "🏳️‍🌈", "🏴‍☠️", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🇩🇪", "1️⃣", "☝🏽"]

    short = {
        text: (ours, told["weighted"])
        for text, told in zip(texts, counted(texts, tmp_path), strict=True)
        if (ours := count(text, Room(280, Measure.WEIGHTED))) < told["weighted"]
    }

    assert len(texts) > 1000
    assert short == {}


def test_most_are_counted_alike(counts: list[tuple[Fitted, dict[str, Any]]]) -> None:
    alike = [count(one.post.text, one.wants.room) == told[COLUMN[one.wants.room.measure]] for one, told in counts]

    assert sum(alike) >= 0.9 * len(alike)
