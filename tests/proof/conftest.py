"""The parts of a proof meet a sandbox in this process; one whole trial has its own."""

from sandbox_rig import sandbox

__all__ = ["sandbox"]
