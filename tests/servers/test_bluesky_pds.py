"""The Bluesky channel against a real PDS, read back without the channel's own client."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import pytest

from servers import adapters, rigs
from syndicate.errors import Rejected, Unauthorized
from syndicate.ports.channel import Channel

pytestmark = pytest.mark.servers

COLLECTION = "app.bsky.feed.post"


def settings_for(account: rigs.BlueskyAccount) -> dict[str, object]:
    return {"service": account.url, "identifier": account.handle, "password": account.password}


def record_at(uri: str, account: rigs.BlueskyAccount) -> dict[str, Any]:
    """The record as the PDS holds it; a place in its list of records is part of the proof."""
    repo, collection, rkey = uri.removeprefix("at://").split("/")
    assert (repo, collection) == (account.did, COLLECTION)
    got: dict[str, Any] = rigs.get_json(
        f"{account.url}/xrpc/com.atproto.repo.getRecord?repo={account.did}&collection={collection}&rkey={quote(rkey)}"
    )
    assert got["uri"] == uri
    record: dict[str, Any] = got["value"]
    return record


def blob_of(blob: dict[str, Any], account: rigs.BlueskyAccount) -> bytes:
    """The bytes that a record's blob stands for, as the PDS serves them."""
    cid = blob["ref"]["$link"]
    return rigs.get_bytes(f"{account.url}/xrpc/com.atproto.sync.getBlob?did={account.did}&cid={cid}")


def uris_with(link: str, account: rigs.BlueskyAccount) -> list[str]:
    listed = rigs.get_json(
        f"{account.url}/xrpc/com.atproto.repo.listRecords?repo={account.did}&collection={COLLECTION}&limit=100"
    )["records"]
    return [record["uri"] for record in listed if link in json.dumps(record["value"])]


def key_for(channel: Channel, number: int) -> str:
    return channel.key_of(f"suite-{number}", 0, adapters.PUBLISHED)


async def frozen(channel: Channel, number: int, key: str, *, with_picture: bool = False) -> bytes:
    """A post's payload under a key."""
    post = adapters.post_for(channel, number)
    media = await channel.upload(post.picture) if with_picture and post.picture else None
    return channel.freeze(post, media, key, adapters.PUBLISHED)


async def test_a_post_carries_text_facets_card_and_thumb(bluesky_account: rigs.BlueskyAccount) -> None:
    async with adapters.open_channel("bluesky", settings_for(bluesky_account)) as channel:
        post, key = adapters.post_for(channel, 1), key_for(channel, 1)
        payload = await frozen(channel, 1, key, with_picture=True)

        receipt = await channel.publish(payload, key)

    assert post.picture is not None
    assert uris_with(post.card.url, bluesky_account) == [receipt.remote_id]
    record = record_at(receipt.remote_id, bluesky_account)
    assert record["text"] == post.text
    assert record["langs"] == ["en"]
    external = record["embed"]["external"]
    assert (external["uri"], external["title"]) == (post.card.url, post.card.title)
    assert external["description"]
    thumb = external["thumb"]
    assert (thumb["mimeType"], thumb["size"]) == ("image/jpeg", len(post.picture.content))
    assert blob_of(thumb, bluesky_account) == post.picture.content
    text = record["text"].encode()
    assert post.hashtags
    marked = {text[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode() for facet in record["facets"]}
    assert set(map("#{}".format, post.hashtags)) <= marked


async def test_a_picture_post_carries_the_alt_text(bluesky_account: rigs.BlueskyAccount) -> None:
    settings = settings_for(bluesky_account) | {"attach": "image"}
    async with adapters.open_channel("bluesky", settings) as channel:
        post, key = adapters.post_for(channel, 10), key_for(channel, 10)

        receipt = await channel.publish(await frozen(channel, 10, key, with_picture=True), key)

    assert post.picture is not None
    record = record_at(receipt.remote_id, bluesky_account)
    [image] = record["embed"]["images"]
    assert image["alt"] == adapters.ALT
    assert blob_of(image["image"], bluesky_account) == post.picture.content
    text = record["text"].encode()
    links = {
        feature["uri"]: text[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode()
        for facet in record["facets"]
        for feature in facet["features"]
        if "uri" in feature
    }
    assert links == {post.card.url: post.card.url}


async def test_the_same_key_again_is_the_same_record(bluesky_account: rigs.BlueskyAccount) -> None:
    async with adapters.open_channel("bluesky", settings_for(bluesky_account)) as channel:
        key = key_for(channel, 2)
        payload, link = await frozen(channel, 2, key), adapters.post_for(channel, 2).card.url
        first = await channel.publish(payload, key)
        second = await channel.publish(payload, key)
    async with adapters.open_channel("bluesky", settings_for(bluesky_account)) as after_restart:
        third = await after_restart.publish(payload, key)

    assert re.fullmatch(r"[234567a-j][234567a-z]{12}", key), "a record key of a post is a TID"
    assert first.remote_id == second.remote_id == third.remote_id
    assert uris_with(link, bluesky_account) == [first.remote_id]


async def test_a_key_never_overwrites_another_post(bluesky_account: rigs.BlueskyAccount) -> None:
    async with adapters.open_channel("bluesky", settings_for(bluesky_account)) as channel:
        key, other_link = key_for(channel, 3), adapters.post_for(channel, 30).card.url
        receipt = await channel.publish(await frozen(channel, 3, key), key)
        before = record_at(receipt.remote_id, bluesky_account)
        other = await frozen(channel, 30, key)

        with pytest.raises(Rejected):
            await channel.publish(other, key)

    assert record_at(receipt.remote_id, bluesky_account) == before
    assert uris_with(other_link, bluesky_account) == []


async def test_own_posts_can_be_looked_up(bluesky_account: rigs.BlueskyAccount) -> None:
    async with adapters.open_channel("bluesky", settings_for(bluesky_account)) as channel:
        key, unused_key = key_for(channel, 4), key_for(channel, 44)
        payload, never_sent = await frozen(channel, 4, key), await frozen(channel, 44, unused_key)
        receipt = await channel.publish(payload, key)

        found = await channel.find(payload, key, receipt.at)
        absent = await channel.find(never_sent, unused_key, receipt.at)

    assert found is not None
    assert (found.remote_id, found.url) == (receipt.remote_id, receipt.url)
    assert absent is None


async def test_a_wrong_password_is_told_at_the_door(bluesky_account: rigs.BlueskyAccount) -> None:
    wrong = settings_for(bluesky_account) | {"password": "not-the-password"}

    async with adapters.closed_channel("bluesky", wrong) as channel:
        with pytest.raises(Unauthorized) as told:
            await channel.open()

    assert "not-the-password" not in str(told.value)
