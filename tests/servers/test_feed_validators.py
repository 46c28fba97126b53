"""Feeds of whole stores, made by the command a user runs, against validators and readers nobody here wrote."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import feedparser
import pytest
import yaml
from lxml import etree

from servers import documents, hostile_store, rigs, validation_service

pytestmark = pytest.mark.servers

PROJECT = rigs.HERE.parents[1]
FEEDS_URL = "https://feeds.example.org/syndicated/"
FORMATS = {"rss": "rss.xml", "atom": "atom.xml", "json": "feed.json"}
ITEM = {"rss": "channel/item", "atom": f"{documents.ATOM}entry"}
TITLE = {"rss": "title", "atom": f"{documents.ATOM}title"}
IDENTITY = {"rss": "guid", "atom": f"{documents.ATOM}id"}


@dataclass(frozen=True, slots=True)
class Built:
    """What one run of `syndicate once` made of a store, and the exit code it ends with."""

    store: str
    folder: Path
    code: int
    links: frozenset[str] = field(default_factory=frozenset)

    @property
    def feeds(self) -> Path:
        return self.folder / "feeds"

    def files(self, name: str) -> list[Path]:
        return sorted(self.feeds.rglob(name))


def write_settings(folder: Path, store: Path) -> Path:
    """The settings of a site without channels, whose feeds go into `folder`."""
    settings = {
        "site": {"title": "Example & friends <news>", "url": "https://www.example.org/"},
        "content": {"folder": str(store)},
        "feeds": {
            "folder": str(folder / "feeds"),
            "url": FEEDS_URL,
            "kinds": ["named", "section", "topic", "vocabulary", "language", "source", "author", "tag"],
            "named": {"recent": {"title": "Recent & <new>", "topics": {"none": ["no such topic"]}, "size": 4}},
            "moved": {"former/all": "all"},
            "icon": "https://www.example.org/icon.png",
            "logo": "https://www.example.org/logo.png?a=1&b=2",
            "rights": "© Example & friends",
        },
        "state": {"folder": str(folder / "state")},
    }
    path = folder / "syndicate.yaml"
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return path


@pytest.fixture(scope="module", params=["shipped", "hostile"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp(request.param)
    store, links, code = PROJECT / "content", frozenset[str](), 0
    if request.param == "hostile":
        store = folder / "store"
        links, code = hostile_store.write_hostile_store(store), 65

    done = rigs.syndicate("once", "--config", str(write_settings(folder, store)), folder=folder)

    print(done.stdout, done.stderr, sep="\n")
    assert "Traceback" not in done.stderr
    assert done.returncode == code, done.stderr
    refused = {
        Path(path).stem: fault
        for path, fault in re.findall(r"^error: (\S+?\.md)[:\d]*: (E-[A-Z-]+)", done.stderr, re.M)
    }
    assert refused == ({name: fault for name, (fault, _) in hostile_store.REFUSED.items() if fault} if code else {})
    return Built(request.param, folder, code, links)


@pytest.fixture(scope="module")
def views(built: Built) -> dict[Path, dict[str, Any]]:
    return rigs.parse_feeds([file for name in FORMATS.values() for file in built.files(name)], built.folder)


def folders(built: Built) -> Iterator[Path]:
    for atom in built.files("atom.xml"):
        yield atom.parent


def test_every_feed_stands_in_every_format(built: Built) -> None:
    found = {name: {file.parent for file in built.files(name)} for name in FORMATS.values()}

    assert found["rss.xml"] == found["atom.xml"] == found["feed.json"]
    assert len(found["atom.xml"]) >= (2 if built.store == "hostile" else 11)
    own = [folder for folder in found["atom.xml"] if "archive" not in folder.parts]
    assert all((folder / "index.html").is_file() for folder in own)
    assert len(own) < len(found["atom.xml"])


def test_every_feed_and_its_history_tell_what_the_store_holds(built: Built) -> None:
    done = rigs.syndicate("feeds", "verify", "--config", str(built.folder / "syndicate.yaml"), folder=built.folder)

    assert (done.returncode, done.stderr) == (0, ""), done.stderr


def test_every_atom_feed_obeys_rfc_4287(built: Built) -> None:
    assert rigs.jing(rigs.HERE / "atom.rnc", built.files("atom.xml")) == []
    assert {file: faults for file in built.files("atom.xml") if (faults := documents.atom_faults(file))} == {}


def test_every_rss_feed_obeys_version_2_0(built: Built) -> None:
    assert {file: faults for file in built.files("rss.xml") if (faults := documents.rss_faults(file))} == {}


def test_every_json_feed_obeys_version_1_1(built: Built) -> None:
    assert {file: faults for file in built.files("feed.json") if (faults := documents.json_feed_faults(file))} == {}


def test_the_feed_validation_service_would_neither_refuse_nor_warn(built: Built) -> None:
    checks = {"rss.xml": validation_service.rss_faults, "atom.xml": validation_service.atom_faults}
    faults = {
        file: found
        for name, check in checks.items()
        for file in built.files(name)
        if (found := check(file, address_of(built, file)))
    }

    assert faults == {}
    assert validation_service.opml_faults(built.feeds / "index.opml") == []


def address_of(built: Built, file: Path) -> str:
    """Where a file is served from; at a former address a server redirects, so that validators see the present one."""
    path = file.relative_to(built.feeds).as_posix().removeprefix("former/")
    return FEEDS_URL + quote(path, safe="/+:@!$&'()*,;=~")


def test_feedparser_has_no_complaint(built: Built) -> None:
    for file in built.files("rss.xml") + built.files("atom.xml"):
        feed = feedparser.parse(file.read_bytes())

        assert not feed.bozo, (file, feed.get("bozo_exception"))
        assert feed.version in {"rss20", "atom10"}, file
        assert all(entry.id and entry.title and entry.link and entry.published_parsed for entry in feed.entries), file


def test_no_text_holds_forbidden_characters(built: Built) -> None:
    files = [file for name in (*FORMATS.values(), "index.html") for file in built.files(name)]

    assert {file: faults for file in files if (faults := documents.text_faults(file))} == {}


def test_parsers_see_the_same_entries_in_every_format(built: Built, views: dict[Path, dict[str, Any]]) -> None:
    for folder in folders(built):
        seen = {
            (name, parser): [(item["id"], item["url"], item["published"]) for item in view.get("items", [view])]
            for name in FORMATS.values()
            for parser, view in views[folder / name].items()
        }

        assert len(seen) == 7, folder
        assert all(entries == seen["feed.json", "feedsmith"] for entries in seen.values()), (folder, seen)
        assert len(seen["feed.json", "feedsmith"]) > 0, folder


def test_titles_are_the_same_text_in_every_format(built: Built) -> None:
    for folder in folders(built):
        expected = {item["id"]: item["title"] for item in json.loads((folder / "feed.json").read_bytes())["items"]}

        for syntax in ("rss", "atom"):
            items = etree.parse(folder / FORMATS[syntax]).getroot().findall(ITEM[syntax])
            assert {item.findtext(IDENTITY[syntax]): text_of(item.find(TITLE[syntax])) for item in items} == expected


def text_of(element: Any) -> str:
    """The plain text of an Atom text construct or an element of RSS."""
    return unescape(element.text) if element.get("type") == "html" else str(element.text)


def test_content_is_safe_and_absolute(built: Built) -> None:
    faults = {
        item["id"]: found
        for file in built.files("feed.json")
        for item in json.loads(file.read_bytes())["items"]
        if (found := documents.html_faults(item["content_html"]))
    }

    assert faults == {}


def test_content_is_the_same_in_every_format(views: dict[Path, dict[str, Any]], built: Built) -> None:
    for folder in folders(built):
        contents = [
            [item["html"].strip() for item in views[folder / name]["feedsmith"]["items"]] for name in FORMATS.values()
        ]

        assert contents[0] == contents[1] == contents[2], folder


@pytest.mark.parametrize("built", ["hostile"], indirect=True)
def test_no_item_of_the_hostile_store_is_lost(built: Built) -> None:
    items = json.loads((built.feeds / "all" / "feed.json").read_bytes())["items"]
    titles = {item["url"].rpartition("/")[2]: item["title"] for item in items}

    assert {item["url"] for item in items} == built.links
    assert titles["escaped-twice"].startswith("AT&T and R&")
    assert titles["emoji"] == "👩🏽‍🔬 with 👨‍👩‍👧‍👦 and 🏳️‍🌈"
    assert titles["combining"] == unicodedata.normalize("NFC", str(hostile_store.CASES["combining"][0]["title"]))
    assert "]]>" in titles["cdata-end"]
    assert "alert" not in titles["scripts"] or "<" not in titles["scripts"]
    assert titles["one-character"] == "0"
    assert titles["line-ends"].split() == ["First", "second", "third", "fourth", "fifth"]


def test_the_outline_names_every_topic_feed_and_only_feeds_that_exist(built: Built) -> None:
    outlines = documents.opml_addresses(built.feeds / "index.opml")
    named = {file_at(built, outline["xmlUrl"]).parent for outline in outlines}

    assert all(outline["text"] for outline in outlines)
    assert all(file_at(built, outline["xmlUrl"]).is_file() for outline in outlines)
    assert named <= set(folders(built))
    shown = {folder for folder in folders(built) if "archive" not in folder.parts and "former" not in folder.parts}
    assert shown == named


def file_at(built: Built, url: str) -> Path:
    """The file that stands at a URL of the site."""
    assert url.startswith(FEEDS_URL), url
    path = built.feeds / unquote(urlsplit(url.removeprefix(FEEDS_URL)).path)
    return path / "index.html" if path.is_dir() else path


def test_a_second_run_changes_no_byte(built: Built) -> None:
    def state() -> dict[Path, tuple[int, bytes]]:
        """What readers can get: notes of the publisher's own are hidden, and are never served."""
        shown = (file for file in built.files("*") if file.is_file() and not file.name.startswith("."))
        return {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in shown}

    before = state()

    done = rigs.syndicate("once", "--config", str(built.folder / "syndicate.yaml"), folder=built.folder)

    assert done.returncode == built.code, done.stderr
    assert state() == before
