"""`explain`: sources, hidings, faults, identity, and what channels make of a file."""

from __future__ import annotations

import pytest

from site_rig import SiteRig

PAGE_ONLY = b"---\ntitle: T\ndate: 2024-01-01\ncategories: [Telehealth]\n---\nBody.\n"


def test_each_field_tells_its_source_and_what_was_passed_over(site: SiteRig) -> None:
    path = site.write(5, description="", summary="Told here.")

    told = site.ask("explain", str(path))
    words = site.call("explain", "slug-5").stdout

    summary = told["fields"]["summary"]
    assert (summary["value"], summary["source"]) == ("Told here.", "summary")
    assert summary["line"] > 1
    assert [(one["source"], one["verdict"]) for one in summary["tried"]] == [
        ("description", "blank"),
        ("summary", "used"),
    ]
    assert f"summary: Told here.  <- summary:{summary['line']}:{summary['column']}" in words
    assert "not description" in words


@pytest.mark.parametrize("name", ["5.md", "item:5", "5", "slug-5", "https://herons.example/5"])
def test_a_file_is_found_by_any_of_its_names(site: SiteRig, name: str) -> None:
    site.write(5)

    assert site.ask("explain", name)["path"] == "5.md"


def test_an_item_is_told_as_it_reads_and_not_as_it_is_kept(site: SiteRig) -> None:
    site.write(5)

    told = site.ask("explain", "5.md")["item"]

    assert told["title"] == "Title 5"
    assert not {"packed", "is_as_packed", "known_revision", "known_sizes"} & told.keys()


def test_identities_tell_why(site: SiteRig) -> None:
    site.write(5)
    site.write(6, id=None)
    site.put("page.md", PAGE_ONLY)

    why = {name: site.ask("explain", name)["identity"]["why"].split(",")[0] for name in ("5.md", "6.md", "page.md")}

    assert why == {"5.md": "its own id and source", "6.md": "its link", "page.md": "its path"}


def test_hidden_broken_and_plain_files_tell_why_they_are_no_items(site: SiteRig) -> None:
    site.write(5, draft=True)
    site.put("bad.md", b"---\ntitle: [\n---\n")
    site.put("plain.md", b"Just words.\n")

    hidden, broken, plain = (site.ask("explain", name) for name in ("5.md", "bad.md", "plain.md"))

    assert (hidden["hidden_by"], hidden["item"]) == ("draft", None)
    assert hidden["fields"]["title"]["value"] == "Title 5"
    assert broken["faults"][0]["line"] >= 2
    assert plain["hidden_by"] == "no front matter"
    assert "no item: it has errors" in site.call("explain", "bad.md").stdout
    assert "no item: draft" in site.call("explain", "5.md").stdout


def test_topics_tell_what_the_file_calls_them(site: SiteRig) -> None:
    site.write(5, categories=["water birds"])

    (topic,) = site.ask("explain", "5.md")["topics"]

    assert (topic["slug"], topic["label"], topic["written"]) == ("water-birds", "Water Birds", "water birds")
    assert "written water birds here" in site.call("explain", "5.md").stdout


def test_image_places_that_were_looked_at_are_told(site: SiteRig) -> None:
    site.write(5, image="gone.png")

    told = site.ask("explain", "5.md")

    assert "gone.png" in told["image_places"]
    assert [fault["code"] for fault in told["faults"]] == ["W-IMAGE-MISSING"]
    assert "image: none; looked at" in site.call("explain", "5.md").stdout


def test_channels_tell_filters_and_deliveries_with_history(posting: SiteRig) -> None:
    posting.channels |= {"only": {"network": "preview", "folder": "only", "topics": ["Nothing"]}}
    posting.configure()
    assert posting.call("once").exit_code == 0

    channels = {one["channel"]: one for one in posting.ask("explain", "3.md")["channels"]}
    words = posting.call("explain", "3.md").stdout

    assert channels["only"]["filtered"].startswith("filtered: ")
    states = {one["state"] for name, channel in channels.items() if name != "only" for one in channel["deliveries"]}
    assert states == {"sent"}
    assert all(one["history"] for name in channels if name != "only" for one in channels[name]["deliveries"])
    assert "its filters let it pass" in words
    assert "sent: " in words


@pytest.mark.parametrize("name", ["3.md", "3", "item:3", "https://herons.example/3"])
def test_an_item_that_left_the_store_is_found_in_the_state(posting: SiteRig, name: str) -> None:
    assert posting.call("once").exit_code == 0
    (posting.folder / "content" / "3.md").unlink()
    assert posting.call("once").exit_code == 0

    told = posting.ask("explain", name)
    words = posting.call("explain", name).stdout

    assert told["hidden_by"] == "item:3 left the store; this is what the state knows of it"
    assert {one["channel"]: [made["state"] for made in one["deliveries"]] for one in told["channels"]}
    assert "its filters" not in words
    assert "post sent: accepted" in words


def test_an_item_that_is_hidden_since_keeps_its_history(posting: SiteRig) -> None:
    assert posting.call("once").exit_code == 0
    posting.write(3, draft=True)
    assert posting.call("once").exit_code == 0

    words = posting.call("explain", "3.md").stdout

    assert "no item: draft" in words
    assert "post sent: accepted" in words


@pytest.mark.parametrize(
    ("name", "told"), [("nowhere", "no file has this path, id, slug or link"), ("Title", "no file has this path")]
)
def test_a_name_that_fits_nothing_is_told(site: SiteRig, name: str, told: str) -> None:
    result = site.call("explain", name)

    assert result.exit_code == 2
    assert told in result.stderr


def test_files_that_are_not_looked_at_are_told_apart(site: SiteRig) -> None:
    outside = site.config.parent / "outside.md"
    outside.write_bytes(PAGE_ONLY)
    readme = site.put("README.md", PAGE_ONLY)

    assert "lies outside of the store" in site.call("explain", str(outside)).stderr
    assert "is not looked at" in site.call("explain", str(readme)).stderr
