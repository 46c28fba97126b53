"""The promise, tested: publishers killed at random over networks that fail, then counted against the truth."""
