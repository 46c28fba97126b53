from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from syndicate.errors import ConfigError
from syndicate.items.presets import PRESETS, rules_of


@pytest.mark.parametrize(
    ("wishes", "key", "words"),
    [
        ({"site_url": "x"}, "site.url", "'x' is no address; write it as https://www.example.org/"),
        ({"filename": "("}, "filename", "'(' is no regular expression (missing )"),
        ({"fields": {"titel": ["x"]}}, "fields.titel", "is no field; use one of: authors, "),
        ({"fields": {"title": [7]}}, "fields.title", "7 is no source; put it in quotes"),
        ({"fields": {"title": ["a..b"]}}, "fields.title", "'a..b' is no source; write a key"),
        ({"fields": {"title": ["filename:owner"]}}, "fields.title", "'filename:owner' names no group of `filename`"),
        (
            {"fields": {"title": ["template:{filename:owner}"]}},
            "fields.title",
            "'filename:owner' names no group of `filename`; use one of: date, language, slug",
        ),
        (
            {"filename": r".+\.md", "fields": {"title": ["filename:slug"]}},
            "fields.title",
            "'filename:slug' names no group of `filename`; use one of: none, as it has no groups",
        ),
        ({"exclude": ["!odd"]}, "exclude", "'!odd' takes nothing away; use one of: !readme.*"),
        ({"date_formats": ["%d.%m."]}, "dates.formats", "'%d.%m.' names no whole date; write it as %d.%m.%Y"),
        ({"date_formats": ["%Y-%m-%d%B%B"]}, "dates.formats", "'%Y-%m-%d%B%B' names no whole date"),
        ({"date_formats": ["%Y-%m"]}, "dates.formats", "'%Y-%m' names no whole date"),
        ({"date_formats": ["%Q"]}, "dates.formats", "'%Q' names no whole date"),
        ({"fields": {"published": [{"key": "a", "format": "%Y%Y"}]}}, "fields.published", "'%Y%Y' names no whole date"),
        ({"fields": {"published": [{"key": "a", "format": "%d.%m."}]}}, "fields.published", "'%d.%m.' names no whole"),
        ({"zones": {"IST": "noon"}}, "dates.zones.IST", "'noon' is no offset; write it as \"+05:30\""),
        ({"zones": {"IST": "+99:00"}}, "dates.zones.IST", "'+99:00' is no offset"),
        ({"zones": {"Asia/X": "+05:30"}}, "dates.zones.Asia/X", "is no name of a zone; write up to five letters"),
        ({"permalink": "/:yaer/"}, "permalink", "`:yaer` means nothing; use :basename"),
        ({"permalink": {"posts": "/../:slug"}}, "permalink.posts", "'/../:slug' is no path below the site"),
        ({"where": {"a..b": 1}}, "where.a..b", "'a..b' is no source"),
        ({"where": {"a": {"exists": "x"}}}, "where.a.exists", "is neither true nor false; write true or false"),
        ({"where": {"a": {"regex": "["}}}, "where.a.regex", "'[' is no regular expression"),
        ({"where": {"a": {"like": "x"}}}, "where.a.like", "is no test; use one of: is, not, exists, regex"),
        ({"visibility": {"odd": False}}, "visibility.odd", "is no rule; use one of: displayinlist, draft, expired"),
        ({"visibility": {"expired": ["x"]}}, "visibility.expired", "is neither true nor false; write true or false"),
    ],
)
def test_slips_are_told_with_key_and_remedy(wishes: dict[str, Any], key: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        rules_of("generic", origin="syndicate.yaml", below="content.roots.a", **wishes)

    (fault,) = caught.value.faults
    assert (fault.path, fault.code) == ("syndicate.yaml", "E-SETTING")
    assert fault.key == (key if key == "site.url" else f"content.roots.a.{key}")
    assert f"{fault.problem}; {fault.remedy}".startswith(words)


def test_all_slips_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        rules_of("generic", permalink="/:x/:y", exclude=["!a", "!b"])

    assert len(caught.value.faults) == 4


def test_globs_of_folders_mean_the_usual_files_in_them() -> None:
    usual = PRESETS["medigy"].include

    assert rules_of("medigy", include=["posts/"]).include == tuple(f"posts/**/{ending}" for ending in usual)
    assert rules_of("medigy", include=["posts"]).include == rules_of("medigy", include=["posts/**"]).include
    assert rules_of("medigy", include=["**"]).include == usual
    assert rules_of("medigy", include=["*.txt", "a/*.md"]).include == ("*.txt", "a/*.md")


def test_a_usual_exclusion_can_be_taken_away() -> None:
    rules = rules_of("generic", exclude=["!Vendor", "old/"])

    assert "vendor" not in rules.exclude
    assert rules.exclude[-1] == "old/"


def test_zones_topics_and_permalinks_are_laid_over_the_preset() -> None:
    rules = rules_of(
        "eleventy",
        zones={"IST": "+05:30"},
        topics={"split": None, "is_union": True, "aliases": {"ML": "Machine Learning"}, "ignore": ["Misc."]},
        permalink={"notes": "/n/:slug/"},
        languages=["en"],
        link_tracking=None,
    )

    assert rules.zone_offsets == {"ist": timedelta(hours=5, minutes=30)}
    assert rules.topics.aliases == {"ml": "Machine Learning"}
    assert {"misc", "posts"} <= rules.topics.ignored
    assert (rules.topics.split, rules.topics.is_union) == (",", True)
    assert rules.permalinks == {"": "/:bundle/", "notes": "/n/:slug/"}
    assert rules.languages == ("en",)
    assert rules.link_tracking == PRESETS["eleventy"].link_tracking


@pytest.mark.parametrize("form", ["%d.%m.%Y %H:%M %z", "%d.%m.%Y %Z", "%Y%m%d%z", "%d.%m.%y"])
def test_date_form_may_name_a_zone(form: str) -> None:
    rules = rules_of("generic", date_formats=[form], fields={"published": [{"key": "a", "format": form}]})

    assert rules.date_formats == (form,)
