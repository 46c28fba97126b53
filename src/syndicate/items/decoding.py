"""From a file's bytes to its text. Pure."""

from __future__ import annotations

import codecs
import re

from syndicate.errors import Fault, InvalidItem

BREAK = re.compile(r"\r\n?|\n")

_BYTE_ORDER_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_SHOWN = 80
_REMEDY = "save the file as UTF-8"


def decoded(content: bytes, path: str, fallback: str | None) -> tuple[str, tuple[Fault, ...]]:
    """The file as text with line feeds for line ends, and a warning if it had to be read in the fallback encoding.

    Raises:
        InvalidItem: it is neither UTF-8 nor UTF-16 with a byte order mark, nor what the fallback can read.
    """
    encoding = _BYTE_ORDER_MARKS.get(content[:2], "utf-8-sig")
    warnings: tuple[Fault, ...] = ()
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        name = encoding.removesuffix("-sig").upper()
        line, column, shown = _place(content[: error.start].decode(encoding, "replace"), content[error.start :])
        problem = f"is not {name}: byte {error.start} cannot be read, in `{shown}`"
        refusal = InvalidItem((Fault(path, "E-ENCODING", problem, _REMEDY, line=line, column=column),))
        if fallback is None or encoding != "utf-8-sig":
            raise refusal from error
        try:
            text = content.decode(fallback)
        except UnicodeDecodeError:
            raise refusal from error
        problem = f"is not UTF-8: byte {error.start} was read as {fallback}"
        warnings = (Fault(path, "W-ENCODING", problem, _REMEDY, line=line, column=column),)
    if "\r" in text:
        text = BREAK.sub("\n", text)
    if "\0" in text:
        line, column, shown = _place(text[: text.index("\0")], b"")
        problem = f"holds NUL bytes, in `{shown}`"
        raise InvalidItem((Fault(path, "E-ENCODING", problem, _REMEDY, line=line, column=column),))
    return text.removeprefix("\ufeff"), warnings


def _place(before: str, after: bytes) -> tuple[int, int, str]:
    """Line and column, counted from 1, of what stands between two parts of a file, and that line for a message."""
    ends = [match.end() for match in BREAK.finditer(before)]
    begun = before[ends[-1] if ends else 0 :]
    rest = re.split(rb"[\r\n]", after[:_SHOWN], maxsplit=1)[0].decode("ascii", "replace")
    return len(ends) + 1, len(begun) + 1, (begun[-_SHOWN // 2 :] + rest)[:_SHOWN].strip()
