"""Messages that carry their picture: kept whole, and sent as a form that others can read."""

from __future__ import annotations

from email import message_from_bytes
from email.message import Message

import pytest

from channels.channel_rig import picture
from syndicate.channels.parcels import Parcel, Part, form_of


def read(content_type: str, body: bytes) -> list[Message]:
    """The parts, by a reader of the standard library."""
    form = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    return [part for part in form.get_payload() if isinstance(part, Message)]


def test_a_parcel_is_kept_whole() -> None:
    parcel = Parcel.of({"content": "Hérons", "embeds": []}, picture(b"\x00\xff\r\n--x"))

    again = Parcel.opened(parcel.kept())

    assert again == parcel
    assert again.file("files[0]") == Part("files[0]", b"\x00\xff\r\n--x", "image/jpeg", "image.jpg")
    assert Parcel.of({"b": 1, "a": 2}, None).kept() == Parcel.of({"a": 2, "b": 1}, None).kept()
    assert Parcel.of({}, None).file("files[0]") is None


def test_a_form_can_be_read_and_is_the_same_again() -> None:
    content = bytes(range(256)) + b"\r\n--syndicate--\r\n"
    parts = [Part("payload_json", b'{"a": 1}', "application/json"), Part("files[0]", content, "image/png", "image.png")]

    content_type, body = form_of(parts)

    assert (content_type, body) == form_of(parts)
    first, second = read(content_type, body)
    assert first.get_param("name", header="content-disposition") == "payload_json"
    assert (first.get_content_type(), first.get_payload(decode=True)) == ("application/json", b'{"a": 1}')
    assert second.get_filename() == "image.png"
    assert second.get_payload(decode=True) == content


@pytest.mark.parametrize("name", ['a"; filename="b', "a\r\nX: 1"])
def test_names_cannot_break_the_form(name: str) -> None:
    [part] = read(*form_of([Part(name, b"x", None, name)]))

    assert [key.lower() for key in part] == ["content-disposition"]
