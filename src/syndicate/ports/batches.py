"""Backfills as they are kept: each a batch of deliveries with a name and a state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from msgspec import Struct, field

from syndicate.outbox.delivery import Planned, State


class BatchState(StrEnum):
    """What the operator wants of a batch."""

    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"


class Batch(Struct, frozen=True):
    """One backfill: `words` tell what was asked for."""

    name: str
    state: BatchState
    made_at: datetime
    words: str


class Share(Struct, frozen=True):
    """How far a batch is with one channel: deliveries by state, the next due time and the last one of what is owed."""

    channel: str
    states: Mapping[State, int] = field(default_factory=dict)
    next_due: datetime | None = None
    ends: datetime | None = None


class BatchCounts(Struct, frozen=True):
    """A batch and how far it is."""

    batch: Batch
    shares: tuple[Share, ...] = ()

    def number(self, *states: State) -> int:
        """Deliveries in one of these states, or all."""
        return sum(
            number for share in self.shares for state, number in share.states.items() if not states or state in states
        )

    @property
    def owed(self) -> int:
        """Deliveries that are not settled yet."""
        return self.number(*(state for state in State if not state.is_final))

    @property
    def stage(self) -> str:
        """Running, paused, cancelled, or done: nothing of it is owed any more."""
        is_done = self.batch.state is not BatchState.CANCELLED and not self.owed
        return "done" if is_done else self.batch.state.value

    @property
    def ends(self) -> datetime | None:
        """When the last of what is owed is due."""
        return max((share.ends for share in self.shares if share.ends is not None), default=None)


class Batches(Protocol):
    """The part of the outbox that keeps backfills. Each method is one transaction, run off the loop."""

    async def begin_batch(self, planned: Sequence[Planned], words: str, now: datetime, name: str | None = None) -> str:
        """Write a batch with its deliveries; gives its name, by default that of the day.

        What a plan with the code MARKED stands for is never posted. SKIPPED deliveries and unknown uids become what is
        planned; so do HELD ones that were never tried if they are to be SKIPPED; others stay.

        Raises:
            UsageError: there is a batch of that name.
        """

    async def batches(self, name: str | None = None) -> list[BatchCounts]:
        """Every batch, or that one; the newest first."""

    async def turn_batch(self, name: str, state: BatchState, now: datetime) -> BatchCounts:
        """Pause, resume or cancel a batch: what is in work is finished, the rest is PAUSED, PLANNED or SKIPPED.

        Raises:
            UsageError: there is none of that name, or nothing of it is owed any more, or it was cancelled.
        """
