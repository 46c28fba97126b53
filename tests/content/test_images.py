from __future__ import annotations

import asyncio
import os
import select
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from msgspec.structs import replace

from content.picturing import CARD, PHOTO, Shown, bands, bomb, noise, opened, saved, turned
from syndicate.content.fetch import Fetcher
from syndicate.content.images import PictureMaker, upright
from syndicate.errors import ImageUnusable
from syndicate.items.item import Image

SAMPLE = saved(bands(1920, 1080), "JPEG")
STORE = {"a.jpeg": SAMPLE, "b.png": saved(bands(640, 480), "PNG"), "bomb.png": bomb(20_000, 20_000)}


def maker(store: Shown, **more: float) -> PictureMaker:
    return PictureMaker(store, Fetcher(), **more)  # type: ignore[arg-type]  # only images are asked of the store


def children() -> set[int]:
    """The processes that this one started and that are still there."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # ended while we looked
        if int(fields[1]) == os.getpid():
            found.add(int(stat.parent.name))
    return found


def environment_of(child: int) -> bytes:
    return Path(f"/proc/{child}/environ").read_bytes()


def kill(child: int) -> None:
    """Kill and see it dead, yet leave it to its parent to collect."""
    os.kill(child, signal.SIGKILL)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)


def wait_for_job(child: int) -> None:
    """Return when there is something in the child's input, read by nobody yet."""
    pipe = os.open(f"/proc/{child}/fd/0", os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert select.select([pipe], [], [], 10)[0]
    finally:
        os.close(pipe)


def memory_limit_of(child: int) -> str:
    limits = Path(f"/proc/{child}/limits").read_text().splitlines()
    return next(line.split()[3] for line in limits if line.startswith("Max address space"))


async def test_picture_is_made_for_the_network() -> None:
    async with maker(Shown(**STORE)) as images:
        card = await images.picture(Image("a.jpeg", "Three bands"), CARD)
        photo = await images.picture(Image("b.png", "Three bands"), replace(PHOTO, media_types=("image/png",)))

    assert (card.media_type, card.width_px, card.height_px, card.alt) == ("image/jpeg", 1200, 630, "Three bands")
    assert opened(card.content).size == (1200, 630)
    assert len(card.content) <= CARD.limit_bytes
    assert (photo.media_type, photo.width_px, photo.height_px) == ("image/png", 640, 480)


async def test_alt_text_is_cut_at_the_network_s_limit() -> None:
    rules = replace(CARD, limit_alt=20)

    async with maker(Shown(**STORE)) as images:
        long = await images.picture(Image("a.jpeg", "A very long description of bands"), rules)
        short = await images.picture(Image("a.jpeg", "A short one"), rules)

    assert long.alt == "A very long…"
    assert short.alt == "A short one"


@pytest.mark.parametrize(("ref", "reason"), [("gone.png", "is gone"), ("bomb.png", "has more than 50 megapixels")])
async def test_unusable_image_is_told_with_its_place(ref: str, reason: str) -> None:
    async with maker(Shown(**STORE)) as images:
        with pytest.raises(ImageUnusable) as caught:
            await images.picture(Image(ref, ""), CARD)
        assert (await images.picture(Image("a.jpeg", ""), CARD)).width_px == 1200

    assert (caught.value.ref, caught.value.reason) == (ref, reason)


async def test_same_picture_is_decoded_once_for_all_channels() -> None:
    async with maker(Shown(**STORE)) as images:
        first, second, third = await asyncio.gather(
            images.picture(Image("a.jpeg", "One"), CARD),
            images.picture(Image("a.jpeg", "Two"), replace(CARD, limit_alt=2)),
            images.picture(Image("a.jpeg", "One"), PHOTO),
        )

    assert first.content is second.content
    assert (first.alt, second.alt) == ("One", "T…")
    assert third.content is not first.content


async def test_changed_file_gives_a_new_picture() -> None:
    store = Shown(**STORE)
    async with maker(store) as images:
        before = await images.picture(Image("b.png", ""), PHOTO)
        store.images["b.png"] = saved(bands(320, 240), "PNG")
        after = await images.picture(Image("b.png", ""), PHOTO)

    assert (before.width_px, after.width_px) == (640, 320)


async def test_only_the_last_pictures_are_kept() -> None:
    names = [f"{number}.png" for number in range(17)]
    store = Shown(**{name: saved(bands(20 + number, 20), "PNG") for number, name in enumerate(names)})
    async with maker(store) as images:
        first = await images.picture(Image(names[0], ""), PHOTO)
        last = [await images.picture(Image(name, ""), PHOTO) for name in names[1:]][-1]
        again = await images.picture(Image(names[0], ""), PHOTO)
        kept = await images.picture(Image(names[16], ""), PHOTO)

    assert again.content == first.content
    assert again.content is not first.content
    assert kept.content is last.content


async def test_child_starts_with_the_first_picture_and_ends_with_the_maker() -> None:
    before = children()
    async with maker(Shown(**STORE)) as images:
        unstarted = children() - before
        await images.picture(Image("a.jpeg", ""), CARD)
        started = children() - before
        await images.picture(Image("b.png", ""), CARD)
        same = children() - before

    assert unstarted == set()
    assert len(started) == 1
    assert same == started
    assert children() - before == set()


async def test_child_has_a_memory_limit_and_does_not_see_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNDICATE_CHANNELS__NEWS__TOKEN", "not-a-real-token")
    before = children()
    async with maker(Shown(**STORE)) as images:
        await images.picture(Image("b.png", ""), PHOTO)
        (child,) = children() - before
        environment, memory = environment_of(child), memory_limit_of(child)

    assert int(memory) <= 1024**3
    assert b"SYNDICATE" not in environment


async def test_child_outlives_signals_that_are_meant_for_us() -> None:
    before = children()
    async with maker(Shown(**STORE)) as images:
        await images.picture(Image("b.png", ""), PHOTO)
        (child,) = children() - before
        os.kill(child, signal.SIGINT)
        os.kill(child, signal.SIGTERM)
        await images.picture(Image("a.jpeg", ""), PHOTO)

        assert children() - before == {child}


async def test_killed_child_is_replaced() -> None:
    before = children()
    async with maker(Shown(**STORE)) as images:
        await images.picture(Image("b.png", ""), PHOTO)
        (child,) = children() - before
        kill(child)
        picture = await images.picture(Image("a.jpeg", ""), PHOTO)

    assert picture.width_px == 1920


async def test_image_that_takes_too_much_work_is_given_up() -> None:
    store = Shown(**STORE, **{"slow.png": saved(noise(1500, 1000), "PNG", compress_level=1)})
    rules = replace(PHOTO, media_types=("image/webp",), limit_bytes=2_000)
    async with maker(store, limit_s=0.4) as images:
        with pytest.raises(ImageUnusable, match=r"slow\.png: takes longer than 0\.4 s to decode"):
            await images.picture(Image("slow.png", ""), rules)


async def test_child_that_hangs_is_killed_and_replaced() -> None:
    before = children()
    async with maker(Shown(**STORE), limit_s=1.0) as images:
        await images.picture(Image("b.png", ""), PHOTO)
        (child,) = children() - before
        os.kill(child, signal.SIGSTOP)
        with pytest.raises(ImageUnusable, match="takes longer than 1 s"):
            await images.picture(Image("a.jpeg", ""), PHOTO)
        picture = await images.picture(Image("a.jpeg", ""), PHOTO)

        assert picture.width_px == 1920
        assert child not in children()


async def test_child_that_dies_at_work_costs_one_picture() -> None:
    before = children()
    async with maker(Shown(**STORE)) as images:
        await images.picture(Image("b.png", ""), PHOTO)
        (child,) = children() - before
        os.kill(child, signal.SIGSTOP)
        work = asyncio.create_task(images.picture(Image("a.jpeg", ""), PHOTO))
        await asyncio.to_thread(wait_for_job, child)
        os.kill(child, signal.SIGKILL)
        with pytest.raises(ImageUnusable, match="makes the decoder fail"):
            await work
        picture = await images.picture(Image("a.jpeg", ""), CARD)

    assert picture.width_px == 1200


async def test_cancelled_work_leaves_nothing_behind() -> None:
    before = children()
    async with maker(Shown(**STORE)) as images:
        await images.picture(Image("b.png", ""), PHOTO)
        (child,) = children() - before
        os.kill(child, signal.SIGSTOP)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await images.picture(Image("a.jpeg", ""), PHOTO)
        picture = await images.picture(Image("a.jpeg", ""), CARD)

        assert picture.width_px == 1200
        assert child not in children()
    assert children() - before == set()


async def test_maker_closes_a_child_that_hangs() -> None:
    before = children()
    async with maker(Shown(**STORE)) as images:
        await images.picture(Image("b.png", ""), PHOTO)
        (child,) = children() - before
        os.kill(child, signal.SIGSTOP)

    assert children() - before == set()


def test_a_photo_is_put_upright_in_a_child_that_ends() -> None:
    before = children()

    image = opened(upright("a.jpeg", turned(bands(300, 400), 6)))

    assert image.size == (400, 300)
    assert children() == before


def test_putting_upright_has_an_end() -> None:
    before = children()

    with pytest.raises(ImageUnusable, match=r"a.jpeg: takes longer than 0.01 s"):
        upright("a.jpeg", turned(noise(4000, 3000), 6), limit_s=0.01)

    assert children() == before


def test_what_cannot_be_put_upright_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImageUnusable, match=r"a.jpeg: is no JPEG"):
        upright("a.jpeg", b"text")
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(ImageUnusable, match=r"a.jpeg: makes the decoder fail"):
        upright("a.jpeg", b"text")


@pytest.fixture
async def remote() -> AsyncIterator[tuple[str, list[str]]]:
    """A web server on loopback with one image; gives its URL and the requests that came."""
    asked: list[str] = []

    async def show(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(body=SAMPLE, content_type="text/plain")

    app = web.Application()
    app.router.add_get("/{path:.*}", show)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    await runner.cleanup()


async def test_remote_image_is_fetched_once_for_all_channels(remote: tuple[str, list[str]]) -> None:
    url, asked = remote
    permitted = frozenset({("127.0.0.1", int(url.rpartition(":")[2]))})
    async with (
        Fetcher(permitted=permitted) as fetcher,
        PictureMaker(Shown(), fetcher) as images,  # type: ignore[arg-type]  # only images are asked of the store
    ):
        pictures = [await images.picture(Image(f"{url}/a.png", "Alt"), rules) for rules in (CARD, PHOTO, CARD)]
        await images.picture(Image(f"{url}/other.png", "Alt"), CARD)

    assert [picture.width_px for picture in pictures] == [1200, 1920, 1200]
    assert asked == ["/a.png", "/other.png"]


async def test_remote_image_in_a_private_network_is_refused(remote: tuple[str, list[str]]) -> None:
    url, asked = remote
    port = int(url.rpartition(":")[2])
    async with (
        Fetcher(ports=frozenset({port})) as fetcher,
        PictureMaker(Shown(), fetcher) as images,  # type: ignore[arg-type]  # as above
    ):
        with pytest.raises(ImageUnusable, match="is not in the public internet"):
            await images.picture(Image(f"{url}/a.png", "Alt"), CARD)

    assert asked == []
