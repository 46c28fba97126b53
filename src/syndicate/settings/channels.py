"""Settings of channels: what every one may say, whatever its network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from syndicate.durations import Duration
from syndicate.outbox.plan import FirstSight
from syndicate.settings.kinds import Section, place

_CHANNEL_NAME = re.compile(r"[a-z][a-z0-9_]*")


def _channel_name(value: str) -> str:
    if not _CHANNEL_NAME.fullmatch(value):
        raise ValueError("is no channel name; use lower-case letters, digits and _, beginning with a letter")
    return value


ChannelName = Annotated[str, AfterValidator(_channel_name)]


class ChannelSettings(Section):
    """What every channel may say, whatever its network; the network's own keys stand in `own`."""

    network: str = Field(description="Kind of service: mastodon, bluesky, webhook, preview or an installed one.")
    enabled: bool = Field(True, description="False: the channel is neither checked nor posted to.")
    topics: list[str] = Field(default_factory=list, description="Only items with one of these topics (slug or label).")
    not_topics: list[str] = Field(
        default_factory=list, description="No items with one of these topics (slug or label)."
    )
    sections: list[str] = Field(default_factory=list, description="Only items of these sections.")
    languages: list[str] = Field(default_factory=list, description="Only items in these languages.")
    gap: Duration = Field(timedelta(0), description="Least time between two posts.")
    first_sight: FirstSight | None = Field(
        None, description="Items already there: `baseline` (not posted; preview posts) or `post`."
    )
    most_age: Duration | None = Field(None, description="Older items are not posted; none: as in `delivery`.")
    template: str | None = Field(None, description="Jinja template of the text; none: title, summary, hashtags, link.")
    hashtags: Annotated[int, Field(ge=0, le=30)] | None = Field(
        None, description="Most hashtags; none: as the network likes it."
    )
    own: Mapping[str, Any] = Field(default_factory=dict, repr=False, description="The network's own keys.")

    @model_validator(mode="before")
    @classmethod
    def _keep_own_keys_apart(cls, keys: object) -> object:
        """The network checks its own keys by itself, when it is loaded."""
        if not isinstance(keys, dict):
            return keys
        shared = cls.model_fields.keys() - {"own"}
        own = {key: value for key, value in keys.items() if key not in shared}
        return {key: value for key, value in keys.items() if key in shared} | {"own": own}

    @model_validator(mode="after")
    def _check_own_paths(self) -> Self:
        """Networks take any path, and would fail on these when they open it."""
        for key, value in self.own.items():
            if isinstance(value, str) and (key == "folder" or key.endswith("_file")):
                try:
                    place(Path(value))
                except ValueError as error:
                    raise ValueError(f"{key}: {error}") from error
        return self
