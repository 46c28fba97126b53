"""What a bot may do in a channel of Discord, reckoned from roles and overwrites as Discord does.

Source: Discord documentation "Permissions" (bitwise flags, permission overwrites). Read 2026-11. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, RootModel

from syndicate.channels.http import Entity

ADMINISTRATOR = 1 << 3

NEEDED: Mapping[str, int] = {
    "View Channel": 1 << 10,
    "Send Messages": 1 << 11,
    "Embed Links": 1 << 14,
    "Attach Files": 1 << 15,
    "Read Message History": 1 << 16,
}
"""The rights that posting and reading back take, by the names that Discord shows."""

Bits = Annotated[int, BeforeValidator(int)]  # they come as text, as there are more than a number in JSON holds


class Role(Entity):
    """A role of a guild; that of everybody has the guild's own id."""

    id: str
    permissions: Bits


class Roles(RootModel[tuple[Role, ...]]):
    """Every role of a guild."""


class Member(Entity):
    """A member of a guild, by the roles given to him."""

    roles: tuple[str, ...] = ()


class Overwrite(Entity):
    """What a channel denies and allows a role (0) or a member (1), whatever the guild says."""

    id: str
    type: Literal[0, 1]
    allow: Bits = 0
    deny: Bits = 0


class Guarded(Entity):
    """A channel with its overwrites."""

    permission_overwrites: tuple[Overwrite, ...] = ()


def permissions(
    guild_id: str, user_id: str, member: Member, roles: Collection[Role], overwrites: Collection[Overwrite]
) -> int:
    """The bits of what a member may do in a channel: everybody's rights, then the roles', then his own."""
    held = {guild_id, *member.roles}
    bits = 0
    for role in roles:
        bits |= role.permissions if role.id in held else 0
    if bits & ADMINISTRATOR:
        return ~0
    of_roles = [one for one in overwrites if one.type == 0]
    everybody = [one for one in of_roles if one.id == guild_id]
    given = [one for one in of_roles if one.id in held and one.id != guild_id]
    own = [one for one in overwrites if one.type == 1 and one.id == user_id]
    for layer in (everybody, given, own):
        for one in layer:
            bits &= ~one.deny
        for one in layer:
            bits |= one.allow
    return bits


def named(bits: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Which of the rights that are needed are there, and which are not."""
    has = tuple(name for name, bit in NEEDED.items() if bits & bit)
    return has, tuple(name for name in NEEDED if name not in has)
