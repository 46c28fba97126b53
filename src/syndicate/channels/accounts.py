"""Which account a token leads to: the same one for ever, as what was posted is looked up there."""

from __future__ import annotations

from syndicate.errors import Unauthorized
from syndicate.ports.channel import Tokens

LIMIT_NAME = 60


def shown_name(text: str) -> str:
    """A name as a server tells it, fit for one line of a terminal."""
    return "".join(char for char in " ".join(text.split()) if char.isprintable())[:LIMIT_NAME]


async def keep_account(tokens: Tokens, channel: str, account_id: str, place: str) -> str:
    """Keep the account at a channel's first sight, and hold every later token against it; gives it back.

    Raises:
        Unauthorized: the token is of another account.
    """
    name = f"{channel}:account"
    known = await tokens.token(name)
    if known is None:
        await tokens.keep_token(name, account_id)
    elif known != account_id:
        problem = f"{place}: the token is of account {account_id}, the channel posted as {known} before"
        raise Unauthorized(f"{problem}; give it a token of that account, or make a channel with another name")
    return account_id
