"""When a channel's posts and digests may go, as the settings say."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from syndicate.outbox.hours import window_of
from syndicate.outbox.issues import WEEK, IssueTimes
from syndicate.outbox.pace import PaceRules, Price
from syndicate.plot import Plot


def pace_rules_of(plot: Plot, name: str, price: Price | None = None) -> PaceRules:
    """When a channel's posts may go."""
    channel = plot.settings.channels[name]
    return PaceRules(
        gap=channel.gap,
        jitter=channel.jitter,
        per_hour=channel.per_hour,
        per_day=channel.per_day,
        hours=tuple(window_of(one) for one in channel.hours),
        zone=ZoneInfo(channel.zone or plot.settings.site.timezone),
        interleaves=channel.interleave,
        overflow=channel.overflow,
        expires_after=channel.expires_after,
        price=price.amount if price else None,
        budget_per_day=channel.budget_per_day,
        budget_per_month=channel.budget_per_month,
        seed=name,
    )


def issue_times_of(plot: Plot, name: str) -> IssueTimes | None:
    """When a channel's digests go out; None: it has none."""
    channel = plot.settings.channels[name]
    if channel.digest is None:
        return None
    days = frozenset(WEEK.index(day.value) for day in channel.digest.days)
    return IssueTimes(tuple(channel.digest.at), days, ZoneInfo(channel.zone or plot.settings.site.timezone))
