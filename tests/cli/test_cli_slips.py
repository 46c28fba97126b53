"""Slips of a newcomer: a misspelt filter or channel, a path as the shell completes it, a flood that nobody expected."""

from __future__ import annotations

import pytest

from site_rig import SiteRig


def test_check_warns_of_filters_that_fit_no_item(site: SiteRig) -> None:
    site.configure(
        channels={
            "preview": {
                "network": "preview",
                "topics": ["Telemedicin"],
                "not_topics": ["Spam"],
                "sections": ["Nws"],
                "templates": {"Nursin": "{{ title }}"},
            }
        }
    )

    told = site.call("check")
    keys = [fault.partition(": ")[2] for fault in told.stderr.splitlines() if "no item has" in fault]

    assert told.exit_code == 0
    assert [key.split(": ")[1] for key in keys] == [
        "channels.preview.topics",
        "channels.preview.not_topics",
        "channels.preview.templates",
        "channels.preview.sections",
    ]


@pytest.mark.parametrize("words", [("list",), ("resolve", "--all", "drop")])
def test_held_refuses_a_channel_that_is_not_there(site: SiteRig, words: tuple[str, ...]) -> None:
    site.call("once")

    told = site.call("held", words[0], "--channel", "prevew", *words[1:])

    assert told.exit_code == 2
    assert "--channel prevew: no such channel is switched on; there are: shown" in told.stderr


def test_once_says_that_new_deliveries_are_held(posting: SiteRig) -> None:
    posting.configure(delivery={"most_new": 1})
    posting.write(4)

    told = posting.call("once")

    assert told.exit_code == 3
    assert "held: `syndicate held list` tells why" in told.stderr


def test_preview_takes_a_path_as_the_shell_completes_it(site: SiteRig) -> None:
    file = site.write(7)

    by_path = site.ask("preview", str(file))

    assert by_path["item"] == site.ask("preview", file.name)["item"]


@pytest.mark.parametrize("words", [("explain",), ("preview",), ("backup",)])
def test_name_that_is_too_long_is_told(site: SiteRig, words: tuple[str, ...]) -> None:
    site.call("once")

    told = site.call(*words, "a" * 300)

    assert told.exit_code == 2
    assert told.stderr.rstrip().endswith("...: is too long for the name of a file")


def test_restore_of_nothing_is_told(site: SiteRig) -> None:
    """As of a variable of the shell that is not set."""
    site.call("once")

    told = site.call("restore", "")

    assert told.exit_code == 78
    assert "cannot be read" in told.stderr


def test_held_takes_an_id_that_is_no_text_for_none(site: SiteRig) -> None:
    site.call("once")

    told = site.call("held", "show", "\udc80")

    assert told.exit_code == 2
    assert "is no delivery" in told.stderr
