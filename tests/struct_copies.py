"""A plugin for mypy: what is made for dataclasses is not called with a `Struct`, which types do not tell apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mypy.plugin import FunctionContext, Plugin
from mypy.types import Instance, Type, get_proper_type

INSTEAD: Final = {
    "dataclasses.replace": "msgspec.structs.replace",
    "dataclasses.asdict": "msgspec.structs.asdict",
    "dataclasses.astuple": "msgspec.structs.astuple",
    "dataclasses.fields": "msgspec.structs.fields",
}


class StructCopies(Plugin):
    """Tells of every such call."""

    def get_function_hook(self, fullname: str) -> Callable[[FunctionContext], Type] | None:
        """What looks at a call of that function."""
        return _looked_at if fullname in INSTEAD else None


def _looked_at(call: FunctionContext) -> Type:
    kinds = [get_proper_type(one) for one in call.arg_types[0]]
    if any(isinstance(one, Instance) and one.type.has_base("msgspec.Struct") for one in kinds):
        name = getattr(call.context, "callee", None)
        fullname = getattr(name, "fullname", "dataclasses.replace")
        call.api.fail(f"this is a Struct: call {INSTEAD[fullname]}", call.context)
    return call.default_return_type


def plugin(version: str) -> type[Plugin]:
    """What mypy asks for."""
    return StructCopies
