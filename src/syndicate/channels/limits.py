"""What the answers of networks tell of their limits, besides refusals."""

from __future__ import annotations

from datetime import datetime

from syndicate.channels.http import Answer, silent_until


def used_up_until(answer: Answer, now: datetime, *, remaining_header: str, reset_header: str) -> datetime | None:
    """When more is taken, where a success says that it was the last one for now; None where more is taken at once.

    Args:
        answer: of a call that succeeded.
        now: aware UTC.
        remaining_header: how many more calls the limit lets through.
        reset_header: when it is lifted: seconds, an epoch or an ISO 8601 time.
    """
    reset = answer.headers.get(reset_header, "").strip()
    if answer.headers.get(remaining_header, "").strip() != "0" or not reset:
        return None
    return silent_until({reset_header: reset, "Date": answer.headers.get("Date", "")}, now, reset_header)
