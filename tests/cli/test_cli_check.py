"""`check`: what it counts, which faults it tells, and when it is content."""

from __future__ import annotations

from datetime import timedelta

import pytest

from site_rig import SiteRig


@pytest.fixture
def mixed(site: SiteRig) -> SiteRig:
    """Two sound items, and one of each trouble."""
    site.write(3, age=timedelta(hours=1), image="https://pics.example/a.png", lang="de")
    site.write(4, image="gone.png", categories=["water birds"])
    site.put("posts/plain.md", b"Just words.\n")
    site.put("posts/bad.md", b"---\ntitle: T\ndate: 2023-02-30\nlink: https://a.example/\n---\n")
    site.put("later.md", b"---\ntitle: T\ndate: 2031-01-01\nlink: https://b.example/\n---\n")
    return site


def test_check_counts_by_rule(mixed: SiteRig) -> None:
    report = mixed.ask("check", code=65)

    assert report["images"] == {"found": 0, "missing": 1, "remote": 1, "none": 3}
    assert report["languages"] == {"en": 4, "de": 1}
    assert (report["items"], report["scheduled"], report["topics"]) == (4, 1, {"water-birds": 4})
    assert report["skipped"] == {"no front matter": 1}
    assert report["without_front_matter"] == ["posts/plain.md"]
    assert report["topics_merged"] == {"water-birds": ["Water Birds", "water birds"]}


def test_check_counts_as_a_pass_does(mixed: SiteRig) -> None:
    words = mixed.call("check").stdout
    checked, done = mixed.ask("check", code=65), mixed.ask("once", code=65)

    assert ": 4 items in 1 topic, 1 scheduled\n" in words
    assert [(one["items"], one["scheduled"]) for one in (checked, done)] == [(4, 1)] * 2


def test_faults_are_chosen_by_code_path_and_number(mixed: SiteRig) -> None:
    by_code = mixed.call("check", "--code", "e-date")
    by_path = mixed.call("check", "--path", "posts/*")
    few = mixed.call("check", "--most", "1")

    assert by_code.stderr == by_path.stderr
    (line,) = by_code.stderr.splitlines()
    assert "posts/bad.md:3:" in line
    assert few.stderr.splitlines()[1] == "... and 1 more; `--most` tells more"
    assert {by_code.exit_code, by_path.exit_code, few.exit_code} == {65}


def test_warnings_count_only_if_strict(site: SiteRig) -> None:
    site.write(4, image="gone.png")

    assert site.call("check").exit_code == 0
    assert site.call("check", "--strict").exit_code == 65


def test_verbose_names_files_and_spellings(mixed: SiteRig) -> None:
    told = mixed.call("check", "--verbose").stdout

    assert "no front matter: posts/plain.md" in told
    assert "one topic, water-birds: Water Birds, water birds" in told
    assert "1 file without front matter: `--verbose` names them" in mixed.call("check").stdout


def test_policy_that_a_network_cannot_follow_is_told(site: SiteRig) -> None:
    hook = {"network": "slack", "url": "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"}
    site.channels |= {
        "hook": {**hook, "on_edit": "edit", "on_withdrawal": "reply"},
        "shown": {"network": "preview", "on_edit": "edit", "on_withdrawal": "delete"},
    }
    site.configure()

    told = site.call("check", "--code", "W-ABILITY").stderr.splitlines()

    assert len(told) == 2
    assert all("channels.hook.on_" in line for line in told)
