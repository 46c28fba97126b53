"""When an item was published and changed last, and until when it is shown. Pure."""

from __future__ import annotations

from datetime import datetime

from syndicate.items.fields import Found, text_of
from syndicate.items.reader import Reader, passed_over

EARLIEST_YEAR = 1970


def published_of(reader: Reader, now: datetime | None) -> datetime | None:
    """When the item was or will be published; None after a fault.

    A date from which on the item may be shown (`publishDate`) counts where it is the later one.
    """
    found = reader.found("published")
    if found is None:
        _tell_no_date(reader)
        return None
    published = reader.moment(found)
    if published is None:
        problem = f"`{found.source}` is no possible date: {str(found.value)[:60]}"
        reader.fail("E-DATE", problem, "write it as 2023-06-07 or 2023-06-07T10:04:54Z", found)
        return None
    starts = _other(reader, "starts")
    published = max(published, starts or published)
    latest = now.year + reader.rules.latest_year_offset if now is not None else published.year
    if not EARLIEST_YEAR <= published.year <= latest:
        problem = f"`{found.source}` is not between {EARLIEST_YEAR} and {latest}: {str(found.value)[:60]}"
        reader.fail("E-DATE", problem, "correct the year", found)
        return None
    return published


def updated_of(reader: Reader, published: datetime) -> datetime:
    """When the item was changed last, never before it was published."""
    return max(_other(reader, "updated") or published, published)


def expires_of(reader: Reader) -> datetime | None:
    """From when on the item is no longer shown; None if that is not looked at, or never."""
    return _other(reader, "expires") if reader.rules.hides_expired else None


def _other(reader: Reader, name: str) -> datetime | None:
    """A date that an item can do without."""
    found = reader.found(name)
    if found is None:
        return None
    moment = reader.moment(found)
    if moment is None:
        problem = f"`{found.source}` is no possible date and was passed over: {str(found.value)[:60]}"
        reader.fail("W-DATE", problem, "write it as 2023-06-07T10:04:54Z", found)
    return moment


def _tell_no_date(reader: Reader) -> None:
    remedy = f"write `{reader.key('published')}: 2023-06-07`"
    vague = _vague(reader)
    if vague is None:
        reader.fail("E-NO-DATE", "has no date", remedy)
        return
    problem = f"has no date: `{vague.source}` is `{text_of(vague.value)}`, which only the site's builder knows"
    reader.fail("E-NO-DATE", problem, f"{remedy}, or add `file:modified` to `content.fields.published`", vague)


def _vague(reader: Reader) -> Found | None:
    """Words such as `Last Modified` in a date's place."""
    present = (found for found in reader.looked("published") if text_of(found.value) is not None)
    return next((found for found in present if passed_over("published", found)), None)
