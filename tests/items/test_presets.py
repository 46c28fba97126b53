from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from syndicate.errors import ConfigError
from syndicate.items.presets import PRESETS, rules_of
from syndicate.items.rules import FIELDS, BodyRules, Condition, Hiding, ImageSearch, Rules, TopicRules
from syndicate.items.sources import source_of


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_presets_name_known_fields_and_sources_only(name: str) -> None:
    rules = PRESETS[name]

    assert rules.fields.keys() == FIELDS
    assert all(source_of(source) for sources in rules.fields.values() for source in sources)


def test_settings_lie_over_the_preset() -> None:
    rules = rules_of(
        "generic",
        site_url="https://site.example",
        zone=ZoneInfo("Europe/Berlin"),
        language="de",
        fields={"title": ["headline"]},
        include=["*.mdx"],
        date_formats=["%d.%m.%Y"],
        link_tracking=["ref"],
        exclude=["drafts/*"],
        images={"folders": ("static",), "template": None},
        visibility={"draft": False, "expired": False},
        latest_year_offset=2,
    )

    assert rules.fields["title"] == (source_of("headline"),)
    assert rules.include == ("*.mdx",)
    assert rules.fields["published"] == PRESETS["generic"].fields["published"]
    assert "drafts/*" in rules.exclude
    assert "readme.*" in rules.exclude
    assert "draft" not in {hiding.name for hiding in rules.hidings}
    assert not rules.hides_expired
    assert (rules.language, rules.latest_year_offset, rules.link_tracking) == ("de", 2, ("ref",))


def test_an_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(ConfigError) as caught:
        rules_of("wordpress", origin="config/syndicate.yaml")

    (fault,) = caught.value.faults
    assert str(fault).startswith("config/syndicate.yaml: content.preset: 'wordpress'")
    assert "astro, curated, eleventy, generic, hugo, jekyll, medigy" in fault.remedy


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        rules_of(
            "generic",
            site_url="site.example",
            fields={"titel": ["x"], "title": ["a..b"]},
            visibility={"drafts": False},
        )

    assert [fault.key for fault in caught.value.faults] == [
        "site.url",
        "content.fields.titel",
        "content.fields.title",
        "content.visibility.drafts",
    ]


CHANGES = {
    "preset": "x",
    "fields": {"title": ("x",)},
    "site_url": "https://x.example",
    "zone": ZoneInfo("Asia/Tokyo"),
    "date_formats": ("%d",),
    "language": "x",
    "zone_offsets": {"ist": timedelta(hours=5)},
    "filename": "x",
    "leads": ("x",),
    "languages": ("x",),
    "language_folders": ("x",),
    "topics": TopicRules(aliases={"a": "b"}, ignored=frozenset({"x"})),
    "permalinks": {"": "/x/"},
    "permalink_words": {"x": "slug"},
    "has_language_prefix": False,
    "has_lower_paths": True,
    "fallback_encoding": "cp1252",
    "conditions": (Condition("x", source_of("x")),),
    "hides_undated": True,
    "link_tracking": ("x",),
    "include": ("x",),
    "exclude": ("x",),
    "images": ImageSearch(folders=("x",)),
    "body": BodyRules(limit_summary=1),
    "hidings": (Hiding("x", ("x",), ("x",)),),
    "hides_expired": False,
    "latest_year_offset": 1,
}


@pytest.mark.parametrize("name", [field.name for field in fields(Rules) if field.init])
def test_every_rule_counts_in_the_digest(name: str) -> None:
    rules = rules_of("generic")

    assert replace(rules, **{name: CHANGES[name]}).digest != rules.digest  # type: ignore[arg-type]  # a table of all types


def test_equal_rules_have_equal_digests() -> None:
    assert rules_of("medigy").digest == rules_of("medigy").digest


def test_rules_cannot_be_changed_by_the_way() -> None:
    given = {"title": ["x"]}
    rules = rules_of("generic", fields=given)

    given["title"] = ["y"]

    assert rules.fields["title"] == (source_of("x"),)
    with pytest.raises(TypeError):
        rules.fields["title"] = ("y",)  # type: ignore[index]  # to see that it fails


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_what_a_file_can_meet_is_what_its_keys_lead_to(name: str) -> None:
    rules = rules_of(name, fields={"section": ["path:section", "kind"], "brand": ["outlet.name"]})

    reach = rules.reach({"outlet": None, "draft": None, "some other": None})

    assert reach.sources["brand"] == (source_of("outlet.name"),)
    assert reach.sources["section"] == (source_of("path:section"),)
    assert "title" not in reach.sources or all(source.kind != "key" for source in reach.sources["title"])
    assert [source.words for hiding, sources in reach.hidings for source in sources if hiding.name == "draft"] == [
        "draft"
    ]
    assert rules.reach(["draft", "outlet", "another"]) is reach


def test_files_with_ever_other_keys_are_not_all_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syndicate.items.rules._MAX_REACHES", 1)
    rules = rules_of("generic")

    first, second = rules.reach(["title"]), rules.reach(["title", "date"])

    assert rules.reach(["title"]) is first
    assert rules.reach(["title", "date"]) == second
    assert rules.reach(["title", "date"]) is not second
