"""What can be said and taken of settings with faults, and of words that YAML 1.1 takes for others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from pathlib import Path

import pytest

from syndicate.errors import ConfigError
from syndicate.plot import plot_of
from syndicate.settings.tree import Settings, checked_settings

pytestmark = pytest.mark.usefixtures("_no_variables")


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "syndicate.yaml"


def settings(path: Path, text: str) -> Settings:
    path.write_text(text, encoding="utf-8")
    found, faults = checked_settings(path)
    assert found is not None
    assert faults == ()
    return found


def test_faults_are_told_beside_those_of_variables_and_of_missing_keys(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_text("channels: {news: {gap: 1s}, wide: {network: preview, gap: x}}\nfeeds: {size: 0}\n")
    monkeypatch.setenv("SYNDICATE_SERVER__PORT", "many")
    monkeypatch.setenv("SYNDICATE_SERVER__HOST", "::1")

    settings, faults = checked_settings(path)

    assert settings is not None
    assert (settings.server.host, list(settings.channels)) == ("::1", ["wide"])
    assert [(fault.key, fault.path) for fault in faults] == [
        ("feeds.size", str(path)),
        ("channels.news.network", str(path)),
        ("channels.wide.gap", str(path)),
        ("server.port", "SYNDICATE_SERVER__PORT"),
    ]


def test_what_is_left_without_a_value_its_section_needs_is_looked_at_too(path: Path) -> None:
    path.write_text("channels: {a: {network: x, digest: {at: noon}}, b: {network: y}}\nserver: {port: x}\n")

    settings, faults = checked_settings(path)

    assert settings is not None
    assert {name: (one.network, one.digest) for name, one in settings.channels.items()} == {
        "a": ("x", None),
        "b": ("y", None),
    }
    assert [fault.key for fault in faults] == ["channels.a.digest.at.0", "server.port"]


def test_fault_of_a_networks_key_leads_to_the_networks(path: Path) -> None:
    path.write_text("channels: {a: {network: facebook, page: x, sign_in: true}}", encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        plot_of(path)

    told = {fault.key: f"{fault.problem}; {fault.remedy}" for fault in caught.value.faults}
    assert told["channels.a.page"] == "has another form than expected; see docs/reference/networks.md"


@pytest.mark.parametrize("value", ["!!bool secret-1234", '!!int ""', '!!float ""', "!!timestamp secret-1234"])
def test_tag_that_does_not_fit_its_value_is_told_without_it(path: Path, value: str) -> None:
    path.write_text(f"channels: {{a: {{network: mastodon, token: {value}}}}}", encoding="utf-8")

    with pytest.raises(ConfigError, match="is no YAML: ") as caught:
        checked_settings(path)

    assert "secret-1234" not in str(caught.value)


@pytest.mark.parametrize("at", ["12:30", "[12:30]", "'12:30'", "['12:30']"])
def test_time_of_day_needs_no_quotes(path: Path, at: str) -> None:
    digest = settings(path, f"channels: {{a: {{network: x, digest: {{at: {at}}}}}}}").channels["a"].digest

    assert digest is not None
    assert digest.at == [time(12, 30)]


def test_off_needs_no_quotes(path: Path) -> None:
    assert settings(path, "pages: {share: off}").pages.share == "off"


def test_half_of_a_character_is_told_as_what_it_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    halves = 'site: {title: "a\\ud800"}\nhashtags: {"\\udc00": x}\nfeeds: {kinds: ["\\ud83d"]}\nlog: {level: 1}\n'
    halves += 'schedule: {every: "5\\ud800m", "n\\ud800": "\\ud800"}\n'
    path.write_text(halves, encoding="utf-8")
    monkeypatch.setenv("SYNDICATE_SITE__AUTHOR", "\udcff")

    _, faults = checked_settings(path)

    told = {str(fault.key): fault.problem for fault in faults}
    assert len(told) == len(faults), "each is told once, and not as what it makes of its place as well"
    assert told.pop("log.level") == "is none of the choices"
    assert told.pop("site.author") == "is not UTF-8"
    assert told.keys() >= {"site.title", "hashtags.?", "feeds.kinds.0"}
    assert set(told.values()) == {"holds half of a character"}


def test_control_characters_are_told_wherever_they_stand(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text(
        'feeds: {named: {a: {title: "\\0"}, b: {title: "x\\ty\\nz\\x7f"}}}\n'
        'channels: {a: {network: preview, "b\\x01": 1, texts: [x, "\\uffff"]}}\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("SYNDICATE_SITE__TITLE", "Bell\x07")

    settings, faults = checked_settings(path)

    assert settings is not None
    assert settings.feeds.named["b"].title == "x\ty\nz\x7f"
    assert {(fault.path, fault.key) for fault in faults} == {
        (str(path), "feeds.named.a.title"),
        (str(path), "channels.a.b?"),
        (str(path), "channels.a.texts.1"),
        ("SYNDICATE_SITE__TITLE", "site.title"),
    }
    assert {f"{fault.problem}; {fault.remedy}" for fault in faults} == {"holds a control character; write it without"}


def test_halves_of_a_character_are_joined(path: Path) -> None:
    path.write_text('{"site": {"title": "a\\ud83d\\ude00"}}', encoding="utf-8")

    settings, faults = checked_settings(path)

    assert faults == ()
    assert settings is not None
    assert settings.site.title == "a\N{GRINNING FACE}"
