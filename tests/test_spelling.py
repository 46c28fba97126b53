from __future__ import annotations

import pytest

from syndicate.spelling import meant, question

KNOWN = ("mastodon", "bluesky", "news_mastodon", "hashtags", "gap")


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("mastodno", "mastodon"),
        ("Blue-Sky", "bluesky"),
        ("news-mastodon", "news_mastodon"),
        ("hashtag", "hashtags"),
        ("xylophone", None),
        ("", None),
    ],
)
def test_the_word_that_is_most_like_it_is_found(word: str, known: str | None) -> None:
    assert meant(word, KNOWN) == known


def test_it_is_asked_only_where_there_is_one() -> None:
    assert question("hashtag", KNOWN) == "; is hashtags meant?"
    assert question("xylophone", KNOWN) == ""
