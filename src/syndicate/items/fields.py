"""Where a field's value comes from: the front matter's keys, the file's place, constants and templates. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from syndicate.items.location import LIMIT_S, Location
from syndicate.items.sources import SLOT, Source, place_of, source_of
from syndicate.items.tree import Tree, Value

LIMIT_MATCHED = 10_000  # characters that a site's own expression may look at

_NAMES = ("name", "label", "title", "slug")


class Found(Struct, frozen=True, gc=False):
    """What a source gives, and the source as written.

    `steps` lead to it in `tree`, if it stands there: where, is looked up when somebody asks, as hardly anybody does.
    `form` is the form of a date there. `problem` tells in words why there is nothing, where that is not plain;
    `is_slow`: the site's own expression did not come to an end.
    """

    value: Value
    source: str
    tree: Tree | None = None
    steps: tuple[str, ...] = ()
    form: str | None = None
    problem: str = ""
    is_slow: bool = False

    @property
    def is_written(self) -> bool:
        """Whether it stands in the front matter."""
        return self.tree is not None

    @property
    def place(self) -> tuple[int | None, int | None]:
        """Line and column, counted from 1; None for what does not stand in the front matter."""
        if self.tree is None:
            return None, None
        places = self.tree.places
        return places.get(self.steps) or places.get(place_of(self.steps)) or (None, None)

    @property
    def line(self) -> int | None:
        """The line, counted from 1."""
        return self.place[0]


def is_blank(value: Value) -> bool:
    """Whether a value means absent: null, white space, or nothing but blanks inside."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    members = value.values() if isinstance(value, dict) else value
    return all(map(is_blank, members))


def looked(tree: Tree, sources: Iterable[str | Source], location: Location | str) -> Iterator[Found]:
    """What each source gives, in order, blank or not."""
    location = Location(location) if isinstance(location, str) else location
    for words in sources:
        yield _looked(tree, source_of(words), location)


def present(tree: Tree, sources: Iterable[Source], location: Location) -> Iterator[Found]:
    """The same without what is not there, as most is not, and of what there is no problem to tell."""
    for source in sources:
        found = present_at(tree, source, location)
        if found is not None:
            yield found


def present_at(tree: Tree, source: Source, location: Location) -> Found | None:
    """What one source gives; None for what `present` leaves out."""
    steps = source.steps
    if not steps:
        found = _looked(tree, source, location)
        return found if found.value is not None or found.problem else None
    value = value_at(tree, steps)
    if value is None:
        return None
    found = Found(value, source.words, tree, steps, source.form)
    return _changed(found, source) if source.changes_texts else found


def value_at(tree: Tree, steps: tuple[str, ...]) -> Value:
    """What stands where steps lead to."""
    value = tree.fields.get(steps[0])
    return value if value is None or len(steps) == 1 else _below(value, steps[1:])


def first(tree: Tree, sources: Sequence[str | Source], location: Location | str) -> Found | None:
    """The first source's value that is not blank."""
    return next((found for found in looked(tree, sources, location) if not is_blank(found.value)), None)


def first_text(tree: Tree, sources: Sequence[str | Source], location: Location | str) -> Found | None:
    """The first source's value that is text, or the first text of a list; mappings are passed over."""
    for found in looked(tree, sources, location):
        text = text_of(found.value)
        if text is not None:
            return replace(found, value=text)
    return None


def text_of(value: Value) -> str | None:
    """The text, or the first one of a list; None for mappings and blanks."""
    if isinstance(value, str):
        return value.strip() or None
    texts = () if isinstance(value, dict) else texts_of(value)
    return texts[0] if texts else None


def texts_of(value: Value, keys: Sequence[str] = _NAMES) -> tuple[str, ...]:
    """The texts in a value that may be one text, a list, or mappings with one of the keys; blanks are dropped."""
    if isinstance(value, str):
        return (text,) if (text := value.strip()) else ()
    members = value if isinstance(value, list) else [value]
    texts = [text_in(member, keys) for member in members]
    return tuple([text.strip() for text in texts if text is not None and text.strip()])


def aligned_texts(value: Value) -> tuple[str | None, ...]:
    """Like `texts_of`, but blank members keep their places, so that parallel lists stay parallel."""
    members = value if isinstance(value, list) else [value]
    return tuple([member if isinstance(member, str) else text_in(member, _NAMES) for member in members])


def parts_of(text: str, split: str) -> list[str]:
    """A text parted; a blank `split` parts at white space, unless there are commas."""
    if split.strip():
        return text.split(split)
    return text.split(",") if "," in text else text.split()


def _looked(tree: Tree, source: Source, location: Location) -> Found:
    if source.kind != "key":
        return _changed(_given(tree, source, location), source)
    if source.steps[0] not in tree.fields:
        return Found(None, source.words)
    value = _below(tree.fields[source.steps[0]], source.steps[1:])
    return _changed(Found(value, source.words, tree, source.steps, source.form), source)


def _given(tree: Tree, source: Source, location: Location) -> Found:
    match source.kind:
        case "const":
            value: Value = source.name
        case "filename":
            value = location.group(source.name)
        case "path":
            value = location.part(source.name)
        case "file":
            value = location.modified.isoformat() if location.modified is not None else None
        case _:
            value = _filled(tree, source.name, location)
    return Found(value, source.words, form=source.form)


def _below(value: Value, steps: tuple[str, ...]) -> Value:
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else _in_list(value, step)
    return value


def _in_list(value: Value, step: str) -> Value:
    """What stands at a number of a list, or under a key of its first member that has it."""
    if not isinstance(value, list):
        return None
    if step.isdecimal():
        return value[int(step)] if len(step) < 6 and int(step) < len(value) else None
    members = (member[step] for member in value if isinstance(member, dict) and step in member)
    return next(members, None)


def _filled(tree: Tree, template: str, location: Location) -> str | None:
    """The template with its slots filled; None if one of them is blank."""
    filled: dict[str, str] = {}
    for slot in SLOT.findall(template):
        found = first_text(tree, (slot,), location)
        if found is None:
            return None
        filled[slot] = str(found.value).strip()
    return SLOT.sub(lambda match: filled[match[1]], template)


def _changed(found: Found, source: Source) -> Found:
    """What is left after the source's own options."""
    if not source.changes_texts or is_blank(found.value):
        return found
    members = found.value if isinstance(found.value, list) else [found.value]
    changed: list[Value] = []
    try:
        for member in members:
            changed += _each(member, source) if isinstance(member, str) else [member]
    except TimeoutError:
        problem = f"`regex` takes longer than {LIMIT_S:g} s"
        return replace(found, value=None, problem=problem, is_slow=True)
    if not isinstance(found.value, list) and not source.split:
        return replace(found, value=changed[0] if changed else None, problem="" if changed else "does not fit `regex`")
    return replace(found, value=changed, problem="" if changed else "does not fit `regex`")


def _each(text: str, source: Source) -> Iterator[str]:
    picked = _picked(text, source.pattern) if source.pattern else text
    if picked is None:
        return
    replaced = dict(source.replaced)
    for part in parts_of(picked, source.split) if source.split else [picked]:
        value = replaced.get(part.strip().casefold(), part).strip()
        if value:
            yield f"{source.prefix}{value}{source.suffix}"


def _picked(text: str, pattern: str) -> str | None:
    """The part of a text that an expression picks.

    Raises:
        TimeoutError: the expression does not come to an end on it.
    """

    import regex

    match = regex.search(pattern, text[:LIMIT_MATCHED], timeout=LIMIT_S)
    if match is None:
        return None
    groups = [group for group in match.groups() if group is not None]
    return str(groups[0] if groups else match[0])


def text_in(member: Value, keys: Sequence[str]) -> str | None:
    """A text, or that under the first of the keys in a mapping that has one, as it is written; None without one."""
    if isinstance(member, str):
        return member
    if not isinstance(member, dict):
        return None
    for key in keys:
        text = member.get(key)
        if isinstance(text, str) and text.strip():
            return text
    return None
