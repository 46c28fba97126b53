"""Settings of channels: what every one may say, whatever its network."""

import re
from collections.abc import Mapping
from datetime import time, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from syndicate.durations import Duration
from syndicate.outbox.hours import window_of
from syndicate.outbox.pace import Overflow
from syndicate.outbox.plan import FirstSight, OnEdit, OnWithdrawal
from syndicate.posts.template import SUBJECT, SUBJECT_FIELDS, check_template
from syndicate.settings.kinds import IF_ANY, MOST, Section, Zone, place

TIME_OF_DAY = r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$"
_CHANNEL_NAME = re.compile(r"[a-z][a-z0-9_]*")


def _channel_name(value: str) -> str:
    if not _CHANNEL_NAME.fullmatch(value):
        raise ValueError("is no channel name; use lower-case letters, digits and _, beginning with a letter")
    return value


def _hours(value: object) -> object:
    """One stretch may stand without a list."""
    return [value] if isinstance(value, str) else value


def _written_time(value: object) -> object:
    """Numbers would be seconds since midnight."""
    if not isinstance(value, str | time):
        raise ValueError("is no time of day; write it as 07:00")
    return value


def _stretch(value: str) -> str:
    window_of(value)
    return value


def _some_time(value: timedelta) -> timedelta:
    if not value:
        raise ValueError("lets no post go; write 1h or more, or leave it out")
    return value


TimeOfDay = Annotated[time, BeforeValidator(_written_time), WithJsonSchema({"type": "string", "pattern": TIME_OF_DAY})]
Hours = Annotated[
    list[Annotated[str, AfterValidator(_stretch)]],
    BeforeValidator(_hours, json_schema_input_type=str | list[str]),
]
Money = Annotated[Decimal, Field(gt=0, le=1_000_000, max_digits=12)]
ChannelName = Annotated[str, AfterValidator(_channel_name)]


class Weekday(StrEnum):
    """A day of the week; digits would be counted from Sunday by some and from Monday by others."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class DigestSettings(Section):
    """Many items in one message, at fixed times."""

    at: Annotated[
        list[TimeOfDay],
        Field(min_length=1, max_length=24),
        BeforeValidator(_hours, json_schema_input_type=TimeOfDay | list[TimeOfDay]),
    ] = Field(description="Local times at which it goes out (`07:00`), if there is anything new.")
    days: Annotated[list[Weekday], Field(min_length=1)] = Field(
        list(Weekday), description="Days on which it goes out: `mon` to `sun`."
    )
    subject: str = Field(
        SUBJECT, description="Jinja template of the subject, over `site_name`, `title`, `count`, `more` and `date`."
    )

    @field_validator("subject")
    @classmethod
    def _can_be_made(cls, subject: str) -> str:
        try:
            check_template(subject, SUBJECT_FIELDS)
        except ValueError as error:
            raise ValueError(str(error).removeprefix("template: ")) from error
        return subject

    @field_validator("at")
    @classmethod
    def _are_local(cls, times: list[time]) -> list[time]:
        if any(one.tzinfo is not None for one in times):
            raise ValueError("are local times; write 07:00, and the zone in `zone`")
        return times


class ChannelSettings(Section):
    """What every channel may say, whatever its network; the network's own keys stand in `own`."""

    network: str = Field(description="Kind of service: mastodon, telegram ... (all that ship), or an installed one.")
    enabled: bool = Field(True, description="False: the channel is neither checked nor posted to.")
    topics: list[str] = Field([], description="Only items with one of these topics (slug or label).")
    not_topics: list[str] = Field([], description="No items with one of these topics (slug or label).")
    sections: list[str] = Field([], description="Only items of these sections.")
    languages: list[str] = Field([], description="Only items in these languages.")
    gap: Duration = Field(timedelta(0), description="Least time between two posts.")
    jitter: Duration = Field(timedelta(0), description="By up to so much the gap grows, by chance.")
    per_hour: Annotated[int, Field(ge=1, le=MOST)] | None = Field(
        None, description="Most posts in any 60 minutes; none: no limit."
    )
    per_day: Annotated[int, Field(ge=1, le=MOST)] | None = Field(
        None, description="Most posts in any 24 hours; none: no limit."
    )
    hours: Hours = Field([], description="When posts may go (`mon-fri 08:00-22:00`); none: always.")
    zone: Zone | None = Field(None, description="Time zone of hours, budgets and digests; none: `site.timezone`.")
    interleave: bool = Field(True, description="Let no two posts of one topic follow each other while others wait.")
    overflow: Overflow = Field(
        Overflow.DELAY, description="More new posts than fit: `delay` all, `skip` the newest, `expire` the oldest."
    )
    expires_after: Annotated[Duration, AfterValidator(_some_time)] | None = Field(
        None, description="A new post that waited longer is not sent any more; none: no limit."
    )
    budget_per_day: Money | None = Field(None, description="Most to spend in a day, where posts cost; none: no limit.")
    budget_per_month: Money | None = Field(
        None, description="Most to spend in a month, where posts cost; none: no limit."
    )
    digest: Annotated[DigestSettings, IF_ANY] | None = Field(
        None, description="Many items in one message; none: a message each."
    )
    first_sight: FirstSight | None = Field(
        None, description="Items already there: `baseline` (not posted; preview posts) or `post`."
    )
    most_age: Duration | None = Field(None, description="Older items are not posted; none: as in `delivery`.")
    template: str | None = Field(None, description="Jinja template of the text; none: title, summary, hashtags, link.")
    templates: dict[str, str] = Field(
        {},
        description="Templates of single topics (slug or label), over `template`; the item's first topic that has one.",
    )
    campaign: dict[str, str] = Field(
        {}, description="Parameters put on the links of posts, over `campaign`; blank: not here."
    )
    hashtags: Annotated[int, Field(ge=0, le=30)] | None = Field(
        None, description="Most hashtags; none: as the network likes it."
    )
    on_edit: OnEdit = Field(
        OnEdit.IGNORE, description="A post whose item was edited: `ignore`, `edit`, `delete` or `reply` (a correction)."
    )
    on_withdrawal: OnWithdrawal = Field(
        OnWithdrawal.IGNORE, description="A post whose item left the store: `ignore`, `delete` or `reply`."
    )
    edit_gap: Duration = Field(timedelta(minutes=5), description="Least time between a post and a change of it.")
    correction_template: str | None = Field(
        None, description="Jinja template of a correction; none: `Correction: `, then title, summary and link."
    )
    withdrawal_template: str | None = Field(
        None, description="Jinja template of what is said when an item left; none: `Withdrawn: `, then the title."
    )
    own: Mapping[str, Any] = Field({}, repr=False, description="The network's own keys.")

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
