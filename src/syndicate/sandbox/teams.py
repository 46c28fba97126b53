"""A fake Teams workflow: it takes a message with a card, answers that it was started, and shows nothing.

Written from Microsoft Learn, "Create incoming webhooks with Workflows", "Format cards in Microsoft Teams", the Adaptive
Cards schema explorer (TextBlock, Image, Action.OpenUrl; `msteams.entities` for mentions), and from the errors of
Logic Apps that others saw (caronc/apprise). Read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import unescape
from typing import Any

from syndicate.sandbox.addresses import TOKEN_PREFIX
from syndicate.sandbox.board import Board, File, account_in
from syndicate.sandbox.ground import Ground
from syndicate.sandbox.limits import Quota
from syndicate.sandbox.wire import Answer, Call, Refusal, Route, RouteKind, as_json, json_object

# Microsoft Learn "Connectors and webhooks": four messages a second; 28 KB a message. Read 2026-11.
POSTING = Quota("workflow", 4, 1)
LARGEST_BYTES = 28_000
ADAPTIVE = "application/vnd.microsoft.card.adaptive"
VERSIONS = {"1.0", "1.1", "1.2", "1.3", "1.4", "1.5"}
CODES = {
    401: "DirectApiAuthorizationRequired",
    403: "AuthorizationFailed",
    404: "WorkflowNotFound",
    410: "WorkflowNotFound",
    429: "TooManyRequests",
}
# What Teams shows of Markdown: links, bold, italics, code, lists, entities. A backslash takes a sign's meaning away.
_MARKUP = re.compile(
    r"\\([!-/:-@\[-`{-~])|(&#?\w+;)|\[([^\]]*)\]\((?:[^)\s]*)\)|\*\*|(?<!\w)_|_(?!\w)|[*`]|^\s*(?:[#>+-]|\d+\.)\s",
    re.MULTILINE,
)
_DATE = re.compile(r"\{\{(?:DATE|TIME)\(([^,)]*)[^)]*\)\}\}")
_AT = re.compile(r"<at>([^<]*)</at>")


class Teams:
    """The fake flow; each is an account."""

    name = "teams"

    def __init__(self, ground: Ground) -> None:
        self.board = Board(self.name, ground)

    def routes(self) -> Sequence[Route]:
        """The address at which a flow is started."""
        return (Route("POST", "/workflows/{id}/triggers/manual/paths/invoke", RouteKind.POST, self._start),)

    def trouble(self, status: int) -> Answer:
        """An error of the service that starts flows."""
        code = CODES.get(status, "InternalServerError")
        return as_json({"error": {"code": code, "message": f"The request failed with code '{code}'."}}, status)

    def limited(self, until: datetime, wait_s: int) -> Answer:
        """Too many requests: no way of its own tells until when."""
        return self.trouble(429)

    def reset(self) -> None:
        """Forget every message."""
        self.board.reset()

    async def _start(self, call: Call) -> Answer:
        account = account_in(call.asked("sig"), TOKEN_PREFIX)
        if account is None:
            raise Refusal(self.trouble(401))
        if len(call.body) > LARGEST_BYTES:
            raise Refusal(self.trouble(413))
        card = _card(call)
        if self.board.spend(account, POSTING).is_over:
            raise Refusal(self.trouble(429).with_headers({"Retry-After": "1"}))
        run = f"0858{self.board.number(10**12)}CU00"
        # A card that Teams cannot show is told to nobody but the flow's owner, in its history.
        if not list(_faults(card)):
            called, images = _called(card), _images(card)
            message = self.board.message(
                account, run, _words(card), _link(card), files=images, value=card, called=called
            )
            await self.board.put(message, call)
        return Answer(202, b"", {"x-ms-workflow-run-id": run, "x-ms-request-id": run})


def _card(call: Call) -> dict[str, Any]:
    """The one card of a message whose outer form the trigger's schema asks for."""
    try:
        value = json_object(call.body)
        attachments = value["attachments"]
        [attachment] = attachments
        is_whole = value["type"] == "message" and attachment["contentType"] == ADAPTIVE
        card = attachment["content"]
    except (ValueError, KeyError, TypeError) as cause:
        raise _mismatch() from cause
    if not is_whole or not isinstance(card, dict):
        raise _mismatch()
    return card


def _mismatch() -> Refusal:
    told = "The input body for trigger 'manual' of type 'Request' did not match its schema definition."
    return Refusal(as_json({"error": {"code": "TriggerInputSchemaMismatch", "message": told}}, 400))


def _faults(card: Mapping[str, Any]) -> Iterator[str]:
    """Why Teams would not show a card."""
    if card.get("type") != "AdaptiveCard" or card.get("version") not in VERSIONS:
        yield "is no Adaptive Card that Teams knows"
    if not isinstance(body := card.get("body"), list) or not body:
        yield "has no body"
        return
    for element in body:
        match element:
            case {"type": "TextBlock", "text": str(text)} if text:
                pass
            case {"type": "Image", "url": str(url)} if url.startswith(("http://", "https://")):
                pass
            case _:
                yield "has an element that is not whole"
    for action in card.get("actions", ()):
        if not (isinstance(action, dict) and action.get("type") == "Action.OpenUrl" and _is_link(action.get("url"))):
            yield "has an action that leads nowhere"


def _is_link(url: object) -> bool:
    return isinstance(url, str) and url.startswith(("http://", "https://"))


def _blocks(card: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    return [element for element in card["body"] if element["type"] == kind]


def _words(card: Mapping[str, Any]) -> str:
    """What people read, without what is markup."""
    said = "\n".join(block["text"] for block in _blocks(card, "TextBlock"))
    return _MARKUP.sub(lambda found: found[1] or unescape(found[2] or found[3] or ""), _DATE.sub(r"\1", said))


def _link(card: Mapping[str, Any]) -> str | None:
    return next((str(action["url"]) for action in card.get("actions", ())), None)


def _images(card: Mapping[str, Any]) -> tuple[File, ...]:
    found = [(block["url"], block.get("altText")) for block in _blocks(card, "Image")]
    return tuple(File(url, url, "", 0, None, alt) for url, alt in found)


def _called(card: Mapping[str, Any]) -> tuple[str, ...]:
    """Whom a card mentions: words in `<at>` with an entity of the same words beside them."""
    entities = (card.get("msteams") or {}).get("entities") or ()
    named = {str(entity.get("text")) for entity in entities if entity.get("type") == "mention"}
    said = "\n".join(block["text"] for block in _blocks(card, "TextBlock"))
    return tuple(found[1] for found in _AT.finditer(said) if found[0] in named)
