"""The Mastodon channel against mastodon-mock, read back without the channel's own client."""

from __future__ import annotations

import io
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image as Raster

from servers import adapters, rigs
from syndicate.errors import Unauthorized

pytestmark = pytest.mark.servers


def settings_for(account: rigs.MastodonAccount) -> dict[str, object]:
    return {"instance": account.url, "token": account.token, "visibility": "unlisted"}


def statuses_with(link: str, account: rigs.MastodonAccount) -> list[dict[str, Any]]:
    who = rigs.get_json(f"{account.url}/api/v1/accounts/verify_credentials", account.token)["id"]
    statuses = rigs.get_json(f"{account.url}/api/v1/accounts/{who}/statuses?limit=40", account.token)
    return [status for status in statuses if link in unescape(status["content"])]


async def test_a_status_carries_text_link_picture_and_alt(mastodon_account: rigs.MastodonAccount) -> None:
    async with adapters.open_channel("mastodon", settings_for(mastodon_account)) as channel:
        post = adapters.post_for(channel, 1)
        assert post.picture is not None
        media = await channel.upload(post.picture)
        key = channel.key_of("suite-1", 0, adapters.PUBLISHED)

        receipt = await channel.publish(channel.freeze(post, media, key, adapters.PUBLISHED), key)

    status = rigs.get_json(f"{mastodon_account.url}/api/v1/statuses/{receipt.remote_id}", mastodon_account.token)
    assert [status["id"] for status in statuses_with(post.card.url, mastodon_account)] == [receipt.remote_id]
    assert "Café de Zürich: soil & “roots” 🪱" in unescape(status["content"])
    assert (status["visibility"], status["language"], status["url"]) == ("unlisted", "en", receipt.url)
    [attachment] = status["media_attachments"]
    assert (attachment["type"], attachment["description"]) == ("image", adapters.ALT)
    stored = rigs.get_bytes(mastodon_account.url + urlsplit(attachment["url"]).path)
    assert Raster.open(io.BytesIO(stored)).size == (1200, 630)


async def test_the_same_key_again_is_the_same_status(mastodon_account: rigs.MastodonAccount) -> None:
    async with adapters.open_channel("mastodon", settings_for(mastodon_account)) as channel:
        post = adapters.post_for(channel, 2)
        key = channel.key_of("suite-2", 0, adapters.PUBLISHED)
        payload = channel.freeze(post, None, key, adapters.PUBLISHED)

        first = await channel.publish(payload, key)
        second = await channel.publish(payload, key)

    assert second.remote_id == first.remote_id
    assert len(statuses_with(post.card.url, mastodon_account)) == 1


async def test_own_posts_can_be_looked_up(mastodon_account: rigs.MastodonAccount) -> None:
    async with adapters.open_channel("mastodon", settings_for(mastodon_account)) as channel:
        made, never_made = adapters.post_for(channel, 3), adapters.post_for(channel, 333)
        key = channel.key_of("suite-3", 0, adapters.PUBLISHED)
        payload = channel.freeze(made, None, key, adapters.PUBLISHED)
        receipt = await channel.publish(payload, key)

        found = await channel.find(payload, key, receipt.at)
        absent = await channel.find(channel.freeze(never_made, None, key, adapters.PUBLISHED), key, receipt.at)

    assert found is not None
    assert (found.remote_id, found.url) == (receipt.remote_id, receipt.url)
    assert absent is None


async def test_a_wrong_token_is_told_at_the_door(mastodon_account: rigs.MastodonAccount) -> None:
    wrong = settings_for(mastodon_account) | {"token": "not-the-token"}

    async with adapters.closed_channel("mastodon", wrong) as channel:
        with pytest.raises(Unauthorized) as told:
            await channel.open()

    assert "not-the-token" not in str(told.value)
