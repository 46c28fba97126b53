"""The house: channels checked by their networks, plans, secrets, tokens; what opens closes again."""

from __future__ import annotations

import os
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from PIL import Image as Picture
from structlog.testing import capture_logs

from syndicate.channels.tokens import vault_in
from syndicate.draft import DigestRules
from syndicate.errors import CannotWrite, ConfigError
from syndicate.house import (
    OutboxTokens,
    clock,
    lane_rules_of,
    open_house,
    site_of,
    store_of,
)
from syndicate.outbox.issues import IssueTimes
from syndicate.outbox.lock import PublisherLock
from syndicate.outbox.plan import FirstSight
from syndicate.outbox.store import SqlOutbox
from syndicate.plot import Plot, plot_of, rules_digest
from syndicate.posts.template import FIELDS
from syndicate.settings.tree import Settings
from syndicate.wording import card_kit_of, card_look_of, card_rules_of, draft_rules_of, share_page_rules_of

CANARY = "canary-5ec7e7"
WEBHOOK_KEY = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
MASTODON = {"network": "mastodon", "instance": "https://social.example", "token": CANARY}
PREVIEW = {"network": "preview"}


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("SYNDICATE_"):
            monkeypatch.delenv(name)


def written(folder: Path, **sections: Any) -> Path:
    path = folder / "config" / "syndicate.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(sections, sort_keys=False), encoding="utf-8")
    (folder / "content").mkdir(exist_ok=True)
    return path


def plot(folder: Path, **sections: Any) -> Plot:
    return plot_of(written(folder, **sections))


def told(folder: Path, **sections: Any) -> list[str]:
    path = written(folder, **sections)
    with pytest.raises(ConfigError) as caught:
        plot_of(path)
    assert CANARY not in str(caught.value)
    return [str(fault).removeprefix(f"{path}: ") for fault in caught.value.faults]


def test_faults_of_every_kind_are_told_at_once(tmp_path: Path) -> None:
    keys = [
        line.partition(": ")[0]
        for line in told(
            tmp_path,
            site={"url": "nowhere", "langauge": "en"},
            log={"level": "loud"},
            feeds={"folder": "content/feeds", "formats": ["rss", "atmo"]},
            hashtag={"A": "b"},
            channels={
                "a": {"network": "mastodno"},
                "b": {"network": "bluesky", "identifer": "a.example", "password": CANARY, "on_edit": "change"},
                "c": {"network": "telegram", "chat": "x", "token": CANARY, "template": "{{ titel }}", "hashtag": 1},
                "D": PREVIEW,
            },
        )
    ]

    assert sorted(keys) == sorted(
        [
            *("site.url", "site.langauge", "log.level", "feeds.folder", "feeds.formats.1", "hashtag"),
            *("channels.a.network", "channels.b.identifier", "channels.b.identifer", "channels.b.on_edit"),
            *("channels.c.chat", "channels.c.template", "channels.c.hashtag", "channels.D"),
        ]
    )


@pytest.mark.parametrize(
    ("sections", "line"),
    [
        ({"hashtag": {}}, "hashtag: is not a setting; write `hashtags`, or remove it"),
        ({"feeds": {"shapes": {"topic": {"sise": 3}}}}, "feeds.shapes.topic.sise: is not a setting; write `size`, or"),
        ({"channels": {"a": PREVIEW | {"hashtag": 2}}}, "channels.a.hashtag: is not a setting; write `hashtags`, or"),
        ({"channels": {"a": PREVIEW | {"foldr": "x"}}}, "channels.a.foldr: is not a setting; write `folder`, or"),
        ({"channels": {"a": {"network": "blusky"}}}, "channels.a.network: `blusky` is no network; write bluesky, or"),
        ({"site": {"zzz": 1}}, "site.zzz: is not a setting; mend the spelling or remove it"),
    ],
)
def test_a_slip_is_told_with_what_is_meant(tmp_path: Path, sections: dict[str, Any], line: str) -> None:
    [fault] = told(tmp_path, **sections)

    assert fault.startswith(line)


def test_each_channel_is_checked_by_its_network_and_all_faults_are_told(tmp_path: Path) -> None:
    channels = {
        "a": {"network": "mastodon", "instance": "http://social.example", "token": CANARY, "visibility": CANARY},
        "b": {"network": "bluesky", "password": CANARY, "attach": "pictures"},
        "c": {"network": "webhook", "url": "https://hooks.example/in", "secret": CANARY},
        "d": {"network": "pigeon"},
        "e": MASTODON | {"setle": 3},
        "f": MASTODON | {"token": 12345},
        "g": PREVIEW | {"template": "{{ titel }}"},
        "h": {"network": "mastodon", "instance": "social.example"},
        "i": MASTODON | {"token_file": "token"},
    }

    lines = told(tmp_path, channels=channels, content={"preset": "odd"})

    assert [line.partition(": ")[0] for line in lines] == [
        "channels.a.instance",
        "channels.a.visibility",
        "channels.b.identifier",
        "channels.b.attach",
        "channels.c.secret",
        "channels.d.network",
        "channels.e.setle",
        "channels.f.token",
        "channels.g.template",
        "channels.h.token",
        "channels.i.token_file",
        "content.preset",
    ]
    assert all("; " in line for line in lines)


def test_text_with_half_of_a_character_is_told_once(tmp_path: Path) -> None:
    channels = {"news": {"network": "mastodon", "instance": "a\ud800.example", "token": "x"}}

    [line] = told(tmp_path, channels=channels)

    assert line.startswith("channels.news.instance: holds half of a character")


def test_missing_secret_names_setting_file_and_variable(tmp_path: Path) -> None:
    channels = {"news": {"network": "mastodon", "instance": "social.example"}}

    assert told(tmp_path, channels=channels) == [
        "channels.news.token: is missing; set `token` or `token_file`, or the variable SYNDICATE_CHANNELS__NEWS__TOKEN"
    ]


def test_secret_given_twice_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t0ken", encoding="ascii")
    (tmp_path / "token").chmod(0o600)
    channels = {"news": MASTODON | {"token_file": "token"}}

    assert told(tmp_path, channels=channels) == [
        "channels.news.token: is given twice; set `token` or `token_file`, not both"
    ]


def test_unknown_network_names_the_known_ones(tmp_path: Path) -> None:
    (line,) = told(tmp_path, channels={"news": {"network": "pigeon"}})

    assert line.startswith("channels.news.network: `pigeon` is no network; use one of ")
    assert "mastodon" in line


def test_template_fault_names_line_and_fields(tmp_path: Path) -> None:
    (line,) = told(tmp_path, channels={"news": PREVIEW | {"template": "{{ title }}\n{% if %}"}})

    assert line.startswith("channels.news.template: line 2: ")
    assert line.endswith("; fields are " + ", ".join(FIELDS))


def test_every_parameter_of_links_is_looked_at(tmp_path: Path) -> None:
    lines = told(tmp_path, campaign={"utm source": "x"}, channels={"news": PREVIEW | {"campaign": {"ref": "{{ x }}"}}})

    assert [line.partition(": ")[0] for line in lines] == ["channels.news.campaign.ref", "campaign.utm source"]


def test_a_channels_own_parameters_stand_over_those_of_all(tmp_path: Path) -> None:
    shared = {"utm_source": "{{ network }}", "utm_medium": "social", "ref": "a"}
    own = {"utm_medium": "mail", "ref": "", "more": "x"}

    made = plot(tmp_path, campaign=shared, channels={"news": PREVIEW | {"campaign": own}, "other": PREVIEW})

    assert draft_rules_of(made, "news").campaign == {"utm_source": "{{ network }}", "utm_medium": "mail", "more": "x"}
    assert draft_rules_of(made, "other").campaign == shared


def test_pages_that_networks_read_are_waited_for_as_the_settings_say(tmp_path: Path) -> None:
    made = plot(tmp_path, delivery={"share_page": "hold", "share_page_wait": "5m"}, feeds={"url": "https://f.org/"})

    rules = share_page_rules_of(made.settings)

    assert (rules.policy, rules.patience) == ("hold", timedelta(minutes=5))
    assert rules.bases == ("https://f.org/", made.settings.site.url)


def test_every_template_of_a_channel_is_looked_at(tmp_path: Path) -> None:
    wrong = {
        "templates": {"ai": "{{ a }}\n{{ b }}", "nursing": "{{ title }}"},
        "correction_template": "{{ c }}",
        "withdrawal_template": "{% if %}",
    }

    lines = told(tmp_path, channels={"news": PREVIEW | wrong})

    assert sorted(line.partition(": line")[0] for line in lines) == [
        "channels.news.correction_template",
        "channels.news.templates.ai",
        "channels.news.templates.ai",
        "channels.news.withdrawal_template",
    ]


def test_channel_that_is_switched_off_is_not_checked(tmp_path: Path) -> None:
    made = plot(tmp_path, channels={"news": {"network": "pigeon", "enabled": False, "template": "{{"}})

    assert dict(made.networks) == {}


def test_secret_files_and_folders_count_from_the_project(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "token").write_text(f"{CANARY}\n", encoding="ascii")
    (tmp_path / "secrets" / "token").chmod(0o600)
    channels = {
        "news": {"network": "mastodon", "instance": "social.example", "token_file": "secrets/token"},
        "shown": {"network": "preview", "folder": "shown"},
        "usual": PREVIEW,
        "far": {"network": "preview", "folder": "/far"},
    }

    made = plot(tmp_path, channels=channels)

    assert made.secrets == (CANARY,)
    folders = [getattr(made.own[name], "folder", None) for name in ("shown", "usual", "far")]
    assert folders == [tmp_path / "shown", tmp_path / "preview", Path("/far")]


def test_secret_file_of_an_absolute_path_is_read_there(tmp_path: Path) -> None:
    mounted = tmp_path / "run" / "secrets"
    mounted.mkdir(parents=True)
    (mounted / "token").write_text(CANARY, encoding="ascii")
    (mounted / "token").chmod(0o600)
    site = tmp_path / "site"
    site.mkdir()

    made = plot(site, channels={"news": MASTODON | {"token": None, "token_file": str(mounted / "token")}})

    assert made.secrets == (CANARY,)


def test_missing_secret_file_is_told_with_its_place(tmp_path: Path) -> None:
    channels = {"news": {"network": "mastodon", "instance": "social.example", "token_file": "secrets/none"}}

    (line,) = told(tmp_path, channels=channels)

    assert line.startswith(f"channels.news.token_file: {tmp_path}/secrets/none cannot be read: No such file")


def test_home_that_cannot_be_found_costs_no_traceback(tmp_path: Path) -> None:
    channels = {"news": {"network": "mastodon", "instance": "a.example", "token_file": "~nobody-5ec7e7/token"}}

    (line,) = told(tmp_path, channels=channels)

    assert line.startswith("channels.news.token_file: ")


def test_every_secret_is_known_for_masking(tmp_path: Path) -> None:
    two = f"{WEBHOOK_KEY} {WEBHOOK_KEY[:-4]}WVo="
    hook = {"network": "webhook", "url": "https://h.example/", "secret": two, "headers": {"X-Key": "header-5ec7e7"}}

    made = plot(tmp_path, channels={"news": MASTODON, "hook": hook})

    assert {CANARY, "header-5ec7e7", two, *two.split()} == set(made.secrets)
    assert CANARY not in repr(made)


def test_waits_of_networks_are_durations(tmp_path: Path) -> None:
    made = plot(tmp_path, channels={"news": MASTODON | {"settle": "2m"}})

    assert made.own["news"].settle == timedelta(minutes=2)  # type: ignore[attr-defined]  # mastodon's own


def test_places_of_the_state(tmp_path: Path) -> None:
    made = plot(tmp_path)

    assert (made.state_folder, made.lock_path.name) == (tmp_path / "state", "publisher.lock")
    assert made.outbox_path == tmp_path / "state" / "outbox.sqlite3"
    assert store_of(made).root == tmp_path / "content"


def test_store_that_does_not_wait_takes_a_file_written_this_moment(tmp_path: Path) -> None:
    made = plot(tmp_path)
    (made.settings.content.folder / "half.md").write_text("---\ntitle: T\n")

    waiting, taken = store_of(made).scan({}), store_of(made, waits=False).scan({})

    assert (waiting.waiting, dict(waiting.files)) == (("half.md",), {})
    assert (taken.waiting, [fault.code for fault in taken.files["half.md"].faults]) == ((), ["E-FRONTMATTER-UNCLOSED"])


def test_site_is_what_the_settings_say(tmp_path: Path) -> None:
    made = plot(
        tmp_path,
        site={"title": "Marsh Notes", "url": "https://marsh.example/news", "author": "R. Heron"},
        feeds={"url": "https://feeds.example", "size": 7, "content": "summary", "link": "own", "formats": ["atom"]},
        schedule={"every": "1s"},
    )

    site = site_of(made.settings)

    assert (site.title, site.owner, site.url) == ("Marsh Notes", "R. Heron", "https://marsh.example/news/")
    assert (site.feeds_url, site.size, site.content, site.link) == ("https://feeds.example/", 7, "summary", "own")
    assert (site.formats, site.interval_s) == (("atom",), 60)
    assert site.tag_authority == "marsh.example,2026"


def test_tag_authority_is_taken_as_written(tmp_path: Path) -> None:
    made = plot(tmp_path, site={"tag_authority": "heron@marsh.example,2020-05"})

    assert site_of(made.settings).tag_authority == "heron@marsh.example,2020-05"


def test_cards_look_as_the_settings_say(tmp_path: Path) -> None:
    logo = tmp_path / "art" / "logo.png"
    logo.parent.mkdir()
    Picture.new("RGB", (8, 8)).save(logo)
    image = {"color": "#1D4F91", "shows": ["title"], "generate": False, "most_bytes": 90_000, "logo": "art/logo.png"}

    plain = plot(tmp_path, site={"title": "Marsh Notes"})
    own = plot(tmp_path, site={"title": "Marsh Notes"}, cards={"image": {"brand": "Marsh", **image}})
    off = plot(tmp_path, cards={"image": {"enabled": False, "logo": "gone.png"}})

    look, own_look = card_look_of(plain.settings), card_look_of(own.settings)
    assert look is not None
    assert own_look is not None
    assert (look.brand, look.color, look.is_generating, look.files) == ("Marsh Notes", "", True, ())
    assert (own_look.brand, own_look.color, own_look.shows) == ("Marsh", "#1d4f91", ("title",))
    assert (own_look.is_generating, own_look.limit_bytes) == (False, 90_000)
    assert [name for name, _ in own_look.files] == ["logo"]
    assert card_kit_of(own.settings).logo == logo
    assert card_look_of(off.settings) is None


def test_files_of_cards_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    (tmp_path / "logo.txt").write_text("text")

    faults = told(tmp_path, cards={"image": {"logo": "logo.txt", "font": "gone.ttf", "color": "blue"}})
    assert any("cards.image.color" in fault for fault in faults)

    faults = told(tmp_path, cards={"image": {"logo": "logo.txt", "font": "gone.ttf"}})
    assert any("cards.image.logo: logo.txt is no JPEG, PNG, WebP or GIF; correct" in fault for fault in faults)
    assert any("cards.image.font" in fault and "cannot be read" in fault for fault in faults)


def test_rules_of_cards_drafts_and_lanes_follow_the_settings(tmp_path: Path) -> None:
    made = plot(
        tmp_path,
        site={"title": "Marsh Notes"},
        cards={"title": ["twitter"], "summary": ["summary"], "link": "own"},
        hashtags={"AI": "Ai"},
        delivery={"retry_first": "1s", "retry_longest": "2s", "retries": 3},
        channels={"news": PREVIEW | {"gap": "10m", "hashtags": 1, "template": "{{ title }}", "templates": {"Ai": "T"}}},
    )

    cards = card_rules_of(made.settings)
    assert cards.media_url == made.settings.feeds.url
    drafts, lanes = draft_rules_of(made, "news"), lane_rules_of(made, "news")

    assert (cards.title, cards.summary, cards.link, cards.site_name) == (
        ("twitter",),
        ("summary",),
        "own",
        "Marsh Notes",
    )
    assert (drafts.cards, drafts.template, drafts.hashtags) == (cards, "{{ title }}", 1)
    assert drafts.templates == {"ai": "T"}
    assert (drafts.spellings, lanes.attempts.drafts, lanes.pace.gap) == ({"AI": "Ai"}, drafts, timedelta(minutes=10))
    assert (lanes.attempts.retry.first, lanes.attempts.retry.longest, lanes.attempts.retry.most_failures) == (
        timedelta(seconds=1),
        timedelta(seconds=2),
        3,
    )


def test_digest_of_the_rules_changes_with_the_mapping(tmp_path: Path) -> None:
    first = plot(tmp_path)
    same = plot(tmp_path)
    other = plot(tmp_path, content={"fields": {"title": ["headline"]}})

    assert rules_digest(first.roots) == rules_digest(same.roots)
    assert rules_digest(first.roots) != rules_digest(other.roots)


def test_clock_is_aware_and_in_utc() -> None:
    assert clock().tzinfo is UTC


async def test_open_house_joins_one_lane_and_plan_per_channel(tmp_path: Path) -> None:
    channels = {
        "news": MASTODON | {"topics": ["birds"], "not_topics": ["ads"], "sections": ["News"], "languages": ["en"]},
        "shown": PREVIEW,
        "eager": MASTODON | {"first_sight": "post", "most_age": "1d"},
    }
    made = plot(tmp_path, channels=channels, delivery={"most_new": 3, "most_age": "2d"})

    async with open_house(made) as house:
        plans = {plan.name: plan for plan in house.plans}
        lanes = [lane.channel.name for lane in house.lanes]

    news, shown, eager = plans["news"], plans["shown"], plans["eager"]
    assert lanes == ["news", "shown", "eager"]
    assert (news.topics, news.not_topics, news.sections, news.languages) == (("birds",), ("ads",), ("News",), ("en",))
    assert (news.account, news.first_sight, news.most_age, news.most_new) == (
        "social.example",
        FirstSight.BASELINE,
        timedelta(days=2),
        3,
    )
    assert (shown.first_sight, shown.most_age, shown.most_new) == (FirstSight.POST, None, None)
    assert (eager.first_sight, eager.most_age) == (FirstSight.POST, timedelta(days=1))


@pytest.mark.parametrize("is_asked_for", [True, False])
async def test_only_a_witness_that_was_asked_for_and_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_asked_for: bool
) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file in the way", encoding="ascii")
    monkeypatch.setenv("XDG_STATE_HOME", str(blocked))
    made = plot(tmp_path, **({"state": {"witness": str(blocked)}} if is_asked_for else {}))

    with capture_logs() as events, PublisherLock(made.lock_path, datetime.now(UTC)):
        async with open_house(made):
            pass

    warned = [one for one in events if one["event"] == "witness_not_written"]
    assert len(warned) == is_asked_for
    assert not warned or (warned[0]["folder"], "state.witness" in warned[0]["remedy"]) == (str(blocked), True)


async def test_state_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file in the way", encoding="ascii")

    with pytest.raises(CannotWrite) as caught:
        async with open_house(plot(tmp_path)):
            pass

    assert caught.value.exit_code == 73


async def test_tokens_lie_in_the_outbox_sealed(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"
    async with SqlOutbox(path) as outbox:
        tokens = OutboxTokens(outbox, vault_in(tmp_path, {}))

        await tokens.keep_token("news", CANARY)
        kept, none = await tokens.token("news"), await tokens.token("other")

    async with SqlOutbox(path) as outbox:
        again = await OutboxTokens(outbox, vault_in(tmp_path, {})).token("news")
    assert (kept, none, again) == (CANARY, None, CANARY)
    assert CANARY.encode() not in path.read_bytes()


def test_time_of_the_clock_is_now() -> None:
    assert abs(clock() - datetime.now(UTC)) < timedelta(minutes=1)


def test_several_roots_are_one_store(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.md").write_text(f"---\nid: {name}\ntitle: T\ndate: 2024-01-01\n---\n")
    preset = {"preset": "generic"}
    made = plot(tmp_path, content={"roots": {name: {"folder": name, **preset} for name in ("a", "b")}})

    scan = store_of(made, waits=False).scan({})

    assert sorted(item.path for item in scan.items.values()) == ["a/x.md", "b/x.md"]
    assert made.path_in_store(tmp_path / "b" / "x.md") == "b/x.md"
    assert made.path_in_store(tmp_path / "c.md") is None


def test_topics_that_were_renamed_leave_their_former_folders_to_the_new_ones(tmp_path: Path) -> None:
    settings = Settings(
        content={"topics": {"aliases": {"Machine Learning": "Artificial Intelligence"}}},
        feeds={"moved": {"old": "section/news"}},
    )

    assert site_of(settings).moved == (("machine-learning", "artificial-intelligence"), ("old", "section/news"))


def test_topics_that_were_renamed_below_roots_leave_their_former_folders_as_well(tmp_path: Path) -> None:
    roots = {
        "a": {"topics": {"aliases": {"ML": "Machine Learning"}}},
        "b": {"topics": {"aliases": {"Birds": "Herons"}}},
    }

    assert site_of(Settings(content={"roots": roots})).moved == (("birds", "herons"), ("ml", "machine-learning"))


EMAIL = {"network": "email", "host": "localhost", "security": "none", "sender": "a@b.example", "to": "c@d.example"}


def test_digests_follow_the_settings(tmp_path: Path) -> None:
    digest = {"at": "07:00", "days": ["mon", "fri"], "subject": "{{ count }}"}
    made = plot(tmp_path, channels={"mail": EMAIL | {"digest": digest, "zone": "Europe/Berlin"}, "each": EMAIL})

    rules = lane_rules_of(made, "mail").attempts

    assert rules.issues == IssueTimes((time(7),), frozenset({0, 4}), ZoneInfo("Europe/Berlin"))
    assert rules.drafts.digest == DigestRules(made.settings.site.url, made.settings.site.language, "{{ count }}")
    assert (lane_rules_of(made, "each").attempts.issues, draft_rules_of(made, "each").digest) == (None, None)


@pytest.mark.parametrize(
    ("channel", "key"),
    [
        (PREVIEW | {"digest": {"at": ["07:00"]}}, "channels.news.digest"),
        (EMAIL | {"digest": {"at": ["07:00"]}, "gap": "5m"}, "channels.news.gap"),
        (EMAIL | {"digest": {"at": []}}, "channels.news.digest.at"),
        (EMAIL | {"digest": {"at": ["25:00"]}}, "channels.news.digest.at.0"),
        (EMAIL | {"digest": {"at": ["07:00+02:00"]}}, "channels.news.digest.at"),
        (EMAIL | {"digest": {"at": ["07:00"], "days": [1]}}, "channels.news.digest.days.0"),
        (EMAIL | {"digest": {"at": ["07:00"], "subject": "{{ nothing }}"}}, "channels.news.digest.subject"),
    ],
)
def test_digests_that_cannot_be_are_told(tmp_path: Path, channel: dict[str, object], key: str) -> None:
    with pytest.raises(ConfigError) as told:
        plot(tmp_path, channels={"news": channel})

    assert [fault.key for fault in told.value.faults] == [key]


def test_state_is_witnessed_where_the_settings_say_or_where_the_user_keeps_states(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/var/states")
    assert plot(tmp_path, state={"witness": "seen"}).witness_folder == tmp_path / "seen"
    assert plot(tmp_path).witness_folder == Path("/var/states/syndicate")

    monkeypatch.setenv("XDG_STATE_HOME", "not/absolute")
    monkeypatch.setenv("HOME", "/home/ada")
    assert plot(tmp_path).witness_folder == Path("/home/ada/.local/state/syndicate")

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert plot(tmp_path).witness_folder is None
