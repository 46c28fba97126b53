"""Answers by heart are the answers that were given, and are given only where nothing else can be meant."""

from __future__ import annotations

import asyncio
import gzip
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from shelf.test_serve import SITE
from syndicate.shelf.listen import listening
from syndicate.shelf.recall import FRESH_S, MOST_ANSWERS, Recall
from syndicate.shelf.serve import feed_server
from syndicate.shelf.version import Version

LIMIT_S = 20.0
FEED = b"<rss>" + b"news " * 2000 + b"</rss>"
ASK = b"GET /all/rss.xml HTTP/1.1\r\nHost: feeds.example\r\n\r\n"


class Client:
    """A connection to a feed server over a folder, and how often it answered by heart."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hits: list[bytes]) -> None:
        self.reader = reader
        self.writer = writer
        self.hits = hits

    async def ask(self, said: bytes = ASK) -> tuple[bytes, dict[bytes, bytes], bytes]:
        """Status line, headers but for the date, and body."""
        self.writer.write(said)
        return await self.answer(has_body=not said.startswith(b"HEAD"))

    async def answer(self, *, has_body: bool = True) -> tuple[bytes, dict[bytes, bytes], bytes]:
        """The next answer."""
        async with asyncio.timeout(LIMIT_S):
            head = await self.reader.readuntil(b"\r\n\r\n")
            status, *lines = head.rstrip().split(b"\r\n")
            headers = {key.lower(): value for key, value in (line.split(b": ", 1) for line in lines)}
            assert headers.pop(b"date").endswith(b"GMT")
            size = int(headers.get(b"content-length", b"0")) if has_body else 0
            return status, headers, await self.reader.readexactly(size)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "rss.xml").write_bytes(FEED)
    return tmp_path


@asynccontextmanager
async def served(root: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    hits: list[bytes] = []
    true_answer = Recall.answer

    def answer(self: Recall, asked: bytes) -> bytes | None:
        found = true_answer(self, asked)
        hits.extend([found] if found is not None else [])
        return found

    monkeypatch.setattr(Recall, "answer", answer)
    async with listening(feed_server(root, SITE), "127.0.0.1", 0, most=5) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        yield Client(reader, writer, hits)
        writer.close()


@pytest.mark.parametrize(
    "header",
    [b"", b"Accept-Encoding: gzip\r\n", b"Accept-Encoding: br\r\n", b"If-None-Match: *\r\n", b"Accept: text/html\r\n"],
)
async def test_answer_by_heart_is_the_same_answer(root: Path, monkeypatch: pytest.MonkeyPatch, header: bytes) -> None:
    said = ASK.replace(b"\r\n\r\n", b"\r\n" + header + b"\r\n")
    async with served(root, monkeypatch) as client:
        first, second, third = [await client.ask(said) for _ in range(3)]

        assert first == second == third
        assert len(client.hits) == 2
        assert first[0] in (b"HTTP/1.1 200 OK", b"HTTP/1.1 304 Not Modified")
        if b"gzip" in header:
            assert gzip.decompress(first[2]) == FEED


async def test_new_file_is_served_at_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(root, monkeypatch) as client:
        bodies = [(await client.ask())[2] for _ in range(2)]
        new = root / "all" / "new"
        new.write_bytes(FEED.replace(b"news", b"olds"))
        new.replace(root / "all" / "rss.xml")
        bodies += [(await client.ask())[2] for _ in range(2)]
        (root / "all" / "rss.xml").unlink()
        gone, _, _ = await client.ask()

    assert bodies == [FEED, FEED, *[FEED.replace(b"news", b"olds")] * 2]
    assert gone.split()[1] in (b"404", b"503")


@pytest.mark.parametrize(
    "said",
    [
        ASK.replace(b"GET", b"HEAD"),
        ASK.replace(b"/all/rss.xml", b"/all/none.xml"),
        ASK.replace(b"/all/rss.xml", b"/all"),
        ASK.replace(b"\r\n\r\n", b"\r\nExpect: x\r\n\r\n"),
        ASK.replace(b"\r\n\r\n", b"\r\nX: " + b"x" * 2100 + b"\r\n\r\n"),
    ],
)
async def test_what_is_no_plain_wish_for_a_file_is_never_answered_by_heart(
    root: Path, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    async with served(root, monkeypatch) as client:
        answers = [await client.ask(said) for _ in range(2)]

        assert answers[0] == answers[1]
        assert client.hits == []


@pytest.mark.parametrize(
    "said", [ASK.replace(b"1.1", b"1.0"), ASK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")]
)
async def test_connection_that_is_to_end_ends(root: Path, monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    async with served(root, monkeypatch) as client:
        status, _, body = await client.ask(said)

        assert (status.split()[1], body) == (b"200", FEED)
        assert await asyncio.wait_for(client.reader.read(), LIMIT_S) == b""


async def test_requests_in_one_piece_or_in_many_are_all_answered(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(root, monkeypatch) as client:
        await client.ask()
        client.writer.write(ASK * 3)
        together = [await client.answer() for _ in range(3)]
        for part in (ASK[:20], ASK[20:]):
            client.writer.write(part)
            await client.writer.drain()
            await asyncio.sleep(0.01)
        parted = await client.answer()
        again = await client.ask()

        assert [body for _, _, body in (*together, parted, again)] == [FEED] * 5
        assert client.hits == []


async def test_request_within_another_one_is_its_body(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in request smuggling: what one reader takes for a request is part of another one's."""
    async with served(root, monkeypatch) as client:
        await client.ask()
        outer = b"POST /all/rss.xml HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(ASK)
        client.writer.write(outer)
        await client.writer.drain()
        await asyncio.sleep(0.02)
        client.writer.write(ASK)
        refused, _, _ = await client.answer()
        status, _, body = await client.ask()

        assert (refused.split()[1], status.split()[1], body) == (b"405", b"200", FEED)
        assert client.hits == []


async def test_client_that_takes_nothing_in_is_not_piled_up_for(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "all" / "rss.xml").write_bytes(os.urandom(2_000_000))
    async with served(root, monkeypatch) as client:
        await client.ask()
        for _ in range(30):
            client.writer.write(ASK)
            await asyncio.sleep(0.002)

        assert len(client.hits) < 10
        assert [len((await client.answer())[2]) for _ in range(30)] == [2_000_000] * 30


OTHER_VOICE = ASK.replace(b"feeds.example", b"127.0.0.1:8080").replace(b"\r\n\r\n", b"\r\nuser-agent: reader/2\r\n\r\n")


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        (ASK, ASK.replace(b"feeds.example", b"[::1]:8080"), True),
        (OTHER_VOICE, OTHER_VOICE.replace(b"reader/2", b"reader/3 (+https://reader.example/; 7 readers)"), True),
        (ASK, OTHER_VOICE, False),
        (ASK, ASK.replace(b"\r\nHost: feeds.example", b""), False),
        (ASK, ASK.replace(b"\r\n\r\n", b"\r\nHost: feeds.example\r\n\r\n"), False),
        (ASK, ASK.replace(b"feeds.example", b"feeds\x00example"), False),
        (ASK, ASK.replace(b"Host: feeds.example", b"Host: feeds.example\r\n more"), False),
        (ASK, ASK.replace(b"Host", b"If-None-Match"), False),
        (ASK.replace(b"Host", b"Accept-Encoding"), ASK.replace(b"Host: feeds.example", b"Accept-Encoding: br"), False),
    ],
)
def test_only_who_asks_makes_no_difference(first: bytes, second: bytes, is_same: bool) -> None:
    version = Version((1, 2, 3), b"content", '"tag"', datetime.now(UTC))
    recall = Recall({"a": version}.get)
    recall.learn(first, "a", version, "", "200 OK", {})

    assert (recall.answer(second) is not None) == is_same


def test_answers_are_kept_for_a_moment() -> None:
    now = [0.0]
    version = Version((1, 2, 3), b"content", '"tag"', datetime.now(UTC))
    recall = Recall({"a": version}.get, clock=lambda: now[0])
    recall.learn(b"one", "a", version, "", "200 OK", {"ETag": '"tag"'})
    found = recall.answer(b"one")
    now[0] += FRESH_S + 0.5

    assert found is not None
    assert found.startswith(b'HTTP/1.1 200 OK\r\nETag: "tag"\r\nContent-Length: 7\r\nDate: ')
    assert found.endswith(b"\r\n\r\ncontent")
    assert recall.answer(b"one") is None


def test_form_that_was_not_made_since_is_not_known_by_heart() -> None:
    packed = Version((1, 2, 3), b"content", '"tag"', datetime.now(UTC), ("gzip",), {"gzip": b"c"})
    standing = {"a": packed}
    recall = Recall(standing.get)
    recall.learn(b"one", "a", packed, "gzip", "200 OK", {})
    found = recall.answer(b"one")
    standing["a"] = replace(packed, packed={})

    assert found is not None
    assert found.endswith(b"\r\n\r\nc")
    assert recall.answer(b"one") is None


def test_what_was_not_asked_for_longest_is_forgotten_first() -> None:
    version = Version((1, 2, 3), b"content", '"tag"', datetime.now(UTC))
    standing: dict[str, Version] = {"a": version}
    recall = Recall(standing.get, clock=lambda: 0.0)
    for number in range(MOST_ANSWERS):
        recall.learn(b"%d" % number, "a", version, None, "304 Not Modified", {})
    recall.answer(b"0")
    recall.learn(b"one more", "a", version, None, "304 Not Modified", {})

    assert recall.answer(b"1") is None
    assert recall.answer(b"0") is not None
    standing.clear()
    assert recall.answer(b"2") is None
