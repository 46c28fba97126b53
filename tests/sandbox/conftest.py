"""Every test here talks to a sandbox over real loopback HTTP."""

from sandbox_rig import caller, sandbox

__all__ = ["caller", "sandbox"]
