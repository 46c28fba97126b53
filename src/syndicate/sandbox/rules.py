"""What an operator of the sandbox can set: windows, lifetimes and limits. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import get_type_hints


@dataclass(frozen=True, slots=True)
class Rules:
    """The settable behaviour of all fake networks; times in seconds of the sandbox's clock.

    `key_window_s`: how long Mastodon keeps an Idempotency-Key; 0 ignores keys, as GoToSocial does.
    `max_characters`, `max_media`: what `/api/v2/instance` tells and the server enforces.
    `access_token_s`, `refresh_token_s`: lifetimes of the two tokens of a Bluesky session and of an OAuth grant.
    `refresh_grace_s`: how long a used OAuth refresh token still gives the same pair; 0 ends the family at once.
    `blob_ttl_s`: how long an unreferenced Bluesky blob lives.
    `nonce_window_s`: how long Discord knows a bot's nonce again ("the past few minutes").
    `duplicate_window_s`: how long LinkedIn and X refuse words that an account has said.
    `listing_lag_s`: how old a post must be before listings of own posts show it.
    `has_limits`: whether rate limits count down and refuse; otherwise their headers show a quota never used up.

    Source: Mastodon documentation "statuses", "Instance", and post_status_service.rb (3,600 s); atproto PDS
    account-manager/helpers/auth.ts (120 min, 90 days). Read 2026-11.
    """

    key_window_s: float = 3_600
    max_characters: int = 500
    max_media: int = 4
    access_token_s: float = 7_200
    refresh_token_s: float = 7_776_000
    refresh_grace_s: float = 0
    blob_ttl_s: float = 3_600
    nonce_window_s: float = 180
    duplicate_window_s: float = 86_400
    listing_lag_s: float = 0
    has_limits: bool = False

    def changed(self, values: Mapping[str, object]) -> Rules:
        """These rules with some values replaced.

        Raises:
            ValueError: a name or a type that no rule has; a misspelt rule must not be ignored silently.
        """
        kinds = get_type_hints(Rules)
        for name, value in values.items():
            if name not in kinds:
                raise ValueError(f"{name}: is no rule; rules are {', '.join(kinds)}")
            wanted = (int, float) if kinds[name] is float else kinds[name]
            if not isinstance(value, wanted) or isinstance(value, bool) != (kinds[name] is bool):
                raise ValueError(f"{name}: must be of type {kinds[name].__name__}")
        return replace(self, **values)  # type: ignore[arg-type]  # each name and type was checked above
