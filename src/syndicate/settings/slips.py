"""What can still be said of settings that have faults: which keys there are, and how they are without what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel


def known_keys(model: type[BaseModel], location: Sequence[str]) -> frozenset[str]:
    """The keys that a mapping may have which stands at this place below the settings."""
    at: Any = model
    for part in location:
        at = _below(at, part)
    return frozenset(at.model_fields) if _is_model(at) else frozenset()


def without(values: Mapping[str, Any], locations: Sequence[Sequence[str | int]]) -> dict[str, Any]:
    """Settings as they were read, without what stands at these places, or with the next mapping above it taken out.

    Members of lists go with their whole list: the others would change their places.
    """
    kept = deepcopy(dict(values))
    for location in locations:
        holder: Any = kept
        for part, following in zip(location, (*location[1:], None), strict=True):
            if not isinstance(holder, dict) or part not in holder:
                break
            if isinstance(holder[part], dict) and following in holder[part]:
                holder = holder[part]
                continue
            del holder[part]
            break
    return kept


def laid_over(values: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with others laid over them, mapping by mapping."""
    whole = dict(values)
    for key, value in upper.items():
        lower = whole.get(key)
        whole[key] = laid_over(lower, value) if isinstance(lower, Mapping) and isinstance(value, Mapping) else value
    return whole


def _below(kind: Any, part: str) -> Any:
    """What stands below a key of this kind; None: not known."""
    if _is_model(kind):
        field = kind.model_fields.get(part)
        return _plain(field.annotation) if field is not None else None
    return _plain(get_args(kind)[-1]) if get_origin(kind) in (dict, list) else None


def _plain(annotation: Any) -> Any:
    """A type without what is said beside it; of several the first that may hold keys."""
    members = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    plain = [getattr(one, "__origin__", one) if hasattr(one, "__metadata__") else one for one in members]
    return next((one for one in plain if _is_model(one) or get_origin(one) in (dict, list)), plain[0])


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
