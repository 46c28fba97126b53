"""The settings: what they take, where from, and how every fault is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from syndicate.errors import ConfigError, Fault
from syndicate.outbox.plan import FirstSight
from syndicate.settings.roots import root_of, state_folder_of
from syndicate.settings.sources import strange_variables, variable_of
from syndicate.settings.tree import Settings, checked_settings

CANARY = "canary-5ec7e7"


def settings_of(path: Path) -> Settings:
    """The settings, where they have no fault."""
    settings, faults = checked_settings(path)
    if faults or settings is None:
        raise ConfigError(faults)
    return settings


pytestmark = pytest.mark.usefixtures("_no_variables")


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "config"
    folder.mkdir()
    yield folder / "syndicate.yaml"


def settings(path: Path, text: str) -> Settings:
    path.write_text(text, encoding="utf-8")
    return settings_of(path)


def faults_in(path: Path, text: str) -> tuple[Fault, ...]:
    with pytest.raises(ConfigError) as caught:
        settings(path, text)
    assert caught.value.exit_code == 78
    return caught.value.faults


def told(path: Path, text: str) -> list[str]:
    return [f"{fault.key}: {fault.problem}; {fault.remedy}" for fault in faults_in(path, text)]


def test_empty_file_gives_the_defaults(path: Path) -> None:
    given = settings(path, "")

    assert given.site.title == "syndicate"
    assert given.channels == {}
    assert given.delivery.most_age == timedelta(days=30)


def test_empty_sections_are_as_good_as_none(path: Path) -> None:
    given = settings(path, "site:\nchannels:\n  # all of them are commented out\n")

    assert given.channels == {}


def test_file_with_a_byte_order_mark_is_read(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbfsite: {title: Marsh Notes}\n")

    assert settings_of(path).site.title == "Marsh Notes"


def test_all_faults_are_told_at_once_with_place_key_problem_and_remedy(path: Path) -> None:
    text = """
site: {title: 3, url: ftp://example.org/, timezone: Europe/Nowhere, tag_authority: my site}
content: {folder: [1]}
feeds: [1, 2]
server: {port: 70000, prot: 80}
delivery: {retries: many}
log: {level: loud}
stray: 1
_env_file: other.env
"""

    faults = faults_in(path, text)

    assert sorted(str(fault).removeprefix(f"{path}: ").split(": ", 1)[0] for fault in faults) == [
        "_env_file",
        "content.folder",
        "delivery.retries",
        "feeds",
        "log.level",
        "server.port",
        "server.prot",
        "site.tag_authority",
        "site.timezone",
        "site.title",
        "site.url",
        "stray",
    ]
    assert all(fault.path == str(path) and fault.problem and fault.remedy for fault in faults)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("site: {titel: x}", "site.titel: is not a setting; write `title`, or remove it"),
        ("site: {title: 3}", "site.title: is no text; put it in quotes"),
        ("site: 3", "site: is no mapping; write its keys below it, one a line"),
        ("channels: [a]", "channels: is no mapping; write its keys below it, one a line"),
        ("channels: {news: }", "channels.news: is no mapping; write its keys below it, one a line"),
        (
            "channels: {news: {gap: 1m}}",
            "channels.news.network: is missing; set it, or the variable SYNDICATE_CHANNELS__NEWS__NETWORK",
        ),
        (
            "channels: {News-1: {network: preview}}",
            "channels.News-1: is no channel name; use lower-case letters, digits and _, beginning with a letter",
        ),
        ("channels: {a: {network: x, topics: b}}", "channels.a.topics: is no list; write [one, another]"),
        (
            "channels: {a: {network: x, first_sight: often}}",
            "channels.a.first_sight: is none of the choices; write 'baseline' or 'post'",
        ),
        ("server: {port: 1.5}", "server.port: is no whole number; write digits only"),
        ("server: {port: x}", "server.port: is no whole number; write digits only"),
        ("server: {port: 65536}", "server.port: is too large; write 65535 or less"),
        ("server: {port: -1}", "server.port: is too small; write 0 or more"),
        ("server: {enabled: maybe}", "server.enabled: is neither true nor false; write true or false"),
        (
            'feeds: {moved: {"a\\x7fb": all}}',
            "feeds.moved.a\x7fb: is no folder of a feed; write it as below `feeds.url`, as in section/news",
        ),
        ("feeds: {formats: []}", "feeds.formats: is empty; name at least one"),
        ("feeds: {formats: [rdf]}", "feeds.formats.0: is none of the choices; write 'rss', 'atom', 'json' or 'html'"),
        (
            "cards: {title: [summary]}",
            "cards.title.0: is none of the choices; write 'open_graph', 'twitter' or 'title'",
        ),
        (
            "schedule: {every: soon}",
            "schedule.every: is no duration; write a number with a unit: 90s, 5m, 2h, 7d or 1w",
        ),
        (
            "site: {timezone: ../../etc/passwd}",
            "site.timezone: is no time zone; write a name of the IANA list such as UTC or Europe/Berlin",
        ),
        (
            "site: {url: example.org}",
            "site.url: is no site address; write http:// or https://, a host and at most a path",
        ),
        (
            "feeds: {url: 'https://example.org/?page=1'}",
            "feeds.url: is no site address; write http:// or https://, a host and at most a path",
        ),
        (
            "site: {tag_authority: example.org}",
            "site.tag_authority: is no tag authority; "
            "write a host of yours and a year in which it was: example.org,2026",
        ),
        (
            "cards: {link: share}\npages: {share: 'off'}",
            "cards.link: is share, though there are no share pages; "
            "switch `pages.share` on and have html in `feeds.formats`, or write source or own",
        ),
        ("pages: {twitter_site: carewire}", "pages.twitter_site: is no account; write it with its @, as in @carewire"),
        (
            "pages: {words: {lastest: Fresh}}",
            "pages.words.lastest: is no word of the pages; docs/reference/templates.md lists them",
        ),
        ("pages: {style: {1: x}}", "pages.style: is no path; write it as text"),
        ("pages: {1: x}", "pages.1: is a key that is no text; put it in quotes"),
        (
            f"channels: {{a: {{network: preview, per_hour: {10**30}}}}}",
            "channels.a.per_hour: is too large; write 1000000000 or less",
        ),
        (
            "cards: {image: {color: red}}",
            "cards.image.color: has another form than expected; see docs/reference/settings.md",
        ),
        (
            "channels: {a: {network: x, budget_per_day: 0.0000000000001}}",
            "channels.a.budget_per_day: has too many digits; write at most 12",
        ),
        ("feeds: {size: .inf}", "feeds.size: is no number; write digits only"),
        *(
            (
                f"channels: {{a: {{network: x, digest: {{at: {at}}}}}}}",
                "channels.a.digest.at.0: is no time of day; write it as 07:00",
            )
            for at in ("24:00", "7:00", "noon", "[750]", "[1.5]", "12:30.5")
        ),
        (
            "schedule: {every: 1:30}",
            "schedule.every: is no duration; write a number with a unit: 90s, 5m, 2h, 7d or 1w",
        ),
        ("schedule: {every: 0.5s}", "schedule.every: is too short; write 1s or more"),
        ("schedule: {every: 0}", "schedule.every: is too short; write 1s or more"),
        ("site: {language: ''}", "site.language: is no language tag; write one of BCP 47 such as en, de or pt-BR"),
        (
            "site: {language: en_US}",
            "site.language: is no language tag; write one of BCP 47 such as en, de or pt-BR",
        ),
        (
            "state: {folder: content/state}",
            "state.folder: lies in `content.folder`, whose files are taken for items; choose a folder outside of it",
        ),
        (
            "state: {folder: feeds/state}",
            "state.folder: lies among the feeds, where everybody could read it; choose a folder outside `feeds.folder`",
        ),
    ],
)
def test_fault_names_the_way_out(path: Path, text: str, line: str) -> None:
    assert told(path, text) == [line]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("site: {title: 'x", "is no YAML"),
        ("a:\n\t- b", "is no YAML"),
        ("site: {}\nsite: {}", "a key stands twice"),
        ("channels:\n  news: {network: a}\n  news: {network: b}", "a key stands twice"),
        ("site: \x00", "is no YAML"),
        ("site: {title: 2026-13-45}", "is no YAML"),
        ("[" * 3000, "is no YAML"),
        ("- a\n- b", "is no mapping of sections"),
        ("3: 4", "is no mapping of sections"),
        ("just text", "is no mapping of sections"),
    ],
)
def test_file_that_makes_no_sense_is_one_fault(path: Path, text: str, words: str) -> None:
    (fault,) = faults_in(path, text)

    assert fault.path == str(path)
    assert words in fault.problem
    assert fault.remedy


def test_line_and_column_of_broken_yaml_are_told(path: Path) -> None:
    (fault,) = faults_in(path, "site:\n  title: one: two\n")

    assert (fault.line, fault.column) == (2, 13)
    assert str(fault).startswith(f"{path}:2:13: E-CONFIG: is no YAML: ")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("site: {title: b: c}", "expected ',' or '}', but got ':'"),
        ("site: [a, b", "expected ',' or ']', but got '<stream end>'"),
        ("site: *secret", "found undefined alias what stands there"),
        ("site: !s'cret2' b", "could not determine a constructor for the tag what stands there"),
    ],
)
def test_broken_yaml_is_told_without_what_may_be_secret(path: Path, text: str, problem: str) -> None:
    (fault,) = faults_in(path, text)

    assert fault.problem == f"is no YAML: {problem}"


def test_file_in_another_encoding_is_one_fault(path: Path) -> None:
    path.write_bytes("site: {title: Händel}\n".encode("latin-1"))

    with pytest.raises(ConfigError, match=r"syndicate\.yaml: E-CONFIG: is not UTF-8; save it as UTF-8"):
        settings_of(path)


def test_missing_file_names_the_ways_to_one(path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read \(No such file or directory\); pass --config FILE, or"):
        settings_of(path)


def test_folder_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read \(Is a directory\)"):
        settings_of(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        f"channels: {{news: {{network: [{CANARY}], token: {CANARY}}}}}",
        f"channels: {{news: {{token: *{CANARY}}}}}",
        f"channels: {{news: {{token: !{CANARY} x}}}}",
        f"channels: {{news: {{token: &{CANARY} x, token: &{CANARY} x}}}}",
        f"channels: {{news: {{token: '{CANARY}",
        f"channels: {{news: {{network: x, gap: {CANARY}}}}}",
        f"channels: {{news: [{CANARY}]}}",
        f"channels: {CANARY}",
        f"server: {{port: {CANARY}, enabled: {CANARY}, host: [{CANARY}]}}",
        f"log: {{level: {CANARY}}}",
        f"site: {{url: 'https://user:{CANARY}@', timezone: {CANARY}, tag_authority: {CANARY}}}",
        f"delivery: {{most_new: {CANARY}, drain: {CANARY}}}",
    ],
)
def test_no_value_stands_in_a_message(path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings(path, text)

    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None


def test_keys_of_the_network_stay_out_of_the_settings_repr(path: Path) -> None:
    given = settings(path, f"channels: {{news: {{network: mastodon, token: {CANARY}}}}}")

    assert given.channels["news"].own == {"token": CANARY}
    assert CANARY not in repr(given)


def test_environment_stands_over_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNDICATE_SITE__TITLE", "From around")
    monkeypatch.setenv("SYNDICATE_SERVER__PORT", "9000")
    monkeypatch.setenv("SYNDICATE_SCHEDULE__WATCH", "false")
    monkeypatch.setenv("SYNDICATE_FEEDS__FORMATS", '["rss", "json"]')

    given = settings(path, "site: {title: From the file, author: Stays}\nserver: {port: 8000}")

    assert (given.site.title, given.site.author) == ("From around", "Stays")
    assert (given.server.port, given.schedule.watch, given.feeds.formats) == (9000, False, ["rss", "json"])


def test_environment_adds_to_a_channel_of_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNDICATE_CHANNELS__NEWS__TOKEN", "0123")
    monkeypatch.setenv("SYNDICATE_CHANNELS__NEWS__GAP", "5m")
    monkeypatch.setenv("SYNDICATE_CHANNELS__NEWS__TOPICS", '["birds"]')
    monkeypatch.setenv("syndicate_channels__news__headers", '{"X-Key": "1"}')

    news = settings(path, "channels: {news: {network: mastodon, instance: social.example}}").channels["news"]

    assert (news.gap, news.topics) == (timedelta(minutes=5), ["birds"])
    assert news.own == {"instance": "social.example", "token": "0123", "headers": {"X-Key": "1"}}


@pytest.mark.parametrize("token", ["12345", "true", "null", "1e5", "{not json", "[x"])
def test_token_in_the_environment_stays_text(path: Path, monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setenv("SYNDICATE_CHANNELS__NEWS__NETWORK", "mastodon")
    monkeypatch.setenv("SYNDICATE_CHANNELS__NEWS__TOKEN", token)

    assert settings(path, "").channels["news"].own == {"token": token}


def test_whole_section_may_come_from_the_environment(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNDICATE_SITE", '{"title": "Whole", "author": "A"}')
    monkeypatch.setenv("SYNDICATE_SITE__AUTHOR", "B")

    site = settings(path, "site: {description: Stays}").site

    assert (site.title, site.author, site.description) == ("Whole", "B", "Stays")


def test_empty_variables_and_those_of_others_are_passed_over(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNDICATE_SITE__TITLE", " ")
    monkeypatch.setenv("SYNDICATE_CONFIG", "elsewhere.yaml")
    monkeypatch.setenv("SYNDICATE_TOKEN_KEY", "x")
    monkeypatch.setenv("NOT_SYNDICATE_SITE__TITLE", "x")

    assert settings(path, "site: {title: Kept}").site.title == "Kept"


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("SYNDICATE_SERVER__PORT", CANARY, "server.port: is no whole number; write digits only"),
        ("SYNDICATE_SIET__TITLE", CANARY, "siet: is not a setting; write `site`, or remove it"),
        ("SYNDICATE_SITE__TITEL", CANARY, "site.titel: is not a setting; write `title`, or remove it"),
        ("SYNDICATE_SITE", CANARY, "site: is no mapping; write its keys below it, one a line"),
        ("SYNDICATE_FEEDS__FORMATS", CANARY, "feeds.formats: is no list; write [one, another]"),
        ("SYNDICATE_SITE", f'{{"title": ["{CANARY}"]}}', "site.title: is no text; put it in quotes"),
    ],
)
def test_fault_of_a_variable_names_the_variable(
    path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, line: str
) -> None:
    monkeypatch.setenv(name, value)

    (fault,) = faults_in(path, "")

    assert str(fault) == f"{name}: {line}"
    assert CANARY not in str(fault)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("90s", timedelta(seconds=90)),
        ("5m", timedelta(minutes=5)),
        ("1.5 h", timedelta(minutes=90)),
        ("7D", timedelta(days=7)),
        ("1w", timedelta(weeks=1)),
        ("15", timedelta(seconds=15)),
    ],
)
def test_durations_are_written_with_a_unit(path: Path, written: str, meant: timedelta) -> None:
    assert settings(path, f"schedule: {{every: {written}}}").schedule.every == meant


def test_limits_may_be_switched_off(path: Path) -> None:
    delivery = settings(path, "delivery: {most_new: null, most_age: null}").delivery

    assert (delivery.most_new, delivery.most_age) == (None, None)


def test_site_addresses_end_in_one_slash(path: Path) -> None:
    given = settings(path, "site: {url: 'https://example.org/news//'}\nfeeds: {url: 'https://feeds.example.org'}")

    assert (given.site.url, given.feeds.url) == ("https://example.org/news/", "https://feeds.example.org/")


def test_first_sight_is_one_of_its_words(path: Path) -> None:
    given = settings(path, "channels: {a: {network: preview, first_sight: post}}")

    assert given.channels["a"].first_sight is FirstSight.POST


def test_relative_paths_count_from_the_folder_that_holds_config(path: Path) -> None:
    given = settings(path, "content: {folder: articles}\nstate: {folder: /var/lib/syndicate}")

    root = path.parent.parent
    assert (given.content.folder, given.feeds.folder) == (root / "articles", root / "feeds")
    assert given.state.folder == Path("/var/lib/syndicate")


def test_relative_paths_count_from_the_files_own_folder_elsewhere(tmp_path: Path) -> None:
    given = settings(tmp_path / "news.yaml", "")

    assert root_of(tmp_path / "news.yaml") == tmp_path
    assert given.content.folder == tmp_path / "content"


def test_tilde_is_the_home_folder(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    assert settings(path, "content: {folder: ~/articles}").content.folder == tmp_path / "articles"


PATHS = [
    ("content.folder", "content: {{folder: {}}}"),
    ("feeds.folder", "feeds: {{folder: {}}}"),
    ("state.folder", "state: {{folder: {}}}"),
    ("channels.a.folder", "channels: {{a: {{network: preview, folder: {}}}}}"),
    ("channels.a.token_file", "channels: {{a: {{network: mastodon, token_file: {}}}}}"),
]


@pytest.mark.parametrize(("key", "text"), PATHS)
def test_home_of_nobody_is_told(path: Path, key: str, text: str) -> None:
    assert told(path, text.format("~nobody-5ec7e7/x")) == [
        f"{key}: begins with the home folder of nobody known here; write ~/ for your own, or the whole path"
    ]


@pytest.mark.parametrize(("key", "text"), PATHS)
def test_path_that_no_system_takes_is_told(path: Path, key: str, text: str) -> None:
    assert told(path, text.format('"a\\0b"')) == [f"{key}: holds a control character; write it without"]


@pytest.mark.parametrize(
    ("content", "feeds"),
    [("content", "content"), ("content", "content/feeds"), ("feeds/content", "feeds"), (".", "feeds")],
)
def test_feeds_and_content_keep_apart(path: Path, content: str, feeds: str) -> None:
    text = f"content: {{folder: {content}}}\nfeeds: {{folder: {feeds}}}\nstate: {{folder: ../state}}"

    assert told(path, text) == [
        "feeds.folder: overlaps with `content.folder`; choose one that is neither inside it nor around it"
    ]


@pytest.mark.parametrize("folder", ["feeds", "feeds/preview", "content", "content/preview", "."])
def test_folder_of_a_channel_keeps_apart(path: Path, folder: str) -> None:
    lines = told(path, f"channels: {{a: {{network: preview, folder: {folder}}}}}")

    assert lines
    assert all(line.startswith("channels.a.folder: overlaps with `") for line in lines)


def test_folders_that_only_look_alike_are_taken(path: Path) -> None:
    given = settings(
        path,
        "content: {folder: news}\nfeeds: {folder: news-feeds}\nstate: {folder: news.state}\n"
        "channels: {a: {network: preview, folder: new}}",
    )

    assert given.feeds.folder.name == "news-feeds"


def test_link_to_the_feeds_is_seen_through(path: Path) -> None:
    root = path.parent.parent
    (root / "feeds").mkdir()
    (root / "elsewhere").symlink_to(root / "feeds")

    (line,) = told(path, "state: {folder: elsewhere}")

    assert line.startswith("state.folder: lies among the feeds")


def test_link_that_leads_to_itself_is_no_fault_of_the_settings(path: Path) -> None:
    (path.parent.parent / "state").symlink_to("state")

    assert settings(path, "").state.folder == path.parent.parent / "state"


@pytest.mark.parametrize("tag", ["en", "de", "pt-BR", "zh-Hant-TW", "es-419", "sl-rozaj-biske", "fil"])
def test_language_is_a_tag(path: Path, tag: str) -> None:
    assert settings(path, f"site: {{language: {tag}}}").site.language == tag


def test_settings_are_fixed(path: Path) -> None:
    given = settings(path, "")

    with pytest.raises(ValueError, match="frozen"):
        given.site.title = "Other"  # type: ignore[misc]  # the point of the test


def test_shipped_settings_say_the_defaults_they_claim() -> None:
    """The commented file of the sample site names only settings there are, and its values are in the right place."""
    shipped = Path(__file__).resolve().parent.parent / "config" / "syndicate.yaml"
    values: dict[str, dict[str, Any]] = yaml.safe_load(shipped.read_text(encoding="utf-8"))

    given = settings_of(shipped)

    assert given.site.title == values["site"]["title"]
    assert set(values) <= set(Settings.model_fields)


def test_variable_of_a_setting() -> None:
    assert variable_of(("channels", "news", "token")) == "SYNDICATE_CHANNELS__NEWS__TOKEN"


def test_variables_that_look_like_settings_are_told_with_what_is_meant() -> None:
    environ = {
        "SYNDICATE_CONFIG": "a",
        "SYNDICATE_TOKEN_KEY": "b",
        "SYNDICATE_SITE__TITLE": "c",
        "SYNDICATE_SITE": "{}",
        "SYNDICATE_SITE_TITLE": "secret",
        "SYNDICATE_CONFIGS": "secret",
        "SYNDICATE_QQQQ": "secret",
        "PATH": "/bin",
    }

    assert strange_variables(environ, ("site", "feeds")) == [
        "SYNDICATE_CONFIGS: is no setting; is SYNDICATE_CONFIG meant?",
        "SYNDICATE_QQQQ: is no setting; remove it",
        "SYNDICATE_SITE_TITLE: is no setting; is SYNDICATE_SITE__TITLE meant?",
    ]


def test_folder_of_the_state_is_known_before_all_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config" / "syndicate.yaml"
    config.parent.mkdir()
    for text, folder in [
        ("", tmp_path / "state"),
        ("state:\nchannels: {x: {network: pigeon}}", tmp_path / "state"),
        ("state: {folder: kept/here}", tmp_path / "kept" / "here"),
        ("state: {folder: /var/kept}", Path("/var/kept")),
        ("state: nonsense", None),
        ("state: {folder: [a]}", None),
        ("state: {folder: ~nobody-known-here/x}", None),
    ]:
        config.write_text(text, encoding="utf-8")
        assert state_folder_of(config) == folder, text

    monkeypatch.setenv("SYNDICATE_STATE__FOLDER", "by/variable")
    assert state_folder_of(config) == tmp_path / "by" / "variable"
    config.write_text("{", encoding="utf-8")
    with pytest.raises(ConfigError):
        state_folder_of(config)
