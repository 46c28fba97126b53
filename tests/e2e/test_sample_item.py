"""The sample item of the brief goes the whole way: from its file to feeds that readers understand."""

from __future__ import annotations

import json
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import feedparser
import pytest

from site_rig import SiteRig

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"
TITLE = "What Is Medical Coding Automation And Its Potentials In Healthcare?"
ARTICLE = "https://medicalfuturist.com/what-is-medical-coding-automation-and-its-potentials-in-healthcare"
COMPLETE = (
    "AI can help out humans in medical coding, where healthcare systems struggle with heavy backlogs. "
    "Algorithms work tirelessly and accurately."
)
TOPICS = {
    "medical-subject-headings-mesh-automation": "Automation",
    "healthcare-it-news-artificial-intelligence": "Artificial Intelligence",
    "symplur-medical-coding": "Medical Coding",
}
TOPICS_OF_OFFERINGS = ("Biomedical Technology", "Supply Chain", "Skincare")
OFFERINGS = ("nQ Cortex", "AQuity Medical Coding Audits")
PUBLISHED = datetime(2023, 6, 7, tzinfo=UTC)
UPDATED = datetime(2023, 6, 7, 10, 4, 54, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not any(SAMPLES.glob("*.md")), reason=f"the sample item is not in {SAMPLES}")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> SiteRig:
    """A store into which the sample was dropped, published once."""
    site = SiteRig(tmp_path_factory.mktemp("sample"))
    site.configure(content={"preset": "medigy"}, cards={"image": {"enabled": True}})
    for sample in SAMPLES.glob("*.md"):
        shutil.copy2(sample, site.folder / "content" / sample.name)
    result = site.call("once")
    assert result.exit_code == 0, result.output
    return site


def file(site: SiteRig, path: str) -> bytes:
    return (site.folder / "feeds" / path).read_bytes()


def entry(site: SiteRig, path: str) -> Any:
    """The one entry, as a feed reader sees it."""
    parsed = feedparser.parse(file(site, path))
    assert not parsed.bozo, parsed.get("bozo_exception")
    (found,) = parsed.entries
    return found


def moment(parts: time.struct_time) -> datetime:
    return datetime(*parts[:6], tzinfo=UTC)


def test_it_stands_in_the_feeds_of_its_topics_and_section_only(site: SiteRig) -> None:
    folders = {
        path.parent.relative_to(site.folder / "feeds").as_posix() for path in (site.folder / "feeds").rglob("rss.xml")
    }

    assert folders == {"all", "section/news", *TOPICS}


@pytest.mark.parametrize("path", ["rss.xml", "atom.xml"])
@pytest.mark.parametrize("folder", ["all", *TOPICS])
def test_reader_sees_title_link_dates_and_complete_description(site: SiteRig, folder: str, path: str) -> None:
    seen = entry(site, f"{folder}/{path}")

    assert (seen.title, seen.link.rstrip("/")) == (TITLE, ARTICLE)
    assert (moment(seen.published_parsed), moment(seen.updated_parsed)) == (PUBLISHED, UPDATED)
    assert seen.summary == COMPLETE
    assert "historically related to a particular procedure" in seen.content[0].value
    assert seen.author == "Athira K"


@pytest.mark.parametrize("path", ["all/rss.xml", "all/atom.xml"])
def test_reader_sees_three_topics(site: SiteRig, path: str) -> None:
    seen = entry(site, path)

    # The section is a category as well, under a scheme of its own; RSS has one word for both term and label.
    topics = [tag.get("label") or tag.term for tag in seen.tags if "#topics-" in tag.scheme]
    assert topics == list(TOPICS.values())
    assert [tag.get("label") or tag.term for tag in seen.tags if "#sections" in tag.scheme] == ["News"]
    assert len(seen.tags) == 4


@pytest.mark.parametrize("path", ["all/rss.xml", "all/atom.xml", "all/feed.json", "all/index.html"])
def test_source_is_named(site: SiteRig, path: str) -> None:
    text = file(site, path).decode()

    assert "medicalfuturist.com" in text
    assert ARTICLE in text


def test_json_feed_tells_the_same(site: SiteRig) -> None:
    (seen,) = json.loads(file(site, "all/feed.json"))["items"]

    assert (seen["title"], seen["summary"]) == (TITLE, COMPLETE)
    assert datetime.fromisoformat(seen["date_published"]) == PUBLISHED
    assert datetime.fromisoformat(seen["date_modified"]) == UPDATED
    assert seen["external_url"].rstrip("/") == ARTICLE
    assert seen["tags"] == [*TOPICS.values(), "News"]
    assert seen["id"] == "tag:marsh.example,2026:item/open-project-curations:18551"


def test_ids_are_the_same_in_all_formats(site: SiteRig) -> None:
    (seen,) = json.loads(file(site, "all/feed.json"))["items"]

    assert {entry(site, "all/rss.xml").id, entry(site, "all/atom.xml").id} == {seen["id"]}


def test_no_topic_comes_from_related_offerings(site: SiteRig) -> None:
    for path in (site.folder / "feeds").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert [word for word in TOPICS_OF_OFFERINGS if word.encode() in content] == []


def test_related_offerings_are_related_links(site: SiteRig) -> None:
    links = {link.get("title"): link.href for link in entry(site, "all/atom.xml").links if link.rel == "related"}

    assert {label: links.get(label) for label in OFFERINGS} == {
        "nQ Cortex": "https://marsh.example/offering/nq-cortex",
        "AQuity Medical Coding Audits": "https://marsh.example/offering/aquity-medical-coding-audits",
    }


def test_post_says_the_complete_description(site: SiteRig) -> None:
    (shown,) = site.ask("preview", "18551")["channels"]

    assert COMPLETE in shown["text"]
    assert shown["card"]["summary"] == COMPLETE
    assert {"#MedicalCoding", "#Automation", "#ArtificialIntelligence"} >= {
        word for word in shown["text"].split() if word.startswith("#")
    }
