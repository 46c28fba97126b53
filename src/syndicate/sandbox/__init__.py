"""Faithful fake networks on loopback, with faults on demand and a log of what was really posted."""
