"""What keeps a file from being published, by the name of the rule. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from syndicate.items import fields
from syndicate.items.location import LIMIT_S, Location
from syndicate.items.reader import Reader
from syndicate.items.rules import Condition
from syndicate.items.tree import Tree


def hidden_by(reader: Reader) -> str | None:
    """The name of the first rule that hides a file, or of the condition that it does not meet; None if none does."""
    front, location = reader.front, reader.location
    for hiding, sources in reader.hidings:
        for found in fields.present(front, sources, location):
            if any(text.casefold() in hiding.texts for text in fields.texts_of(found.value)):
                return hiding.name
    for condition in reader.rules.conditions:
        if not _holds(front, location, condition):
            return f"where: {condition.name}"
    return None


def _holds(front: Tree, location: Location, condition: Condition) -> bool:
    (found,) = fields.looked(front, (condition.source,), location)
    texts = fields.texts_of(found.value) or (() if fields.is_blank(found.value) else ("",))
    return _is_met(texts, condition) is not condition.is_negated


def _is_met(texts: Iterable[str], condition: Condition) -> bool:
    return any(
        (not condition.texts or text.casefold() in condition.texts)
        and (condition.pattern is None or _fits(text, condition.pattern))
        for text in texts
    )


def _fits(text: str, pattern: str) -> bool:
    import regex

    try:
        return regex.search(pattern, text[: fields.LIMIT_MATCHED], timeout=LIMIT_S) is not None
    except TimeoutError:
        return False
