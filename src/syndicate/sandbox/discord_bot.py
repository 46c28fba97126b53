"""A fake Discord bot API: messages in channels that can be read, with a nonce that is remembered for a few minutes.

Written from the Discord documentation, "Message Resource: Create Message" (`nonce`, `enforce_nonce`), "Get Channel
Messages", "Channel Resource", "User Resource" and its OpenAPI description. Read 2026-11.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from syndicate.sandbox.addresses import TOKEN_PREFIX
from syndicate.sandbox.board import Board, Message, account_in
from syndicate.sandbox.discord import edited, limited, next_id, shown, taken
from syndicate.sandbox.discord_message import first_link, refused, trouble
from syndicate.sandbox.ground import Ground
from syndicate.sandbox.wire import Answer, Call, Refusal, Route, RouteKind, as_json, whole

# "Get Channel Messages": 50 by default, 1 to 100. "Create Message": a nonce has up to 25 characters. Read 2026-11.
DEFAULT_LISTED, MOST_LISTED, LONGEST_NONCE = 50, 100, 25


class DiscordBot:
    """The fake API; each channel is an account, and every channel is there."""

    name = "discord_bot"

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.board = Board(self.name, ground)
        self._nonces: dict[tuple[str, str, str], tuple[str, datetime]] = {}

    def routes(self) -> Sequence[Route]:
        """What a bot that posts needs, with and without a version in the address."""
        found = []
        for base in ("/api", "/api/{version:v[0-9]+}"):
            channel = base + "/channels/{id:[0-9]+}"
            found += [
                Route("GET", base + "/users/@me", RouteKind.SESSION, self._who),
                Route("GET", channel, RouteKind.SESSION, self._channel),
                Route("POST", channel + "/messages", RouteKind.POST, self._create),
                Route("GET", channel + "/messages", RouteKind.READ, self._list),
                Route("GET", channel + "/messages/{message}", RouteKind.READ, self._show),
                Route("PATCH", channel + "/messages/{message}", RouteKind.EDIT, self._edit),
                Route("DELETE", channel + "/messages/{message}", RouteKind.DELETE, self._delete),
            ]
        return tuple(found)

    def trouble(self, status: int) -> Answer:
        """An error in Discord's shape."""
        return as_json({"message": "401: Unauthorized", "code": 0}, 401) if status == 401 else trouble(status)

    def limited(self, until: datetime, wait_s: int) -> Answer:
        """Too many requests: the wait stands in the body and in headers of Discord's own."""
        return limited(until, wait_s)

    def reset(self) -> None:
        """Forget every message and nonce."""
        self.board.reset()
        self._nonces.clear()

    async def _create(self, call: Call) -> Answer:
        bot, channel = self._admit(call), call.path_values["id"]
        draft, files = await taken(call, self._ground)
        nonce, is_enforced = draft.value.get("nonce"), draft.value.get("enforce_nonce") is True
        if isinstance(nonce, str) and len(nonce) > LONGEST_NONCE:
            raise refused(400, 50035, "Invalid Form Body", {"nonce": {"_errors": [{"code": "NONCE_TYPE_TOO_LONG"}]}})
        first = self._same(bot, channel, nonce) if is_enforced else None
        if first is not None:
            await self.board.repeat(first, call)
            return as_json(shown(first, channel))
        message_id = next_id(self._ground, self.board)
        message = self.board.message(
            channel,
            message_id,
            draft.words,
            first_link(draft.value),
            url=f"{self._ground.base_url}/channels/1/{channel}/{message_id}",
            files=files,
            value=draft.value | {"author": _id_of(bot), "username": bot},
            called=draft.called,
        )
        await self.board.put(message, call)
        if nonce is not None:
            self._nonces[bot, channel, str(nonce)] = (message_id, self._ground.clock.now())
        return as_json(shown(message, channel))

    def _same(self, bot: str, channel: str, nonce: object) -> Message | None:
        """The message that came with this nonce in the past few minutes."""
        message_id, since = self._nonces.get((bot, channel, str(nonce)), ("", None))
        window = timedelta(seconds=self._ground.rules.nonce_window_s)
        if since is None or self._ground.clock.now() - since >= window:
            return None
        return self.board.find(channel, message_id)

    async def _list(self, call: Call) -> Answer:
        self._admit(call)
        limit = whole(call.asked("limit", str(DEFAULT_LISTED)))
        if limit is None or not 1 <= limit <= MOST_LISTED:
            raise refused(400, 50035, "Invalid Form Body", {"limit": {"_errors": [{"code": "NUMBER_TYPE_MAX"}]}})
        told = {name: whole(call.asked(name)) for name in ("before", "after")}
        bounds = {name: number for name, number in told.items() if number is not None}
        found = [
            message
            for message in self.board.listed(call.path_values["id"], call)
            if bounds.get("after", 0) < int(message.id) < bounds.get("before", 2**64)
        ]
        # Those nearest to `after`, newest first all the same.
        page = found[-limit:] if "after" in bounds else found[:limit]
        return as_json([shown(message, call.path_values["id"]) for message in page])

    async def _show(self, call: Call) -> Answer:
        self._admit(call)
        return as_json(shown(self._found(call), call.path_values["id"]))

    async def _edit(self, call: Call) -> Answer:
        changed = await edited(
            call, self._own(call, 50005, "Cannot edit a message authored by another user"), self._ground
        )
        return as_json(shown(await self.board.edit(changed, call), call.path_values["id"]))

    async def _delete(self, call: Call) -> Answer:
        await self.board.delete(self._own(call, 50013, "Missing Permissions"), call)
        return Answer(204, b"")

    async def _who(self, call: Call) -> Answer:
        bot = self._admit(call)
        return as_json({"id": _id_of(bot), "username": bot, "discriminator": "0", "bot": True})

    async def _channel(self, call: Call) -> Answer:
        self._admit(call)
        return as_json({"id": call.path_values["id"], "type": 0, "guild_id": "1", "name": "news"})

    def _admit(self, call: Call) -> str:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        bot = account_in(token.strip(), TOKEN_PREFIX) if scheme == "Bot" else None
        if bot is None:
            raise Refusal(self.trouble(401))
        return bot

    def _found(self, call: Call) -> Message:
        message = self.board.find(call.path_values["id"], call.path_values["message"])
        if message is None:
            raise refused(404, 10008, "Unknown Message")
        return message

    def _own(self, call: Call, code: int, sentence: str) -> Message:
        bot, message = self._admit(call), self._found(call)
        if message.value.get("username") != bot:
            raise refused(403, code, sentence)
        return message


def _id_of(bot: str) -> str:
    return str(10**17 + sum(bot.encode()))
