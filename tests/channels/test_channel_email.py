"""E-mail through a real SMTP server: what arrives, and what each failure proves."""

from __future__ import annotations

import asyncio
import io
import ssl
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from msgspec.structs import replace
from PIL import Image as Pillow
from pydantic import ValidationError

from channels.channel_rig import CANARY, PUBLISHED, card, channel_of, picture, post
from channels.mailbox import USER, Mailbox, mailbox
from channels.test_http import self_signed
from sandbox_rig import image_bytes
from syndicate.channels.email import EmailSettings
from syndicate.channels.http import Web
from syndicate.errors import NetworkError, Rejected, Transient, Unauthorized, Unknown
from syndicate.items.posting import Wording
from syndicate.outbox.delivery import Action
from syndicate.ports.channel import Channel
from syndicate.posts.compose import compose
from syndicate.posts.digest import Issue, digest_of

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SERVER = {"host": "127.0.0.1", "security": "none", "sender": "news@site.example", "to": "readers@lists.example"}


async def opened(web: Web, box: Mailbox, **settings: object) -> Channel:
    channel = channel_of("email", {**SERVER, "port": box.port, **settings}, web, clock=lambda: NOW)
    await channel.open()
    return channel


def frozen(channel: Channel, **changes: object) -> tuple[bytes, str]:
    made = post(channel.wants, picture=picture(image_bytes()) if channel.wants.image else None, **changes)
    key = channel.key_of("a" * 32, 0, PUBLISHED)
    return channel.freeze(made, "inline" if made.picture else None, key, NOW), key


async def test_a_message_arrives_with_text_page_and_picture(web: Web) -> None:
    async with mailbox() as box:
        channel = await opened(web, box, list_id="herons.lists.example", unsubscribe="https://lists.example/leave")
        payload, key = frozen(channel, title="Herøns & <Egrets>", brand="The Marsh")

        receipt = await channel.publish(payload, key)

    [envelope], [message] = box.envelopes, box.messages
    assert (envelope.mail_from, envelope.rcpt_tos) == ("news@site.example", ["readers@lists.example"])
    assert message["Subject"] == "Herøns & <Egrets>"
    assert str(message["From"]) == "Marsh Notes <news@site.example>"
    assert message["Message-ID"] == key == receipt.remote_id == f"<{'a' * 32}.0@site.example>"
    assert message["Date"].datetime == NOW
    assert message["List-Id"] == "<herons.lists.example>"
    assert message["List-Unsubscribe"] == "<https://lists.example/leave>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Auto-Submitted"] == "auto-generated"
    text, page = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None and page is not None
    assert "Herøns & <Egrets>" in text.get_content()
    assert "https://news.example.org/herons/1?from=feed&lang=en" in text.get_content()
    shown = page.get_content()
    assert "Herøns &amp; &lt;Egrets&gt;" in shown
    assert 'href="https://news.example.org/herons/1?from=feed&amp;lang=en"' in shown
    assert 'src="cid:picture" alt="A heron on one leg"' in shown
    [image] = [part for part in message.walk() if part.get_content_maintype() == "image"]
    assert image["Content-ID"] == "<picture>"
    assert Pillow.open(io.BytesIO(image.get_content())).size > (0, 0)
    assert max(len(line) for line in payload.split(b"\r\n")) <= 998


async def test_a_message_without_picture_shows_none(web: Web) -> None:
    async with mailbox() as box:
        channel = await opened(web, box, attach="none")
        payload, key = frozen(channel)

        await channel.publish(payload, key)

    assert channel.wants.image is None
    [message] = box.messages
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert b"cid:" not in payload


async def test_a_title_with_line_breaks_makes_no_header(web: Web) -> None:
    async with mailbox() as box:
        channel = await opened(web, box)
        made = replace(post(channel.wants), card=replace(post(channel.wants).card, title="One\r\nBcc: all@example.org"))
        key = channel.key_of("b" * 32, 0, PUBLISHED)

        await channel.publish(channel.freeze(made, None, key, NOW), key)

    [message] = box.messages
    assert message["Bcc"] is None
    assert message["Subject"] == "One Bcc: all@example.org"


async def test_a_correction_stands_in_the_thread_of_the_first_and_says_what_it_is(web: Web) -> None:
    async with mailbox() as box:
        channel = await opened(web, box)
        text = "Withdrawn: Herons are back\n\nNobody saw them."
        made = replace(post(channel.wants), text=text, spans=(), reply_to="<first@site.example>")
        key = channel.key_of("c" * 32, 0, PUBLISHED)

        await channel.publish(channel.freeze(made, None, key, NOW), key)

    assert channel.abilities == {Action.POST, Action.REPLY}
    [message] = box.messages
    assert (message["In-Reply-To"], message["References"]) == ("<first@site.example>",) * 2
    assert message["Subject"] == "Withdrawn: Herons are back"
    page = message.get_body(("html",))
    assert page is not None
    assert ">Nobody saw them.</p>" in page.get_content() and "<h1" not in page.get_content()


def test_own_words_stand_in_the_page_in_place_of_title_and_summary() -> None:
    channel = channel_of("email", SERVER, Web(), clock=lambda: NOW)
    card = replace(post(channel.wants).card, title="The title", summary="The summary", topics=("Birds",))
    made = compose(card, channel.wants, wording=Wording(text="We counted <twice>.\n\nOne.\nTwo."))

    message = message_from_bytes(channel.freeze(made, None, "<a@site.example>", NOW), policy=policy.default)

    assert isinstance(message, EmailMessage)
    page = message.get_body(("html",))
    assert page is not None
    shown = page.get_content()
    assert ">We counted &lt;twice&gt;.</p>" in shown and ">One.<br>Two.</p>" in shown
    assert "The summary" not in shown and "<h1" not in shown
    assert f'<a href="{card.url}">Read on'.replace("&", "&amp;") in shown


async def test_a_digest_lists_its_items_by_topic(web: Web) -> None:
    cards = (card(1), card(2, title="<Egrets>", topics=()), card(3, brand="The Marsh", authors=("Ada",)))
    issue = Issue("digest:news:1", cards, NOW, "https://news.example.org/", "en")
    async with mailbox() as box:
        channel = await opened(web, box)
        key = channel.key_of("d" * 32, 0, PUBLISHED)

        await channel.publish(channel.freeze(digest_of(issue, channel.wants.room), None, key, NOW), key)

    [message] = box.messages
    text, page = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None and page is not None
    assert message["Subject"] == "Marsh Notes: Herons are back, no. 1 (+2)"
    assert text.get_content().index("no. 3") < text.get_content().index("<Egrets>")
    shown = page.get_content()
    assert shown.index("Water Birds") < shown.index("Ada · The Marsh") < shown.index("&lt;Egrets&gt;")
    assert [shown.count(f"/herons/{number}?") for number in (1, 2, 3)] == [1, 1, 1]


async def test_the_same_delivery_is_the_same_bytes(web: Web) -> None:
    async with mailbox() as box:
        channel = await opened(web, box, attach="none")

        assert frozen(channel)[0] == frozen(channel)[0]


async def test_it_signs_in(web: Web) -> None:
    async with mailbox(password=CANARY) as box:
        channel = await opened(web, box, username=USER, password=CANARY)

        await channel.publish(*frozen(channel))

    assert len(box.envelopes) == 1


async def test_the_connection_is_encrypted_before_the_sign_in(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    async with mailbox(password=CANARY, tls=self_signed(tmp_path)) as box:
        with pytest.raises(Transient):
            await opened(web, box, security="starttls", username=USER, password=CANARY)
        monkeypatch.setattr("ssl.create_default_context", lambda: trusting)
        channel = await opened(web, box, security="starttls", username=USER, password=CANARY)

        await channel.publish(*frozen(channel))

    assert [session.ssl is not None for session in box.sessions] == [True]


async def test_a_refused_sign_in_tells_no_secret(web: Web) -> None:
    async with mailbox(password="another") as box:
        with pytest.raises(Unauthorized, match="username") as told:
            await opened(web, box, username=USER, password=CANARY)

    assert CANARY not in repr(told.value) + str(told.value.__context__)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"security": "starttls"}, r"no encryption \(STARTTLS\); set `security: tls`"),
        ({"username": USER, "password": CANARY}, r"no sign-in \(AUTH\).*; set the `port` for submission"),
    ],
)
async def test_what_a_server_does_not_offer_is_a_matter_for_a_person(
    web: Web, settings: dict[str, object], words: str
) -> None:
    async with mailbox() as box:
        with pytest.raises(Unauthorized, match=words):
            await opened(web, box, **settings)


@pytest.mark.parametrize(
    ("step", "answer", "kind"),
    [
        ("AUTH", "454 4.7.0 not now", Transient),
        ("AUTH", "535 5.7.8 no", Unauthorized),
        ("MAIL", "451 4.3.0 later", Transient),
        ("MAIL", "530 5.7.0 sign in first", Unauthorized),
        ("MAIL", "550 5.7.1 not you", Unauthorized),
        ("RCPT", "450 4.2.1 greylisted", Transient),
        ("RCPT", "550 5.1.1 nobody here", Unauthorized),
        ("DATA", "452 4.3.1 full", Transient),
        ("DATA", "554 5.7.1 looks like spam", Rejected),
    ],
)
async def test_a_no_proves_that_nothing_was_sent(web: Web, step: str, answer: str, kind: type[NetworkError]) -> None:
    async with mailbox(password=CANARY) as box:
        channel = await opened(web, box, username=USER, password=CANARY)
        box.answers[step] = answer

        with pytest.raises(kind, match=answer[:3]):
            await channel.publish(*frozen(channel))

    assert box.envelopes == []


async def test_an_answer_lost_after_the_message_is_unknown(web: Web) -> None:
    async with mailbox() as box:
        channel = await opened(web, box)
        box.is_cut_after = True

        with pytest.raises(Unknown, match="while the message was sent"):
            await channel.publish(*frozen(channel))

    assert len(box.envelopes) == 1


async def test_a_server_that_falls_silent_after_the_message_is_unknown(web: Web) -> None:
    async with mailbox() as box:
        channel = await opened(web, box)
        box.hangs_after = True

        with pytest.raises(Unknown):
            await channel.publish(*frozen(channel))


async def test_no_server_is_transient(web: Web) -> None:
    async with mailbox() as box:
        channel = await opened(web, box)
        payload, key = frozen(channel)

    with pytest.raises(Transient, match="no connection"):
        await channel.publish(payload, key)


async def test_something_else_than_a_mail_server_is_transient(web: Web) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        channel = channel_of("email", {**SERVER, "port": port}, web)

        with pytest.raises(Transient):
            await channel.open()


async def test_a_message_larger_than_the_server_takes_is_never_tried(web: Web) -> None:
    async with mailbox(size=2000) as box:
        channel = await opened(web, box)

        with pytest.raises(ValueError, match="2000"):
            frozen(channel)


async def test_a_server_that_names_an_endless_size_takes_any_message(web: Web) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        while line := await reader.readline():
            size = b"250-mail.example\r\n250-SIZE " + b"9" * 4301 + b"\r\n" if line.startswith(b"EHLO") else b""
            writer.write(size + b"250 Ok\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        channel = channel_of("email", {**SERVER, "port": port}, web)
        await channel.open()

        assert frozen(channel)


async def test_it_cannot_be_read_back(web: Web) -> None:
    channel = channel_of("email", SERVER, web)

    with pytest.raises(Rejected):
        await channel.find(b"", "", NOW - timedelta(days=1))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"host": "smtp.example"}, "security"),
        ({"to": "all"}, "e-mail address"),
        ({"to": "lesende@höhle.example"}, "ASCII"),
        ({"sender": "höhle@site.example"}, "ASCII"),
        ({"to": "a@b.example\nBcc: c@d.example"}, "e-mail address"),
        ({"username": USER}, "password"),
        ({"password": CANARY}, "username"),
        ({"unsubscribe": "http://lists.example/leave"}, "https"),
    ],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem) as told:
        EmailSettings.model_validate({**SERVER, **changes})

    assert CANARY not in str(told.value)
