"""Fake incoming webhooks of Slack: messages go into a channel, and the answer is a word.

Written from docs.slack.dev "Sending messages using incoming webhooks" (errors, `ok`) and "Block Kit". Read 2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from syndicate.sandbox.addresses import TOKEN_PREFIX
from syndicate.sandbox.board import Board, File, account_in
from syndicate.sandbox.ground import Ground
from syndicate.sandbox.limits import Quota
from syndicate.sandbox.slack_blocks import blocks_of, called_in, images_by_address, link_in, words_of
from syndicate.sandbox.wire import Answer, Call, Refusal, Route, RouteKind, form_of, json_object

# "Rate limits": one message a second. Read 2026-11.
POSTING = Quota("webhook", 1, 1)
LONGEST_TEXT = 40_000
WORDS = {401: "invalid_token", 403: "action_prohibited", 404: "no_service", 410: "channel_is_archived"}


class SlackWebhook:
    """The fake endpoint; each webhook is an account."""

    name = "slack"

    def __init__(self, ground: Ground) -> None:
        self.board = Board(self.name, ground)

    def routes(self) -> Sequence[Route]:
        """One address a webhook; of team and app any will do."""
        return (Route("POST", "/services/{team}/{app}/{token}", RouteKind.POST, self._post),)

    def trouble(self, status: int) -> Answer:
        """An error as a word; servers in front of the webhook have no more to say either."""
        return said(status, WORDS.get(status, "rollup_error"))

    def limited(self, until: datetime, wait_s: int) -> Answer:
        """Too many requests: the wait stands in Retry-After alone."""
        return said(429, "rate_limited")

    def reset(self) -> None:
        """Forget every message."""
        self.board.reset()

    async def _post(self, call: Call) -> Answer:
        account = account_in(call.path_values["token"], TOKEN_PREFIX)
        if account is None:
            raise Refusal(said(404, "no_service"))
        value = _payload(call)
        text = value.get("text") or ""
        if not isinstance(text, str) or len(text) > LONGEST_TEXT:
            raise Refusal(said(400, "invalid_payload"))
        try:
            blocks = blocks_of(value)
        except Refusal as cause:
            raise Refusal(said(400, "invalid_blocks")) from cause
        if not text.strip() and not blocks:
            raise Refusal(said(400, "no_text"))
        if self.board.spend(account, POSTING).is_over:
            raise Refusal(said(429, "rate_limited").with_headers({"Retry-After": "1"}))
        message = self.board.message(
            account,
            str(self.board.number(1)),
            words_of(text, blocks),
            link_in(text, blocks),
            files=tuple(File(url, url, "", 0, None, alt) for url, alt in images_by_address(blocks)),
            value=value,
            called=called_in(text, blocks),
        )
        await self.board.put(message, call)
        return said(200, "ok")


def said(status: int, word: str) -> Answer:
    """An answer of one word."""
    return Answer(status, word.encode(), content_type="text/html")


def _payload(call: Call) -> dict[str, Any]:
    """The message: JSON, or JSON as the field `payload` of a form."""
    try:
        if call.headers.get("content-type", "").startswith("application/json"):
            return json_object(call.body)
        return json_object(str(form_of(call)["payload"]).encode())
    except (KeyError, ValueError, json.JSONDecodeError) as cause:
        raise Refusal(said(400, "invalid_payload")) from cause
