"""Why a delivery stands as it does, as a code for programs; the words beside it are for people. Pure."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a delivery stands as it does. Codes are kept in the outbox and told in JSON: they never change."""

    # Planned
    NEW = "new"
    BACKFILL = "backfill"
    EDITED = "edited"
    LEFT = "left"
    # Never to be sent, or not by itself
    BASELINE = "baseline"
    FILTERED = "filtered"
    OPTED_OUT = "opted_out"
    TOO_OLD = "too_old"
    SAME_LINK = "same_link"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    NOT_POSTED = "not_posted"
    RETURNED = "returned"
    OVERFLOW = "overflow"
    MARKED = "marked"
    ADOPTED = "adopted"
    IN_DIGEST = "in_digest"
    PAGE_MISSING = "page_missing"
    DOUBTED = "doubted"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    RETIRED = "retired"
    # Waits for a person
    FLOOD = "flood"
    OTHER_STORE = "other_store"
    OTHER_ACCOUNT = "other_account"
    UNKNOWN_OUTCOME = "unknown_outcome"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    CANNOT_COMPOSE = "cannot_compose"
    NEEDS_IMAGE = "needs_image"
    # Ended
    GAVE_UP = "gave_up"
    EXPIRED = "expired"
    DROPPED = "dropped"
    # In work, or to be tried again
    INTENT = "intent"
    NOT_DONE = "not_done"
    TOLD_TO_WAIT = "told_to_wait"
    NO_ACCESS = "no_access"
    STALE_MEDIA = "stale_media"
    PICTURE_REFUSED = "picture_refused"
    UNCLEAR = "unclear"
    NOT_FOUND_YET = "not_found_yet"
    NOT_FOUND = "not_found"
    WAITS_FOR_POST = "waits_for_post"
    STOPPED = "stopped"
    UNREAD = "unread"
    SEND_AGAIN = "send_again"
    # Done
    ACCEPTED = "accepted"
    FOUND = "found"
    THERE_ALREADY = "there_already"
    TOLD = "told"
    OTHER = "other"
    """Written by a version that knew no codes, or by a plug-in: the words say it."""
