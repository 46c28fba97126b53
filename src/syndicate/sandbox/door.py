"""Between a socket and a fake network: reads the request, lets the planned fault happen, sends the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Protocol

from aiohttp import web

from syndicate.sandbox.faults import Effect, InjectedFault, Plan
from syndicate.sandbox.spoiling import cut, reset_soon, spoil
from syndicate.sandbox.wire import Answer, Call, Refusal, Route

# Each of these is (status, whether the network does the thing first).
ERRORS = {
    Effect.ERROR_500_BEFORE: (500, False),
    Effect.ERROR_500_AFTER: (500, True),
    Effect.ERROR_502_BEFORE: (502, False),
    Effect.ERROR_502_AFTER: (502, True),
    Effect.ERROR_503_BEFORE: (503, False),
    Effect.ERROR_503_AFTER: (503, True),
    Effect.ERROR_504_BEFORE: (504, False),
    Effect.ERROR_504_AFTER: (504, True),
    Effect.UNAUTHORIZED_401: (401, False),
    Effect.FORBIDDEN_403: (403, False),
    Effect.GONE_410: (410, False),
}
REDIRECTS = {Effect.REDIRECT_302: 302, Effect.REDIRECT_307: 307}
LOGIN_PAGE = b"<!doctype html><html lang=en><title>Log in</title><p>Please log in to continue.</p></html>"


class Network(Protocol):
    """A fake network, as the door sees it."""

    @property
    def name(self) -> str:
        """Its name in plans and in the log."""

    def routes(self) -> Sequence[Route]:
        """Everything it answers."""

    def trouble(self, status: int) -> Answer:
        """An error with this status in the shape this network gives its errors."""

    def limited(self, until: datetime, wait_s: int) -> Answer:
        """Its 429 with its own way to tell when the limit ends, without Retry-After."""

    def reset(self) -> None:
        """Forget every account and post."""


class Door:
    """The way into one network, with its faults."""

    def __init__(self, network: Network, plan: Plan) -> None:
        self.network = network
        self._plan = plan
        self._late: set[asyncio.Task[Answer]] = set()
        self._slow: set[asyncio.Task[None]] = set()

    @property
    def pending(self) -> int:
        """Late commits that are still to come; a verdict has to wait until there are none."""
        return len(self._late)

    def handler(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """What aiohttp calls for this route."""

        async def answer(request: web.Request) -> web.StreamResponse:
            call = await call_of(request)
            fault = self._plan.next(self.network.name, route.kind)
            if fault is None:
                return response_of(await answer_of(route, call))
            return await self._spoilt(route, call, fault, request)

        return answer

    async def settle(self) -> None:
        """Wait until every late commit is done."""
        await asyncio.gather(*tuple(self._late))

    async def forget(self) -> None:
        """Drop what is still to be committed late."""
        late = (*self._late, *self._slow)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _spoilt(self, route: Route, call: Call, fault: InjectedFault, request: web.Request) -> web.StreamResponse:
        delay_s = fault.delay_ms / 1000
        match fault.effect:
            case Effect.RESET_BEFORE:
                return cut(request, is_reset=True)
            case Effect.LATE_COMMIT:
                self._commit_later(route, call, delay_s)
                return cut(request)
            case Effect.SLOW:
                await self._dawdle(delay_s)
            case Effect.PROCESSING_202:
                call = replace(call, polls=fault.polls)
            case Effect.PAGE_LOSS:
                call = replace(call, lacks=fault.lacks)
            case _ if (refused := self._refused(fault)) is not None:
                return response_of(refused)
        answer = await answer_of(route, call)
        return await self._sent(answer, fault, request)

    async def _sent(self, answer: Answer, fault: InjectedFault, request: web.Request) -> web.StreamResponse:
        """The answer to something that is done by now, spoilt as the fault says."""
        match fault.effect:
            case Effect.LOST_AFTER:
                return cut(request)
            case Effect.SLOW_AFTER:
                await asyncio.sleep(fault.delay_ms / 1000)
            case Effect.TRUNCATED_JSON:
                return response_of(replace(answer, status=200, body=answer.body[: len(answer.body) // 2]))
            case Effect.SHORT_BODY | Effect.LONG_BODY | Effect.SLOW_HEADERS | Effect.SLOW_BODY | Effect.HALF_CLOSED:
                return await spoil(answer, fault, request)
            case Effect.KEEPALIVE_RESET:
                reset_soon(request)
            case Effect.SKEWED_DATE:
                told_at = datetime.now(UTC) + timedelta(seconds=fault.skew_s)
                return response_of(answer.with_headers({"Date": format_datetime(told_at, usegmt=True)}))
            case effect if effect in ERRORS:
                return response_of(self.network.trouble(ERRORS[effect][0]))
        return response_of(answer)

    async def _dawdle(self, delay_s: float) -> None:
        """Wait before doing the thing, unless it is forgotten meanwhile: then it is never done."""
        wait = asyncio.create_task(asyncio.sleep(delay_s))
        self._slow.add(wait)
        wait.add_done_callback(self._slow.discard)
        await wait

    def _refused(self, fault: InjectedFault) -> Answer | None:
        """The answer of a fault that keeps the network from doing anything, None for the others."""
        if fault.effect in REDIRECTS:
            return Answer(REDIRECTS[fault.effect], b"", {"Location": "/login"})
        if fault.effect is Effect.HTML_200:
            return Answer(200, LOGIN_PAGE, content_type="text/html; charset=utf-8")
        if fault.effect is Effect.ERROR_429:
            return self._limited(fault)
        status, is_done = ERRORS.get(fault.effect, (0, True))
        return None if is_done else self.network.trouble(status)

    def _limited(self, fault: InjectedFault) -> Answer:
        until = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=fault.retry_after)
        told = {
            "seconds": {"Retry-After": str(fault.retry_after)},
            "date": {"Retry-After": format_datetime(until, usegmt=True)},
            "absent": {},
            "absurd": {"Retry-After": "after lunch"},
        }[fault.form]
        return self.network.limited(until, fault.retry_after).with_headers(told)

    def _commit_later(self, route: Route, call: Call, delay_s: float) -> None:
        async def commit() -> Answer:
            await asyncio.sleep(delay_s)
            return await answer_of(route, call)

        task = asyncio.create_task(commit())
        self._late.add(task)
        task.add_done_callback(self._late.discard)


async def call_of(request: web.Request) -> Call:
    """The request as a value, read to its end."""
    return Call(
        method=request.method,
        path=request.path,
        path_values=dict(request.match_info),
        query=tuple(request.query.items()),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=await request.read(),
    )


async def answer_of(route: Route, call: Call) -> Answer:
    """What the network says, refusals included."""
    try:
        return await route.answer(call)
    except Refusal as refusal:
        return refusal.answer


def response_of(answer: Answer) -> web.Response:
    """The answer as aiohttp sends it."""
    headers = {"Content-Type": answer.content_type, **answer.headers}
    return web.Response(status=answer.status, body=answer.body, headers=headers)
