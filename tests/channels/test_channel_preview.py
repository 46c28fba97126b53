"""Preview: files beside each other, one page over them, nothing doubled, nothing outside the folder."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import html

from channels.channel_rig import ALT, PUBLISHED, channel_of, picture, post
from channels.scripted import NOW
from syndicate.channels.http import Web
from syndicate.channels.preview import SHOWN, UPLOADS
from syndicate.errors import Rejected, Transient
from syndicate.outbox.delivery import Receipt
from syndicate.ports.channel import Channel

ITEM = "herons-1-dc1d82"
"""Folder of the item `herons:1`."""


def preview(folder: Path, **settings: object) -> Channel:
    return channel_of("preview", {"folder": str(folder), **settings}, Web(), clock=lambda: NOW)


async def posted(channel: Channel, number: int = 1, *, content: bytes | None = b"jpeg", **changes: object) -> Receipt:
    shown = None if content is None else picture(content)
    made = post(channel.wants, number, picture=shown, **changes)
    media = None if shown is None else await channel.upload(shown)
    key = channel.key_of(f"uid{number}", 0, PUBLISHED)
    return await channel.publish(channel.freeze(made, media, key, NOW), key)


def page_in(folder: Path) -> html.HtmlElement:
    return html.fromstring((folder / "index.html").read_text(encoding="utf-8"))


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


async def test_a_post_is_three_files_and_a_card_on_the_page(tmp_path: Path) -> None:
    channel = preview(tmp_path)

    receipt = await posted(channel)

    assert receipt.remote_id == f"{ITEM}/news.json"
    assert receipt.url == f"{(tmp_path / 'index.html').as_uri()}#{ITEM}"
    assert files_in(tmp_path) == [
        f"{ITEM}/news.jpg",
        f"{ITEM}/news.json",
        f"{ITEM}/news.txt",
        "index.html",
    ]
    written = json.loads((tmp_path / receipt.remote_id).read_bytes())
    text = (tmp_path / receipt.remote_id).with_suffix(".txt").read_text(encoding="utf-8")
    assert text == f"{written['text']}\n\n[image, 1200x630: {ALT}]\n"
    assert page_in(tmp_path).xpath("//article/@id") == [ITEM]


async def test_the_page_shows_text_image_alt_link_tags_and_length(tmp_path: Path) -> None:
    channel = preview(tmp_path)
    await posted(channel)

    page = page_in(tmp_path)

    assert page.xpath("string(//div[@class='text'])").startswith("Herons are back, no. 1\n\nThey stand")
    [image] = page.xpath("//figure/img")
    assert (image.get("src"), image.get("alt")) == (f"{ITEM}/news.jpg", ALT)
    assert (tmp_path / image.get("src")).read_bytes() == b"jpeg"
    assert page.xpath("//a[@class='link']/@href") == ["https://news.example.org/herons/1?from=feed&lang=en"]
    assert page.xpath("string(//span[@class='tags'])").strip() == "#WaterBirds"
    length = json.loads((tmp_path / f"{ITEM}/news.json").read_bytes())["length"]
    assert page.xpath("string(//span[contains(@class, 'count')])") == f"{length}/500"


async def test_the_page_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    await posted(preview(tmp_path))

    loaded = page_in(tmp_path).xpath("//@src | //link/@href | //script")

    assert all(not str(place).startswith(("http", "//")) for place in loaded)


async def test_foreign_text_cannot_become_markup(tmp_path: Path) -> None:
    title = "<script>alert(1)</script> & <img src=x onerror=alert(1)>"

    await posted(preview(tmp_path), title=title, summary='"><b>x', url="javascript:alert(1)")

    page = page_in(tmp_path)
    assert page.xpath("//script | //img[@onerror]") == []
    assert title in page.xpath("string(//a[@class='link']/b)")
    assert page.xpath("//a[@class='link']/@href") == ["#"]


async def test_an_item_posted_again_replaces_itself(tmp_path: Path) -> None:
    channel = preview(tmp_path)
    await posted(channel, title="The first title")

    await posted(channel, title="The second title", content=b"another jpeg")

    assert len(page_in(tmp_path).xpath("//article")) == 1
    assert "The second title" in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert (tmp_path / f"{ITEM}/news.jpg").read_bytes() == b"another jpeg"


async def test_the_newest_item_stands_first_and_the_page_has_an_end(tmp_path: Path) -> None:
    channel = preview(tmp_path)
    await posted(channel, 1, published=PUBLISHED)
    sample = (tmp_path / f"{ITEM}/news.json").read_text(encoding="utf-8")
    for number in range(2, SHOWN + 5):
        (tmp_path / f"item-{number}").mkdir()
        (tmp_path / f"item-{number}/news.json").write_text(sample.replace("herons:1", f"herons:{number}"))

    await posted(preview(tmp_path), 0, published=PUBLISHED + timedelta(days=1), title="The newest")

    page = page_in(tmp_path)
    titles = page.xpath("//article/a/b/text()")
    assert (len(titles), titles[0]) == (SHOWN, "The newest")
    assert "The 5 oldest are not shown" in page.text_content()


async def test_what_another_process_writes_is_shown_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = preview(tmp_path), preview(tmp_path)
    await posted(one, 1)
    await posted(other, 2)
    monkeypatch.setattr("syndicate.channels.preview.RESCAN", timedelta(0))

    await posted(one, 3)

    assert len(page_in(tmp_path).xpath("//article")) == 3


async def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds/feed.json").write_text("{}")

    await posted(preview(tmp_path))

    assert (tmp_path / "feeds/feed.json").read_text() == "{}"
    assert len(page_in(tmp_path).xpath("//article")) == 1


async def test_an_empty_folder_gets_a_page_that_says_so(tmp_path: Path) -> None:
    await preview(tmp_path / "new").open()

    assert "No posts yet" in (tmp_path / "new/index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("item_id", ["../../etc/passwd", "..", "/", "a\\b\0c", "", "ü" * 300, "CON"])
async def test_no_item_leaves_the_folder(tmp_path: Path, item_id: str) -> None:
    folder = tmp_path / "preview"

    receipt = await posted(preview(folder), item_id=item_id)

    assert {path.partition("/")[0] for path in files_in(tmp_path)} == {"preview"}
    assert (folder / receipt.remote_id).is_file()
    assert len(Path(receipt.remote_id).parts) == 2


async def test_ids_that_look_alike_stay_apart(tmp_path: Path) -> None:
    channel = preview(tmp_path)

    receipts = [await posted(channel, item_id=item_id) for item_id in ("a:1", "a-1", "A:1")]

    assert len({receipt.remote_id for receipt in receipts}) == 3


async def test_a_picture_that_is_gone_is_asked_for_again(tmp_path: Path) -> None:
    channel = preview(tmp_path)
    made = post(channel.wants, picture=picture())
    payload = channel.freeze(made, await channel.upload(picture()), "key", NOW)
    for path in (tmp_path / UPLOADS).iterdir():
        path.unlink()

    with pytest.raises(Rejected) as told:
        await channel.publish(payload, "key")

    assert told.value.is_stale_media
    assert files_in(tmp_path) == []


async def test_a_picture_no_browser_shows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="image/tiff"):
        await preview(tmp_path).upload(picture(media_type="image/tiff"))


async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "preview").write_text("a file")
    channel = preview(tmp_path / "preview")

    with pytest.raises(Transient, match="give the publisher the right to write"):
        await channel.open()
    with pytest.raises(Transient, match="preview"):
        await posted(channel)


async def test_another_key_is_not_ours(tmp_path: Path) -> None:
    channel = preview(tmp_path)
    await posted(channel)
    other = channel.freeze(post(channel.wants), None, "another", NOW)

    assert await channel.find(other, "another", NOW) is None


async def test_a_picture_without_alt_text_is_pointed_out(tmp_path: Path) -> None:
    channel = preview(tmp_path)
    made = post(channel.wants, picture=picture(alt=""))

    await channel.publish(channel.freeze(made, await channel.upload(picture(alt="")), "key", NOW), "key")

    assert "NO ALT" in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "no alt text]" in (tmp_path / ITEM / "news.txt").read_text(encoding="utf-8")
