"""Drafts: the card, the picture as the network wants it, and the fitted post."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from msgspec import structs

from deliver_rig import item
from syndicate.draft import DigestRules, Draft, DraftRules, draft, issue_of, may_go_bare, post_of
from syndicate.errors import ImageUnusable
from syndicate.items.item import Image, Topic
from syndicate.items.links import TRACKING
from syndicate.items.posting import Posting, Wording
from syndicate.posts.card import CardRules
from syndicate.posts.post import ImageRules, Picture, Room, Shape, Wants

CARDS = CardRules(site_name="Marsh Notes")
RULES = DraftRules(CARDS)
WANTS = Wants(Room(500), image=ImageRules(Shape.CARD, 1000))
PICTURE = Picture(b"jpeg", "image/jpeg", 120, 63, "A heron")
HERON = replace(item(), image=Image("heron.jpg", "A heron"))


@dataclass
class Studio:
    """Gives one picture, or none for a reason; `asked` for what."""

    reason: str = ""
    asked: list[tuple[Image, ImageRules]] = field(default_factory=list)

    async def picture(self, image: Image, rules: ImageRules) -> Picture:
        self.asked.append((image, rules))
        if self.reason:
            raise ImageUnusable(image.ref, self.reason)
        return PICTURE


async def test_draft_holds_card_and_picture() -> None:
    studio = Studio()

    made = await draft(HERON, WANTS, RULES, studio)

    assert (made.card.title, made.card.site_name, made.picture, made.missing) == (
        "Title 1",
        "Marsh Notes",
        PICTURE,
        None,
    )
    assert [(image.ref, rules) for image, rules in studio.asked] == [("heron.jpg", WANTS.image)]


async def test_picture_that_cannot_be_had_costs_the_picture_only() -> None:
    made = await draft(HERON, WANTS, RULES, Studio(reason="is damaged"))

    assert (made.picture, made.missing) == (None, "heron.jpg: is damaged")


async def test_no_picture_is_made_for_a_network_that_wants_none() -> None:
    studio = Studio()

    made = await draft(HERON, structs.replace(WANTS, image=None), RULES, studio)

    assert (made.picture, made.address, studio.asked) == (None, None, [])
    assert made.missing is None


async def test_no_picture_is_made_of_an_item_without_image() -> None:
    studio = Studio()

    made = await draft(replace(HERON, image=None), WANTS, RULES, studio)

    assert (made.picture, made.address, studio.asked) == (None, None, [])
    assert made.missing is None


async def drafted(rules: DraftRules = RULES) -> Draft:
    return await draft(HERON, WANTS, rules, Studio())


async def test_post_has_text_card_and_picture() -> None:
    post = post_of(await drafted(), WANTS, RULES)

    assert post.text.startswith("Title 1\n\n")
    assert "https://example.org/1" in post.text
    assert post.picture == PICTURE


async def test_post_goes_without_the_picture_that_the_network_did_not_take() -> None:
    assert post_of(await drafted(), WANTS, RULES, has_picture=False).picture is None


@pytest.mark.parametrize(("most", "tags"), [(0, ()), (1, ("HealthAI",))])
async def test_operator_says_how_many_hashtags(most: int, tags: tuple[str, ...]) -> None:
    assert post_of(await drafted(), WANTS, structs.replace(RULES, hashtags=most)).hashtags == tags


async def test_operator_says_how_a_hashtag_is_spelt() -> None:
    rules = structs.replace(RULES, spellings={"Health AI": "HealthTech"})

    assert post_of(await drafted(), WANTS, rules).hashtags == ("HealthTech",)


async def test_operator_says_the_text() -> None:
    rules = structs.replace(RULES, template="New: {{ title }} {{ link }}")

    assert post_of(await drafted(rules), WANTS, rules).text == "New: Title 1 https://example.org/1"


@pytest.mark.parametrize(
    ("topics", "text"),
    [
        (("ai", "nursing"), "A"),
        (("nursing", "ai"), "N"),
        (("other", "nursing"), "N"),
        (("other",), "usual"),
        ((), "usual"),
    ],
)
async def test_the_first_topic_that_has_a_template_decides(topics: tuple[str, ...], text: str) -> None:
    rules = structs.replace(RULES, template="usual", templates={"ai": "A", "nursing care": "N"})
    labels = {"ai": "AI", "nursing": "Nursing Care", "other": "Other"}
    told = replace(HERON, topics=tuple(Topic(slug, labels[slug]) for slug in topics))

    made = await draft(told, WANTS, rules, Studio())

    assert post_of(made, WANTS, rules).text == f"{text}\n\nhttps://example.org/1"


async def test_words_below_a_post_are_the_same_for_every_topic() -> None:
    rules = structs.replace(RULES, templates={"health ai": "of the topic"}, correction="Mended: {{ title }}")
    rules = rules.for_answer(has_left=False)

    made = await draft(HERON, WANTS, rules, Studio())

    assert post_of(made, WANTS, rules).text == "Mended: Title 1\n\nhttps://example.org/1"


async def test_the_file_words_the_post_for_a_channel_or_network() -> None:
    posting = Posting(named=(("news", Wording(text="For news")), ("mastodon", Wording(alt="Own alt", title="Own"))))
    told, rules = replace(HERON, posting=posting), structs.replace(RULES, channel="news", network="mastodon")
    studio = Studio()

    made = await draft(told, WANTS, rules, studio)

    assert post_of(made, WANTS, rules).text == "For news\n\n#HealthAI\n\nhttps://example.org/1"
    assert (made.card.title, studio.asked[0][0].alt) == ("Own", "Own alt")
    other = structs.replace(RULES, channel="blue", network="bluesky")
    assert (await draft(told, WANTS, other, studio)).card.title == "Title 1"


async def test_the_campaign_is_on_the_link_of_text_and_card_alone() -> None:
    campaign = {"utm_source": "{{ network }}", "ref": "{{ topic }}"}
    rules = structs.replace(RULES, campaign=campaign, channel="news", network="mastodon")
    own = replace(HERON, posting=Posting(usual=Wording(text="See https://example.org/1 now")))
    link = "https://example.org/1?utm_source=mastodon&ref=health-ai"

    made, worded = await draft(HERON, WANTS, rules, Studio()), await draft(own, WANTS, rules, Studio())

    assert post_of(made, WANTS, rules).text.endswith(f"\n\n{link}")
    assert made.card.url == link
    assert post_of(worded, WANTS, rules).text == f"See {link} now\n\n#HealthAI"
    assert (rules.tracking[-1], RULES.tracking) == ("ref", TRACKING)
    digest = structs.replace(rules, digest=DigestRules("https://site.example/", "en"))
    assert f"{link}\n" in issue_of("issue", [HERON, item(2)], WANTS, digest, HERON.published).text


async def test_a_file_that_wants_no_image_gets_none() -> None:
    told = replace(HERON, posting=Posting(usual=Wording(has_image=False)))
    studio = Studio()

    made = await draft(told, WANTS, RULES, studio)

    assert (made.picture, made.missing, studio.asked) == (None, None, [])


@pytest.mark.parametrize(
    ("wording", "may"),
    [
        (Wording(), False),
        (Wording(image=Image("own.png", "An own picture")), True),
        (Wording(image=Image("own.png", "An own picture"), has_image=False), False),
    ],
)
def test_a_post_may_go_without_a_picture_that_only_its_file_gives_it(wording: Wording, may: bool) -> None:
    told = replace(item(1), posting=Posting(usual=wording))

    assert may_go_bare(told, Wants(room=Room(500), image=ImageRules(Shape.PHOTO, 10**6)), RULES) is may


async def test_answers_to_a_post_are_said_by_template_though_the_file_words_posts() -> None:
    told = replace(HERON, posting=Posting(usual=Wording(text="Own words", hashtags=("Own",), title="Own title")))
    rules = RULES.for_answer(has_left=True)

    made = await draft(told, WANTS, rules, Studio())

    assert post_of(made, WANTS, rules).text == "Withdrawn: Own title\n\nhttps://example.org/1"


def test_a_digest_says_own_words_for_the_summary() -> None:
    worded = replace(item(1), posting=Posting(usual=Wording(text="Own words", title="Own title")))
    rules = structs.replace(RULES, digest=DigestRules("https://site.example/", "en"))

    post = issue_of("issue", [worded, item(2)], WANTS, rules, item(1).published)

    assert "Own title\nOwn words\nhttps://example.org/1" in post.text
    assert "Title 2\nWhat happened.\n" in post.text


async def test_room_without_space_for_the_link_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        post_of(await drafted(), structs.replace(WANTS, room=Room(5)), RULES)


async def test_an_image_that_fails_in_an_unforeseen_way_costs_the_image_only() -> None:
    class Broken:
        async def picture(self, image: Image, rules: ImageRules) -> Picture:
            raise RuntimeError("no such thing")

    made = await draft(HERON, WANTS, RULES, Broken())

    assert made.picture is None
    assert made.missing is not None
    assert made.missing.endswith("unexpected RuntimeError")


async def test_a_network_that_fetches_pictures_itself_gets_none() -> None:
    studio = Studio()

    made = await draft(HERON, structs.replace(WANTS, image_by_address=True), RULES, studio)

    assert (made.picture, made.address, studio.asked) == (None, None, [])
    assert made.missing is not None and "no public address" in made.missing
