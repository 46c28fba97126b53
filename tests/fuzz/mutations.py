"""Ways to damage a file, each a function of a random generator and the bytes. Deterministic for a generator's seed."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from fuzz.seeds import SEEDS

_UNICODE = (
    *("\0", "\x01", "\x08", "\x0b", "\x0c", "\x1b", "\x7f", "\x85", "\x9f", "\xa0", "\xad", "\u00df", "\u0130"),
    *("\u0301", "\u200b", "\u200d", "\u2028", "\u2029", "\u202e", "\u2066", "\ufeff", "\ufffd", "\ufffe"),
    *("\U0001f600", "\U0001f468\u200d\U0001f469", "\U000e0041", "\u0627\u0644", "\u3000", "\u2014", "\u2019"),
)
_SNIPPETS = (
    *("---\n", "\n---\n", "+++\n", "...\n", "--- x\n", "\n\n", "\r\n", "\r", "\t", "    ", "# ", " #", ": ", ":", "- "),
    *(
        "? ",
        "|",
        ">",
        "|2-\n",
        "'",
        '"',
        "''",
        "\\",
        '"\\ud83d"',
        '"\\x00"',
        "[",
        "]",
        "{",
        "}",
        ",",
        "&a ",
        "*a",
        "*a ",
    ),
    *(
        "<<: *a\n",
        "<<: [*me, *d]\n",
        "!!str ",
        "!!binary ",
        "!!set ",
        "!!python/object:os.system ",
        "!x ",
        "@",
        "`",
        "%",
    ),
    *("%YAML 1.2\n", "[Draft] ", "{{ x }}", "{% x %}", "{{< x >}}", "<!-- ", " -->", "<script>", "<![CDATA[", "]]>"),
    *("&#0;", "&#xD800;", "2023-02-30", "0000-00-00", "24:00:00", "9" * 5000, "1e999", ".nan", ".inf", "~", "null"),
    *("true", "No", "0x1F", "https://[::1", "javascript:alert(1)", "//x", "/%2e%2e/", "a.b.c.d = 1\n", "[[a]]\n"),
    *("[a.b]\n", "'''", '"' * 3),
)
_CODECS = ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252", "utf-7", "shift_jis")


def flip(random: Random, content: bytes) -> bytes:
    """Some bytes are others."""
    damaged = bytearray(content)
    for _ in range(random.randint(1, 8)):
        if damaged:
            damaged[random.randrange(len(damaged))] = random.randrange(256)
    return bytes(damaged)


def truncate(random: Random, content: bytes) -> bytes:
    """An end, or a beginning, is missing."""
    at = random.randint(0, len(content))
    return content[:at] if random.random() < 0.7 else content[at:]


def delete(random: Random, content: bytes) -> bytes:
    """A part is missing."""
    at = random.randint(0, len(content))
    return content[:at] + content[at + random.randint(1, 40) :]


def insert(random: Random, content: bytes) -> bytes:
    """A mark of YAML, TOML, JSON, HTML or a template stands where it should not."""
    at = random.randint(0, len(content))
    return content[:at] + random.choice(_SNIPPETS).encode() * random.choice((1, 1, 1, 2, 30)) + content[at:]


def inject(random: Random, content: bytes) -> bytes:
    """Odd characters."""
    at = random.randint(0, len(content))
    return content[:at] + random.choice(_UNICODE).encode() * random.choice((1, 1, 2, 500)) + content[at:]


def value(random: Random, content: bytes) -> bytes:
    """A value of a line is another one."""
    lines = content.split(b"\n")
    chosen = [at for at, line in enumerate(lines) if b": " in line or b" = " in line]
    if chosen:
        at = random.choice(chosen)
        mark = b": " if b": " in lines[at] else b" = "
        lines[at] = (
            lines[at].partition(mark)[0] + mark + random.choice(_SNIPPETS).encode() + lines[at].partition(mark)[2]
        )
    return b"\n".join(lines)


def move(random: Random, content: bytes) -> bytes:
    """A line stands elsewhere, or twice, or not at all."""
    lines = content.split(b"\n")
    at = random.randrange(len(lines))
    line = lines[at] if random.random() < 0.4 else lines.pop(at)
    if random.random() < 0.8:
        lines.insert(random.randint(0, len(lines)), line)
    return b"\n".join(lines)


def indent(random: Random, content: bytes) -> bytes:
    """Lines are indented otherwise."""
    lines = content.split(b"\n")
    at = random.randrange(len(lines))
    for line in range(at, min(len(lines), at + random.choice((1, 1, 3, 20)))):
        stripped = lines[line].lstrip()
        lines[line] = random.choice((b"", b" ", b"  ", b"\t", b" \t", b" " * 30)) + stripped
    return b"\n".join(lines)


def splice(random: Random, content: bytes) -> bytes:
    """The beginning of this file, the end of another."""
    other = random.choice(SEEDS)[1].encode()
    return content[: random.randint(0, len(content))] + other[random.randint(0, len(other)) :]


def key(random: Random, content: bytes) -> bytes:
    """A key stands twice, in another case, or is an odd one."""
    lines = content.split(b"\n")
    at = random.randrange(len(lines))
    name, mark, rest = lines[at].partition(b":")
    odd = random.choice(
        (name.upper(), name.lower(), b"2019", b"true", b"null", b"content", b"handler", b"'a b'", b"? [x]")
    )
    lines.insert(at + random.randint(0, 1), odd + mark + rest)
    return b"\n".join(lines)


def nest(random: Random, content: bytes) -> bytes:
    """A value is nested deep."""
    depth = random.choice((3, 19, 21, 60, 1000))
    opening, closing = random.choice(((b"[", b"]"), (b"{a: ", b"}"), (b'{"a": ', b"}"), (b"- ", b""), (b"? ", b"")))
    at = random.randint(0, len(content))
    return content[:at] + opening * depth + b"x" + closing * random.choice((depth, depth, 1)) + content[at:]


def repeat(random: Random, content: bytes) -> bytes:
    """A part stands many times."""
    at = random.randint(0, len(content))
    part = content[at : at + random.randint(1, 60)]
    return content[:at] + part * random.choice((2, 10, 300)) + content[at:]


def encode(random: Random, content: bytes) -> bytes:
    """Another encoding."""
    return content.decode("utf-8", "replace").encode(random.choice(_CODECS), "replace")


def breaks(random: Random, content: bytes) -> bytes:
    """Other line ends."""
    return content.replace(
        b"\n", random.choice((b"\r\n", b"\r", b"\n\n", b"\x0b", b"\xe2\x80\xa8")), random.choice((1, 5, -1))
    )


def anchor(random: Random, content: bytes) -> bytes:
    """Aliases, of which each names the one before it several times."""
    count, times = random.choice(((3, 2), (9, 9), (24, 2)))
    form = random.choice((b"[%s]", b"{<<: [%s]}"))
    lines = [b"a0: &a0 {k: v}"]
    lines += [b"a%d: &a%d " % (at, at) + form % b", ".join([b"*a%d" % (at - 1)] * times) for at in range(1, count)]
    return content.replace(b"---\n", b"---\n" + b"\n".join(lines) + b"\n", 1)


MUTATIONS: tuple[Callable[[Random, bytes], bytes], ...] = (
    *(
        flip,
        truncate,
        delete,
        insert,
        inject,
        value,
        value,
        move,
        indent,
        splice,
        key,
        nest,
        repeat,
        encode,
        breaks,
        anchor,
    ),
)


def mutated(seed: int, number: int) -> tuple[str, bytes]:
    """The preset and the content of one damaged file; the same for the same seed and number."""
    random = Random(f"{seed}/{number}")
    preset, text = random.choice(SEEDS)
    content = text.encode()
    for _ in range(random.choice((1, 1, 1, 2, 2, 3, 5))):
        content = random.choice(MUTATIONS)(random, content)
    return preset, content[: 2**20]
