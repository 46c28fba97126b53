"""How long work in a thread is ended before its time: it looks at the brake after each step."""

from __future__ import annotations

from syndicate.errors import Stopped


class Brake:
    """Called after each step with how many are done and how many there are; once pulled, it raises."""

    def __init__(self) -> None:
        self._is_pulled = False

    def pull(self) -> None:
        """End the work at its next step."""
        self._is_pulled = True

    def __call__(self, done: int, total: int) -> None:
        """Nothing, until it is pulled.

        Raises:
            Stopped: it was.
        """
        if self._is_pulled:
            raise Stopped(f"stopped at step {done} of {total}")
