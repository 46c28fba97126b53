from typing import Any

import aiohttp
import pytest

from syndicate.sandbox.wire import Call, Upload, form_of, whole


def call(body: bytes = b"", content_type: str = "", **fields: Any) -> Call:
    return Call("POST", "/", {}, fields.get("query", ()), {"content-type": content_type, **fields}, body)


async def test_a_multipart_body_keeps_bytes_as_they_are() -> None:
    form = aiohttp.FormData()
    body = bytes(range(256)) + b"\r\n--not the boundary\r\n\r\n"
    form.add_field("file", body, filename="a.jpg", content_type="image/jpeg")
    form.add_field("description", "Grüße")
    writer = form()
    stream = _Sink()
    await writer.write(stream)  # type: ignore[arg-type]  # a sink that only collects

    fields = form_of(call(bytes(stream.body), writer.content_type))

    assert fields == {"file": Upload(body, "image/jpeg", "a.jpg"), "description": "Grüße"}


class _Sink:
    def __init__(self) -> None:
        self.body = bytearray()

    async def write(self, chunk: bytes) -> None:
        self.body += chunk


def test_names_are_read_as_rails_reads_them() -> None:
    body = (
        b"status=a&media_ids[]=1&media_ids[]=2&media_attributes[][id]=1&media_attributes[][description]=x"
        b"&media_attributes[][id]=2&status=b"
    )

    assert form_of(call(body, "application/x-www-form-urlencoded")) == {
        "status": "b",
        "media_ids": ["1", "2"],
        "media_attributes": [{"id": "1", "description": "x"}, {"id": "2"}],
    }


def test_json_may_be_empty_but_must_be_an_object() -> None:
    assert form_of(call(b"", "application/json")) == {}
    with pytest.raises(ValueError, match="object"):
        form_of(call(b"[]", "application/json"))


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nno end"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Type: a/b\r\n\r\nno name\r\n--x--\r\n"),
    ],
)
def test_a_broken_multipart_body_is_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(ValueError, match="multipart"):
        form_of(call(body, content_type))


@pytest.mark.parametrize(
    ("header", "token"), [("Bearer abc", "abc"), ("bearer abc", "abc"), ("Basic abc", None), ("Bearer ", None)]
)
def test_the_bearer_token(header: str, token: str | None) -> None:
    assert call(authorization=header).bearer == token


def test_query_values() -> None:
    asked = Call("GET", "/", {}, (("a", "1"), ("a", "2"), ("b", "true")), {}, b"")

    assert (asked.asked("a"), asked.asked("c", "x"), asked.asked_yes("b"), asked.asked_yes("c")) == (
        "1",
        "x",
        True,
        False,
    )


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("25", 25), (7, 7), ("9" * 20, 10**20 - 1), ("9" * 4301, None), ("-1", None), ("٣", None), ("", None)],
)
def test_numbers_are_as_long_as_those_of_networks(text: object, number: int | None) -> None:
    assert whole(text) == number
