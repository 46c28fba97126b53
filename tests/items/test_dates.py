from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syndicate.items.dates import moment

MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(9990, 1, 1))  # noqa: DTZ001 - Hypothesis wants them so
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023-06-07", "2023-06-07T00:00:00+00:00"),
        ("2023/6/7", "2023-06-07T00:00:00+00:00"),
        ("2023.06.07", "2023-06-07T00:00:00+00:00"),
        ("2023-06-07T10:04:54.256065Z", "2023-06-07T10:04:54.256065+00:00"),
        ("2023-06-07 10:04", "2023-06-07T10:04:00+00:00"),
        ("2019-08-06 9:00:00 -0400", "2019-08-06T13:00:00+00:00"),
        ("2014-10-14 12:00:00 -5", "2014-10-14T17:00:00+00:00"),
        ("2014-10-14T12:00:00+05:30", "2014-10-14T06:30:00+00:00"),
        ("2017-12-22 10:54:07", "2017-12-22T10:54:07+00:00"),
        ("2023-06-07 1:05 p.m.", "2023-06-07T13:05:00+00:00"),
        ("2023-06-07 12:05 AM", "2023-06-07T00:05:00+00:00"),
        ("20230607", "2023-06-07T00:00:00+00:00"),
        ("20230607T100454Z", "2023-06-07T10:04:54+00:00"),
        ("20230607100454", "2023-06-07T10:04:54+00:00"),
        ("1686132294", "2023-06-07T10:04:54+00:00"),
        ("1686132294.5", "2023-06-07T10:04:54.500000+00:00"),
        ("1686132294256", "2023-06-07T10:04:54.256000+00:00"),
        ("Wed, 07 Jun 2023 10:04:54 +0000", "2023-06-07T10:04:54+00:00"),
        ("Wed, 07 Jun 2023 10:04:54 EDT", "2023-06-07T14:04:54+00:00"),
        ("7-Jun-2023", "2023-06-07T00:00:00+00:00"),
        ("June 7, 2023", "2023-06-07T00:00:00+00:00"),
        ("Sept. 7th, 2023 at 10:04 CEST", "2023-09-07T08:04:00+00:00"),
        ("Wednesday, May 7 2023", "2023-05-07T00:00:00+00:00"),
        ("Wed Jun  7 10:04:54 2023", "2023-06-07T10:04:54+00:00"),
        ("Wed Jun  7 10:04:54 PST 2023", "2023-06-07T18:04:54+00:00"),
        ("Wed Jun 07 2023 10:04:54 GMT+0200 (Central European Summer Time)", "2023-06-07T08:04:54+00:00"),
        ("Fri, 7 Jul 2023 10:04:54 GMT (Coordinated)", "2023-07-07T10:04:54+00:00"),
        # never a guess
        *((text, None) for text in ("10", "May", "Monday", "1.5", "12:30", "2023", "2023-06", "June 2023", "now", "")),
        *(
            (text, None)
            for text in ("3/4/2020", "07.06.2023", "7 Jun 23", "true", "45000", "20191", "１６８６１３２２９４")
        ),
        # impossible
        *((text, None) for text in ("2023-02-30", "0000-00-00", "2023-13-45", "2023-06-07 24:00:00", "20231301")),
        *((text, None) for text in ("2023-06-07 13:00 pm", "2023-06-07 10:00 XYZ", "2023-06-07 10:00 +9900")),
        *((text, None) for text in ("0001-01-01 00:00 +1400", "9" * 5000)),
    ],
)
def test_known_forms_are_read_and_others_are_not_guessed(text: str, expected: str | None) -> None:
    found = moment(text, UTC)

    assert (found.isoformat() if found else None) == expected


def test_a_date_without_offset_is_meant_in_the_given_zone() -> None:
    assert moment("2023-06-07", ZoneInfo("America/New_York")) == datetime(2023, 6, 7, 4, tzinfo=UTC)


def test_further_forms_are_read_when_configured() -> None:
    assert moment("07.06.2023", UTC, formats=("%Y|%m", "%d.%m.%Y")) == datetime(2023, 6, 7, tzinfo=UTC)
    assert moment("07.13.2023", UTC, formats=("%d.%m.%Y",)) is None


@given(MOMENTS, OFFSETS)
def test_iso_dates_come_back_whole(at: datetime, offset: timezone) -> None:
    aware = at.replace(tzinfo=UTC)

    assert moment(aware.astimezone(offset).isoformat(), UTC) == aware
    assert moment(aware.astimezone(offset).isoformat(sep=" "), UTC) == aware


@given(MOMENTS, OFFSETS)
def test_mail_dates_come_back_to_the_second(at: datetime, offset: timezone) -> None:
    aware = at.replace(tzinfo=UTC, microsecond=0)

    assert moment(format_datetime(aware.astimezone(offset)), UTC) == aware
    assert moment(aware.ctime(), UTC) == aware


@given(st.one_of(st.text(max_size=40), st.from_regex(r"[0-9/:. TZ+-]{1,30}", fullmatch=True)))
def test_no_date_comes_out_that_was_not_written(text: str) -> None:
    found = moment(text, UTC)

    if found is not None:
        years = {str(year) for year in range(found.year - 1, found.year + 2)}
        is_unix_time = re.fullmatch(r"\d{13}|\d{10}(\.\d+)?", text.strip()) is not None
        assert is_unix_time or any(year.zfill(4) in text for year in years)


@given(
    st.from_regex(
        r"(?:[01]\d{3}|20\d\d)-[01]\d-[0-3]\dT[0-2]\d:[0-6]\d:[0-6]\d(?:\.\d{2,7})?(?:Z|z|[+-][0-3]\d:[0-6]\d)?",
        fullmatch=True,
    ).filter(str.isascii)
)
@example("2023-06-07T24:00:00Z")
@example("2023-02-29T10:04:54Z")
@example("2023-06-07T10:04:54.256-24:00")
@example("0001-01-01T00:00:00+14:00")
def test_a_date_written_by_a_program_says_the_same_with_a_blank_in_it(text: str) -> None:
    zone = ZoneInfo("Asia/Tokyo")

    assert moment(text, zone) == moment(text.replace("T", " "), zone)


def test_a_zone_of_the_site_counts_in_every_form() -> None:
    assert moment("2023-06-07T10:04:54Z", UTC, offsets={"z": timedelta(hours=3)}) == datetime(
        2023, 6, 7, 7, 4, 54, tzinfo=UTC
    )
