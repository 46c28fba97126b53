"""What is loaded or made when it is first used."""

from __future__ import annotations

import re
import sys

import pytest

from syndicate.later import Later, compiled, made


def test_module_is_loaded_by_its_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    colors = Later("colorsys")
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)

    assert "colorsys" not in sys.modules
    assert colors.rgb_to_hsv(0, 0, 0) == (0.0, 0.0, 0)
    assert "colorsys" in sys.modules


def test_name_that_is_not_there_is_an_error_as_in_the_module() -> None:
    with pytest.raises(AttributeError, match="nowhere"):
        _ = Later("colorsys").nowhere


def test_value_is_made_by_its_first_use_and_once_for_each_of_its_attributes() -> None:
    calls = []

    def make() -> re.Pattern[str]:
        calls.append("made")
        return re.compile("a+")

    pattern = made(make)

    assert calls == []
    assert [pattern.sub("b", "caat"), pattern.sub("b", "a"), pattern.pattern] == ["cbt", "b", "a+"]
    assert calls == ["made", "made"]


def test_pattern_is_compiled_by_its_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    compiler = re.compile
    monkeypatch.setattr(re, "compile", lambda *form: seen.append(form) or compiler(*form))

    pattern = compiled(rb"A+", re.IGNORECASE)

    assert seen == []
    assert [pattern.sub(b"", b"caat"), pattern.sub(b"", b"A")] == [b"ct", b""]
    assert seen == [(rb"A+", re.IGNORECASE)]
