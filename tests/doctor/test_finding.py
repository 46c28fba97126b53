"""Findings in the order in which they are told."""

from __future__ import annotations

from syndicate.doctor.finding import Finding, Level, in_order, levels_of


def finding(level: Level, about: str, code: str = "D-PYTHON") -> Finding:
    return Finding(level, code, about, "words")


def test_worst_come_first_and_channels_follow_the_house() -> None:
    given = [
        finding(Level.OK, "machine"),
        finding(Level.NOTE, "b_channel"),
        finding(Level.NOTE, "site"),
        finding(Level.PROBLEM, "a_channel"),
        finding(Level.NOTE, "a_channel"),
        finding(Level.WARNING, "machine"),
        finding(Level.NOTE, "state"),
    ]

    told = [(one.level.value, one.about) for one in in_order(given)]

    assert told == [
        ("problem", "a_channel"),
        ("warning", "machine"),
        ("note", "state"),
        ("note", "site"),
        ("note", "a_channel"),
        ("note", "b_channel"),
        ("ok", "machine"),
    ]


def test_order_of_arrival_does_not_matter() -> None:
    given = [finding(Level.OK, "site", code) for code in ("D-HUB", "D-FEED", "D-SITE")]

    assert in_order(given) == in_order(reversed(given))


def test_levels_are_counted() -> None:
    counted = levels_of([finding(Level.OK, "site"), finding(Level.OK, "state"), finding(Level.NOTE, "site")])

    assert counted == {Level.OK: 2, Level.NOTE: 1}
