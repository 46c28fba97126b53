"""Which of the words that are known a misspelt one may mean. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def meant(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like it, whatever its case and hyphens; None: nothing is like it."""
    folded = {_folded(one): one for one in sorted(known)}
    found = get_close_matches(_folded(word), folded, 1, cutoff=0.7)
    return folded[found[0]] if found else None


def question(word: str, known: Iterable[str], *, before: str = "; ") -> str:
    """`; is mastodon meant?`, or nothing where nothing is like it."""
    found = meant(word, known)
    return f"{before}is {found} meant?" if found is not None else ""


def _folded(word: str) -> str:
    return word.casefold().replace("-", "_")
