"""A channel posts as one account for ever."""

from __future__ import annotations

import pytest

from channels.channel_rig import KeptTokens
from syndicate.channels.accounts import keep_account
from syndicate.errors import Unauthorized


async def test_the_first_account_is_kept() -> None:
    tokens = KeptTokens()

    found = [await keep_account(tokens, "news", "42", "social.example") for _ in range(2)]

    assert found == ["42", "42"]
    assert tokens.writes == ["42"]


async def test_another_account_is_refused_with_both_names() -> None:
    tokens = KeptTokens()
    await keep_account(tokens, "news", "42", "social.example")

    with pytest.raises(Unauthorized, match="account 43, the channel posted as 42"):
        await keep_account(tokens, "news", "43", "social.example")


async def test_channels_do_not_mix() -> None:
    tokens = KeptTokens()
    await keep_account(tokens, "news", "42", "social.example")

    assert await keep_account(tokens, "events", "43", "social.example") == "43"
