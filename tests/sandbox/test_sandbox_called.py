"""Whom each fake network would give notice: a check of hostile words is worth no more than this."""

from __future__ import annotations

import pytest

from syndicate.sandbox.bluesky_record import called_in as in_record
from syndicate.sandbox.discord_message import Draft
from syndicate.sandbox.linkedin_post import called_in as in_little_text
from syndicate.sandbox.slack_blocks import called_in as in_blocks
from syndicate.sandbox.telegram_text import parsed


@pytest.mark.parametrize(
    ("allowed", "called"),
    [
        (None, ("@everyone", "<@1>", "<@!2>", "<@&3>")),
        ({"parse": []}, ()),
        ({"parse": ["roles"]}, ("<@&3>",)),
        ({"parse": ["everyone"]}, ("@everyone",)),
        ({}, ()),
    ],
)
def test_discord_calls_those_that_are_allowed(allowed: object, called: tuple[str, ...]) -> None:
    value = {"content": "@everyone <@1> <@!2> <@&3> @\u200bhere", "embeds": [{"title": "@here"}]}

    assert Draft(value | ({} if allowed is None else {"allowed_mentions": allowed}), (), {}).called == called


def test_slack_calls_where_text_is_markup() -> None:
    shown = {"type": "section", "text": {"type": "mrkdwn", "text": "<@U1> <!subteam^S1|team> &lt;!here&gt;"}}
    plain = {"type": "header", "text": {"type": "plain_text", "text": "<!channel>"}}

    assert in_blocks("<!everyone>", [shown, plain]) == ("!everyone", "@U1", "!subteam^S1")


def test_telegram_calls_by_name_and_by_link() -> None:
    text = parsed('@marsh and <a href="tg://user?id=1">Ada</a>, mail@host.example https://t.me/@name @abc', "HTML")

    assert text.called == ("@marsh", "tg://user?id=1")


def test_linkedin_and_bluesky_call_by_reference_alone() -> None:
    assert in_little_text(r"@[Ada](urn:li:person:1) \@\[Bob\]\(urn:li:person:2\) @ada") == ("Ada",)
    assert in_record({"facets": [{"features": [{"did": "did:plc:1"}, {"uri": "x"}]}]}) == ("did:plc:1",)
    assert in_record({"text": "@ada.test"}) == ()
