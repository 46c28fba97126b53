"""From a file's bytes to front matter and body: YAML, TOML or JSON between fences, refused loudly or read whole.

python-frontmatter's handlers find and split the block; its `load` is not used, for it takes a file that it cannot read
for one without front matter, and silence there loses items. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from frontmatter.default_handlers import BaseHandler, JSONHandler
from msgspec.structs import replace

from syndicate.errors import Fault, InvalidItem
from syndicate.items.decoding import decoded
from syndicate.items.toml_json import no_json, tree_of_json, tree_of_toml
from syndicate.items.tree import Block, Tree
from syndicate.items.yaml_tree import tree_of_yaml
from syndicate.later import compiled

MAX_FILE_BYTES = 2 * 1024 * 1024
MAX_FRONT_BYTES = 256 * 1024

# What YAML 1.1 section 5.1 does not print; found in real stores, mostly pasted from word processors.
_UNPRINTABLE = compiled("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_PRINTABLE = bytes([9, 10, *range(32, 127)])  # of ASCII
_MAX_COMMENTS = 20  # before the front matter
_SPACE = re.compile(r"\s*+")
_SOFT_BREAKS = str.maketrans({"\x85": " ", "\u2028": " ", "\u2029": " "})  # YAML would end the line there


def _line(form: str) -> re.Pattern[str]:
    return compiled(rf"{form}[ \t]*(?:\n|\Z)", re.IGNORECASE)


class _JsonHandler(JSONHandler):
    """JSON from `{` to its closing brace, without fences."""

    def split(self, text: str) -> tuple[str, str]:
        """The object and what follows it."""
        text = text.removeprefix("\n")
        _, end = json.JSONDecoder(parse_int=str).raw_decode(text)
        return text[:end], text[end:]


def _fenced(boundary: str, fence: str) -> BaseHandler:
    """A handler that splits at lines of this form.

    A boundary begins with the line feed before it, and looks at the next character first, so that it is found quickly:
    texts to split get one more in front.
    """
    return BaseHandler(compiled(rf"\n(?=[-+.])(?:{boundary})[ \t]*(?=\n|\Z)", re.IGNORECASE), fence, fence)


# How a file may begin, who splits it then, and who reads the block. The words after `---` are gray-matter's, on which
# many site generators are built.
_FENCES: tuple[tuple[re.Pattern[str], BaseHandler, Callable[[Block], Tree]], ...] = (
    (_line(r"-{3,}(?:[ \t]*ya?ml)?"), _fenced(r"-{3,}(?:[ \t]*ya?ml)?|\.{3}", "---"), tree_of_yaml),
    (_line(r"\+{3,}"), _fenced(r"\+{3,}", "+++"), tree_of_toml),
    (compiled(r"""\{\s*+(?:["'}]|\Z|[\w-]++\s*+:)|\{[ \t]*+\n"""), _JsonHandler(), tree_of_json),
    (_line(r"---[ \t]*toml"), _fenced(r"---(?:[ \t]*toml)?", "---"), tree_of_toml),
    (_line(r"---[ \t]*json"), _fenced(r"---(?:[ \t]*json)?", "---"), tree_of_json),
)
_AFTER_COMMENT = compiled(r"""(?:-{3}|\+{3})[ \t]*\n(?>(?:[ \t]*(?:#.*)?\n)*)[\w"'-]++[ \t]*[:=]""")
_DASHES = "\u2010-\u2015\u2212-"
# Beginnings that are meant as front matter and would be lost in silence: the problem, and the way out.
_NEARLY = (
    (compiled(r"-{3}|\+{3}"), "has more than a fence in its first line", "leave nothing but the fence in that line"),
    (
        compiled(rf"[{_DASHES}]{{1,3}}[ \t]*\n[\w-]++:(?:[ \t]|\n)"),
        "begins with dashes that are no fence",
        "write three plain hyphens, `---`, before and after the fields",
    ),
    (compiled(r"#\+\w++(?:\[\])?:"), "has front matter of Org mode, which is not read", "write it as YAML in `---`"),
    (compiled(r";{3,}[ \t]*\n"), "has front matter between `;;;`, which is not read", "write it as YAML in `---`"),
)


def read(content: bytes, path: str, *, fallback_encoding: str | None = None) -> tuple[Tree, str] | None:
    """The front matter and the body of a file; None if the file begins with nothing like a fence, so is no item.

    Args:
        content: the whole file, UTF-8 or UTF-16 with a byte order mark.
        path: as the operator knows it, for messages.
        fallback_encoding: what a file that is not UTF-8 is read as, with a warning: a name that Python knows, such as
            `cp1252`. Without it such a file is refused.

    Raises:
        InvalidItem: unreadable, over a cap, or fenced without a mapping inside.
    """
    if len(content) > MAX_FILE_BYTES:
        raise too_big(path, len(content))
    text, warnings = decoded(content, path, fallback_encoding)
    start, is_wrapped = _start(text)
    if start and text[:start].strip():
        warnings += _before_fence(text, start, path, is_wrapped=is_wrapped)
    block = Block(path, text.count("\n", 0, start) + 1)
    text = text[start:]
    for opening, handler, tree_of in _FENCES:
        if opening.match(text):
            front, body = _split(handler, text, block)
            tree = _tree(front, tree_of)
            if is_wrapped:
                body = body.removeprefix("-->").strip("\n")
            return replace(tree, faults=(*warnings, *tree.faults)) if warnings else tree, body
    for opening, problem, remedy in _NEARLY:
        if opening.match(text):
            raise replace(block, fence=text.partition("\n")[0]).refusal("E-FRONTMATTER", problem, remedy)
    return None


def too_big(path: str, size_bytes: int) -> InvalidItem:
    """The error of a file over `MAX_FILE_BYTES`, for stores that see the size before they read."""
    problem = f"has {size_bytes} bytes, over the limit of {MAX_FILE_BYTES}"
    return InvalidItem((Fault(path, "E-TOO-BIG", problem, "shorten it, or exclude it by `content.exclude`"),))


def _start(text: str) -> tuple[int, bool]:
    """Where a fence may stand, and whether in a comment, as Hugo has it: after white space, comments and a `#!` line.

    Comments are passed over only if front matter follows, so that a page that begins with a comment and a rule stays
    what it is.
    """
    first = at = _solid(text, 0)
    if text.startswith("#!", at):
        at = _solid(text, text.find("\n", at) + 1 or len(text))
    for _ in range(_MAX_COMMENTS):
        if not text.startswith("<!--", at):
            break
        inside = _solid(text, at + 4)
        if _AFTER_COMMENT.match(text, inside):
            return inside, True
        end = text.find("-->", at)
        at = _solid(text, end + 3 if end >= 0 else len(text))
    return (at, False) if at > first and _AFTER_COMMENT.match(text, at) else (first, False)


def _solid(text: str, at: int) -> int:
    """The next place that holds no white space."""
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _before_fence(text: str, start: int, path: str, *, is_wrapped: bool) -> tuple[Fault, ...]:
    if is_wrapped:
        return ()
    first = _solid(text, 0)
    problem, remedy = "stands before the front matter, where few programs look for it", "move it below"
    shown = text[first:start].split("\n", maxsplit=1)[0][:80]
    return (Fault(path, "W-FENCE", f"`{shown}` {problem}", remedy, line=text.count("\n", 0, first) + 1, column=1),)


def _split(handler: BaseHandler, text: str, block: Block) -> tuple[Block, str]:
    """The block with its text, and the body."""
    is_json = isinstance(handler, _JsonHandler)
    block = Block(block.path, block.line, "" if is_json else text.partition("\n")[0], text if is_json else "")
    try:
        front, body = handler.split("\n" + text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise no_json(error, block) from error
    except ValueError as error:
        problem = "begins the front matter, but no line closes it"
        remedy = f"write `{handler.END_DELIMITER}` on a line of its own after the last field"
        raise block.refusal("E-FRONTMATTER-UNCLOSED", problem, remedy) from error
    if len(front) > MAX_FRONT_BYTES // 4 and len(front.encode(errors="surrogatepass")) > MAX_FRONT_BYTES:
        problem = f"the front matter has over {MAX_FRONT_BYTES} bytes"
        raise block.refusal("E-TOO-BIG", problem, "move long texts into the body")
    return Block(block.path, block.line, block.fence, front), body.strip("\n")


def _tree(block: Block, tree_of: Callable[[Block], Tree]) -> Tree:
    front, warnings = _printable(block.text, block)
    tree = tree_of(block if front is block.text else replace(block, text=front))
    return replace(tree, faults=(*warnings, *tree.faults)) if warnings else tree


def _printable(front: str, block: Block) -> tuple[str, tuple[Fault, ...]]:
    """The block without characters that no format allows, and a warning if there were some."""
    if front.isascii():
        if not front.encode().translate(None, _PRINTABLE):
            return front, ()
    elif front.replace("\n", "").isprintable():
        return front, ()
    else:
        front = front.translate(_SOFT_BREAKS)
    match = _UNPRINTABLE.search(front)
    if match is None:
        return front, ()
    line = front.count("\n", 0, match.start())
    column = match.start() - (front.rfind("\n", 0, match.start()) + 1)
    problem = f"holds the invisible character U+{ord(match.group()):04X}, which was left out"
    fault = block.fault("W-CONTROL-CHARACTER", problem, "delete it", line=line, column=column)
    return _UNPRINTABLE.sub("", front), (fault,)
