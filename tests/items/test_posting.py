from __future__ import annotations

import pytest

from syndicate.items.item import Image
from syndicate.items.posting import USUAL, Posting, Wording

FEATURED = Image("a.jpg", "A heron")


def test_a_channels_own_words_go_before_its_networks_and_those_before_what_is_for_all() -> None:
    posting = Posting(
        usual=Wording(text="all", title="all", summary="all", hashtags=("All",)),
        named=(("mastodon", Wording(text="network", title="network")), ("news", Wording(text="channel"))),
    )

    assert posting.wording("news", "mastodon") == Wording("channel", "network", "all", ("All",))
    assert posting.wording("other", "mastodon").text == "network"
    assert posting.wording("blue", "bluesky").text == "all"


def test_an_image_is_never_described_by_words_for_another() -> None:
    posting = Posting(
        usual=Wording(image=FEATURED, has_image=True, alt="for the heron"),
        named=(("mastodon", Wording(image=Image("b.jpg", "A bee"), has_image=True)), ("x", Wording(alt="for X"))),
    )

    assert posting.wording("news", "mastodon").alt is None
    assert posting.wording("any", "x").alt == "for X"
    assert posting.wording("any", "bluesky").alt == "for the heron"


def test_a_channel_may_show_what_is_shown_nowhere_else() -> None:
    posting = Posting(
        usual=Wording(has_image=False), named=(("news", Wording(image=FEATURED, has_image=True, alt="A")),)
    )

    assert posting.wording("news", "mastodon").has_image
    assert posting.wording("other", "mastodon").has_image is False


@pytest.mark.parametrize(
    ("posting", "channel", "network", "words"),
    [
        (Posting(), "news", "mastodon", None),
        (Posting(only=()), "news", "mastodon", "from all channels"),
        (Posting(usual=Wording(is_skipped=True)), "news", "mastodon", "from all channels"),
        (Posting(only=("blue", "x")), "news", "mastodon", "for other channels: blue, x"),
        (Posting(only=("news",)), "news", "mastodon", None),
        (Posting(only=("mastodon",)), "news", "mastodon", None),
        (Posting(named=(("news", Wording(is_skipped=True)),)), "news", "mastodon", "`skip`"),
        (Posting(named=(("mastodon", Wording(is_skipped=True)),)), "news", "mastodon", "`skip`"),
        (Posting(named=(("x", Wording(is_skipped=True)),)), "news", "mastodon", None),
        (
            Posting(named=(("mastodon", Wording(is_skipped=True)), ("news", Wording(is_skipped=False)))),
            *("news", "mastodon", None),
        ),
        (Posting(only=(), named=(("news", Wording(is_skipped=False)),)), "news", "mastodon", None),
    ],
)
def test_the_nearest_word_decides_whether_it_is_posted(
    posting: Posting, channel: str, network: str, words: str | None
) -> None:
    refusal = posting.refusal(channel, network)

    assert refusal is None if words is None else words in str(refusal)


def test_names_and_images_are_all_that_are_in_it() -> None:
    posting = Posting(("x", "news"), Wording(image=FEATURED), (("news", Wording(image=Image("b", ""))), ("y", USUAL)))

    assert posting.names == ("x", "news", "y")
    assert [image.ref for image in posting.images] == ["a.jpg", "b"]


def test_images_that_were_looked_at_keep_their_words_and_missing_ones_give_way() -> None:
    there = Image("a.jpg", "", "image/jpeg", 9, 8, 7, "d")
    said = Wording(image=Image("gone.jpg", "x"), has_image=True, alt="x", text="stays")
    posting = Posting(usual=Wording(image=FEATURED, has_image=True), named=(("news", said),))

    looked = posting.with_images({"a.jpg": there, "gone.jpg": None})

    assert looked.usual.image == Image("a.jpg", "A heron", "image/jpeg", 9, 8, 7, "d")
    assert looked.wording("news", "") == Wording(text="stays", image=looked.usual.image, has_image=True)
    assert posting.with_images({}) == posting


def test_keys_are_named_as_front_matter_has_them() -> None:
    assert Wording(text="t", hashtags=(), has_image=False, is_skipped=True).keys == ("text", "hashtags", "image")
    assert USUAL.keys == ()
