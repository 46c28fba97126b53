"""`feeds list`, `feeds build` and `feeds verify`: the feeds without posting anything."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from site_rig import SiteRig


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first test that needs it builds the long site, for the others to copy."""
    return tmp_path_factory.mktemp("long") / "site"


@pytest.fixture
def long(built: Path, tmp_path: Path) -> SiteRig:
    """A site with feeds of three entries and a history of forty items, built."""
    if not built.exists():
        site = SiteRig(built, more={"feeds": {"size": 3}})
        for number in range(1, 41):
            tongue, topic = "de" if number % 5 else "en", "Water Birds" if number % 2 else "Reeds"
            site.write(number, lang=tongue, categories=[topic])
        assert site.call("feeds", "build").exit_code == 0
    shutil.copytree(built, tmp_path / "site")
    return SiteRig(tmp_path / "site", more={"feeds": {"size": 3}})


def faults(site: SiteRig, *words: str, code: int = 3) -> set[tuple[str, str]]:
    told = site.ask("feeds", "verify", *words, code=code)
    return {(one["code"], one["path"]) for one in told["faults"]}


def archives(site: SiteRig, name: str) -> list[Path]:
    return sorted((site.folder / "feeds" / "all" / "archive").glob(f"*/{name}"))


def test_list_tells_every_feed_with_its_address(site: SiteRig) -> None:
    told = {one["key"]: one for one in site.ask("feeds", "list")["feeds"]}
    shown = site.call("feeds", "list").stdout

    assert told.keys() == {"all", "section:news", "topic:water-birds"}
    assert told["topic:water-birds"]["address"] == "http://127.0.0.1:8080/water-birds/"
    assert told["all"]["formats"]["atom"] == "http://127.0.0.1:8080/all/atom.xml"
    assert (told["all"]["items"], told["all"]["size"]) == (2, 50)
    assert "http://127.0.0.1:8080/section/news/" in shown
    assert "3 feeds" in shown
    assert not (site.folder / "feeds").exists()


def test_build_writes_the_feeds_and_neither_posts_nor_remembers(site: SiteRig) -> None:
    built = site.ask("feeds", "build")
    again = site.call("feeds", "build")
    once = site.ask("once")

    assert built["items"] == 2
    assert {"all/rss.xml", "water-birds/index.html", "index.opml"} <= set(built["written"])
    assert "2 items: 0 files written" in again.stdout
    assert (once["new"], [path for path in once["written"] if path.endswith(".xml")]) == (2, [])


def test_build_puts_right_what_was_changed_from_outside(site: SiteRig) -> None:
    site.call("feeds", "build")
    (site.folder / "feeds" / "all" / "rss.xml").write_text("spoilt")
    (site.folder / "feeds" / "index.opml").unlink()

    assert set(site.ask("feeds", "build")["written"]) == {"all/rss.xml", "index.opml"}


def test_build_mends_card_images_as_well(site: SiteRig) -> None:
    site.configure(cards={"image": {"enabled": True}})
    site.call("feeds", "build")
    cards = {path: path.read_bytes() for path in (site.folder / "feeds" / "media").rglob("*.jpg")}
    for path, content in cards.items():
        path.write_bytes(b"x" * len(content))

    site.call("feeds", "build")

    assert cards
    assert {path: path.read_bytes() for path in cards} == cards


def test_sound_feeds_verify_with_their_whole_history(long: SiteRig) -> None:
    told = long.ask("feeds", "verify")

    assert told["faults"] == []
    assert told["documents"] > 60
    assert len(archives(long, "atom.xml")) > 12
    assert "all as the store is" in long.call("feeds", "verify").stdout


def test_verify_tells_what_is_not_there_and_what_cannot_be_read(long: SiteRig) -> None:
    archives(long, "atom.xml")[4].unlink()
    archives(long, "rss.xml")[4].write_text("<rss>")
    archives(long, "feed.json")[4].write_text('{"items": 3}')
    (long.folder / "feeds" / "index.opml").write_text("<opml>")

    told = faults(long, code=65)

    assert sum(code == "E-FEED-MISSING" for code, _ in told) == 1
    assert sum(code == "E-FEED-UNREADABLE" for code, _ in told) == 3


def test_verify_tells_of_items_that_came_and_went(long: SiteRig) -> None:
    long.write(77)
    (long.folder / "content" / "1.md").unlink()

    told = {(one["code"], one["path"]): one["problem"] for one in long.ask("feeds", "verify", code=3)["faults"]}
    problems = [one["problem"] for one in long.ask("feeds", "verify", code=3)["faults"]]

    assert {code for code, _ in told} <= {"E-FEED-STALE", "E-FEED-MISSING", "E-FEED-CHAIN"}
    assert "lacks tag:marsh.example,2026:item/item:77 (77.md)" in problems
    assert "holds tag:marsh.example,2026:item/item:1, which the store does not have for it" in problems


def test_verify_counts_the_last_good_item_of_a_file_that_is_broken_now(site: SiteRig) -> None:
    site.call("once")
    [path, *_] = sorted((site.folder / "content").glob("*.md"))
    path.write_text(path.read_text(encoding="utf-8").replace("date: ", "date: never "), encoding="utf-8")

    assert site.call("once").exit_code == 65
    assert faults(site, code=0) == set()

    path.unlink()
    assert {code for code, _ in faults(site)} == {"E-FEED-STALE"}


def test_verify_tells_of_entries_twice_and_out_of_order(long: SiteRig) -> None:
    path = long.folder / "feeds" / "all" / "feed.json"
    feed = json.loads(path.read_text())
    feed["items"] = [feed["items"][1], feed["items"][0], feed["items"][1]]
    path.write_text(json.dumps(feed))

    problems = " ".join(one["problem"] for one in long.ask("feeds", "verify", code=3)["faults"])

    assert "more than once" in problems
    assert "not in order, the newest first" in problems


def test_verify_tells_of_documents_that_nothing_leads_to_and_of_chains_that_break(long: SiteRig) -> None:
    stray = long.folder / "feeds" / "reeds" / "archive" / "2020-01-01-ff" / "rss.xml"
    stray.parent.mkdir(parents=True)
    stray.write_text("<rss/>")
    second = archives(long, "atom.xml")[-1]
    older = next(one for one in archives(long, "atom.xml") if one != second and one.parent.name in second.read_text())
    second.write_text(second.read_text().replace(older.parent.name, second.parent.name))
    outline = long.folder / "feeds" / "index.opml"
    outline.write_text(outline.read_text().replace("/reeds/rss.xml", "/weeds/rss.xml"))

    told = faults(long)

    assert ("E-FEED-STALE", "reeds/archive/2020-01-01-ff/rss.xml") in told
    assert ("E-FEED-CHAIN", second.relative_to(long.folder / "feeds").as_posix()) in told
    assert ("E-FEED-STALE", "index.opml") in told


def test_verify_tells_of_feeds_that_were_built_with_another_size(long: SiteRig) -> None:
    long.configure(feeds={"size": 4})

    problems = {one["problem"] for one in long.ask("feeds", "verify", code=3)["faults"]}

    assert "does not show the newest items of the store in their order" in problems


def test_verify_does_not_follow_a_chain_that_leads_away(long: SiteRig) -> None:
    path = long.folder / "feeds" / "all" / "feed.json"
    feed = json.loads(path.read_text())
    feed["next_url"] = "https://elsewhere.example/feed.json"
    path.write_text(json.dumps(feed))

    problems = " ".join(one["problem"] for one in long.ask("feeds", "verify", code=3)["faults"])

    assert "leads away, to https://elsewhere.example/feed.json" in problems


def test_verify_before_anything_was_built_tells_that_all_is_missing(site: SiteRig) -> None:
    told = faults(site)

    assert {code for code, _ in told} == {"E-FEED-MISSING"}
    assert ("E-FEED-MISSING", "index.opml") in told


@contextmanager
def served(folder: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_verify_over_http(long: SiteRig) -> None:
    with served(long.folder / "feeds") as address:
        sound = long.ask("feeds", "verify", "--url", address)
        archives(long, "rss.xml")[2].unlink()
        gone = faults(long, "--url", address)

    assert (sound["faults"], sound["documents"] > 60) == ([], True)
    assert {code for code, _ in gone} == {"E-FEED-MISSING"}
    unreachable = long.call("feeds", "verify", "--url", address)
    assert (unreachable.exit_code, address in unreachable.stderr) == (69, True)
    assert long.call("feeds", "verify", "--url", "ftp://example.org/").exit_code == 2


def test_a_lost_store_takes_no_feed_away(site: SiteRig) -> None:
    site.call("once")
    for path in (site.folder / "content").glob("*.md"):
        path.unlink()

    assert site.call("feeds", "build").exit_code == 78
    assert (site.folder / "feeds" / "all" / "rss.xml").is_file()
    assert site.call("feeds", "verify").exit_code == 78


def test_a_topic_whose_last_item_left_keeps_its_feed_over_restarts(site: SiteRig) -> None:
    path = site.write(9, categories=["Reeds"])
    site.call("once")
    path.unlink()

    site.call("once")
    site.call("once")

    assert "<item>" not in (site.folder / "feeds" / "reeds" / "rss.xml").read_text()
    assert site.ask("feeds", "verify")["faults"] == []
    assert "Reeds" in (site.folder / "feeds" / "index.opml").read_text()
