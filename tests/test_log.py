"""Events on stderr: their forms, their weights, and secrets that never show."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from syndicate import log
from syndicate.log import MASK, Masker

CANARY = "canary-5ec7e7"


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_events_are_one_json_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up(form="json")

    log.log.info("delivered", item="herons:1", attempt=2)
    log.log.warning("image_left_out", reason="zu groß")

    first, second = told(capsys)
    assert (first["event"], first["level"], first["item"], first["attempt"]) == ("delivered", "info", "herons:1", 2)
    assert first["timestamp"].endswith("Z")
    assert second["reason"] == "zu groß"


def test_what_events_are_told_with_is_loaded_with_the_first() -> None:
    code = (
        "import sys; from syndicate import log; log.set_up(form='json');"
        "print('structlog' in sys.modules);"
        "log.log.info('delivered', item='herons:1'); log.log.info('delivered', item='herons:2');"
        "print('rich' in sys.modules); import rich.table; print('rich' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.split() == ["False", "False", "True"]
    assert [json.loads(line)["item"] for line in done.stderr.splitlines()] == ["herons:1", "herons:2"]


def test_events_that_are_not_told_load_nothing() -> None:
    code = (
        "import sys; from syndicate import log; log.set_up(level='error', form='json');"
        "log.log.info('delivered'); log.log.warning('rested'); log.log.tell(30, 'library_told');"
        "print('structlog' in sys.modules); log.log.error('died')"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout == "False\n"
    assert [json.loads(line)["event"] for line in done.stderr.splitlines()] == ["died"]


def test_form_is_json_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up(form="auto")

    log.log.info("delivered")

    assert told(capsys)[0]["event"] == "delivered"


def test_text_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up(form="text")

    log.log.info("delivered", item="herons:1")

    line = capsys.readouterr().err
    assert "delivered" in line
    assert "item=herons:1" in line


def test_light_events_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up(level="warning", form="json")

    log.log.info("delivered")
    log.log.warning("delivery_postponed")

    assert [one["event"] for one in told(capsys)] == ["delivery_postponed"]


def test_trace_of_an_error_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up(form="json")

    try:
        raise ValueError("no luck")
    except ValueError:
        log.log.exception("pass_failed")

    (event,) = told(capsys)
    assert (event["event"], event["level"]) == ("pass_failed", "error")
    assert "ValueError: no luck" in event["exception"]


@pytest.mark.parametrize("form", ["json", "text"])
def test_secrets_are_masked_wherever_they_stand(capsys: pytest.CaptureFixture[str], form: log.Format) -> None:
    log.set_up(form=form, secrets=[CANARY])
    logger = log.log

    logger.info("told", plain=f"token {CANARY}!", deep={"list": [CANARY, (CANARY, 1)], "none": None})
    logger.info("told", path=Path(CANARY), error=OSError(CANARY), names={CANARY})
    logger.info(f"an event of {CANARY}")
    try:
        raise ValueError(CANARY)
    except ValueError:
        logger.exception("failed")
    logging.getLogger("library").warning("token is %s", CANARY)

    text = capsys.readouterr().err
    assert CANARY not in text
    assert text.count(MASK) >= 8


def test_values_that_hold_no_secret_keep_their_kind(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up(form="json", secrets=[CANARY])

    log.log.info("told", number=3, share=0.5, flag=True, nothing=None, many=["a"], deep={"b": 1})

    (event,) = told(capsys)
    assert [event[name] for name in ("number", "share", "flag", "nothing", "many", "deep")] == [
        3,
        0.5,
        True,
        None,
        ["a"],
        {"b": 1},
    ]


def test_secret_that_holds_another_is_masked_whole() -> None:
    assert Masker(["abcd", "abcdef"]).masked("x abcdef y abcd") == f"x {MASK} y {MASK}"


def test_very_short_secrets_do_not_tear_words_apart() -> None:
    assert Masker(["a", "", "abc"]).masked("abc cab") == "abc cab"


def test_libraries_speak_in_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up(form="json")

    logging.getLogger("syndicate.channels.secrets").warning("%s can be read by others", "/token")
    logging.getLogger("quiet").info("not told")
    try:
        raise ValueError("no luck")
    except ValueError:
        logging.getLogger("asyncio").exception("task failed")

    first, second = told(capsys)
    assert (first["event"], first["level"]) == ("library_told", "warning")
    assert (first["library"], first["text"]) == ("syndicate.channels.secrets", "/token can be read by others")
    assert (second["level"], second["text"]) == ("error", "task failed")
    assert "ValueError: no luck" in second["exception"]


def test_library_that_repeats_itself_is_told_once_a_minute_with_the_count(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("syndicate.log.time.monotonic", lambda: now)
    log.set_up(form="json")
    library = logging.getLogger("asyncio")

    for number in range(1000):
        library.error("Too many open files: %s\nsocket %s", "accept", number)
    library.warning("Too many open files: %s\nsocket %s", "accept", 1)
    library.error("another")
    now = 61.0
    library.error("Too many open files: %s\nsocket %s", "accept", 1001)

    events = told(capsys)
    assert [(one["level"], one["text"].split()[-1], one.get("left_out")) for one in events] == [
        ("error", "0", None),
        ("warning", "1", None),
        ("error", "another", None),
        ("error", "1001", 999),
    ]


def test_library_with_ever_new_words_does_not_fill_the_memory(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up(form="json")
    (relay,) = logging.getLogger().handlers

    for number in range(3 * log.MOST_KINDS):
        logging.getLogger("library").warning(f"word {number}")

    assert len(told(capsys)) == 3 * log.MOST_KINDS
    assert len(relay._kinds) <= log.MOST_KINDS  # type: ignore[attr-defined]  # nothing else tells
