"""What all fake networks stand on: one log, one clock, one store of bytes, one set of rules."""

from __future__ import annotations

from dataclasses import dataclass, field

from syndicate.sandbox.clock import Clock
from syndicate.sandbox.pictures import Attic
from syndicate.sandbox.rules import Rules
from syndicate.sandbox.truth import Truth


@dataclass(slots=True)
class Ground:
    """Shared by the networks of one sandbox; `rules` may be replaced while it runs. `base_url` ends without a slash."""

    base_url: str
    truth: Truth
    attic: Attic
    clock: Clock = field(default_factory=Clock)
    rules: Rules = field(default_factory=Rules)

    @property
    def host(self) -> str:
        """Host and port, as part of account names."""
        return self.base_url.partition("://")[2]
