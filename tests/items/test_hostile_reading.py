"""Files made to exhaust the machine: each is read or refused at once, and in little memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

# Coverage, where it follows children, makes each line several times slower.
LIMIT_S = 0.5 if not any(name.startswith("COVERAGE_PROCESS") for name in os.environ) else 4.0
LIMIT_BYTES = 200 * 1024 * 1024

ALIASES = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 9)}]\n" for at in range(1, 10)
)
MERGES = "a0: &a0 {k: v}\n" + "".join(
    f"a{at}: &a{at} {{<<: [*a{at - 1}, *a{at - 1}], k{at}: v}}\n" for at in range(1, 25)
)

# Each is the text of a Python expression, so that the child makes the file itself.
HOSTILE = {
    "aliases of aliases": (repr(f"---\n{ALIASES}---\n"), "aliases and merge keys add over"),
    "24 steps of merge keys": (repr(f"---\n{MERGES}---\n"), "aliases and merge keys add over"),
    "aliases of a long text": (
        "'---\\na: &a ' + 'x' * 100000 + '\\nb: [' + '*a, ' * 9 + ']\\n---\\n'",
        "add over",
    ),
    "an alias below an alias": (
        "'---\\n' + ''.join(f'a{n}: &a{n} [*a{n - 1}]\\n' if n else 'a0: &a0 [x]\\n' for n in range(99)) + '---\\n'",
        "nested deeper",
    ),
    "NUL bytes": ("'---\\ntitle: ' + '\\0' * 100000 + '\\n---\\n'", "NUL"),
    "an integer of 5,000 digits": ("'---\\na: ' + '9' * 5000 + '\\n---\\n'", ""),
    "depth 5,000 in brackets": ("'---\\na: ' + '[' * 5000 + ']' * 5000 + '\\n---\\n'", "nested deeper"),
    "depth 5,000 in braces": ("'---\\na: ' + '{a: ' * 5000 + '}' * 5000 + '\\n---\\n'", "nested deeper"),
    "depth 600 by blanks": ("'---\\n' + ''.join(' ' * n + 'a:\\n' for n in range(600)) + '---\\n'", "nested deeper"),
    "depth 5,000 by dashes": ("'---\\na:\\n ' + '- ' * 5000 + '\\n---\\n'", "nested deeper"),
    "200,000 keys": ("'---\\n' + ''.join(f'{n}:\\n' for n in range(200000)) + '---\\n'", "bytes"),
    "40,000 keys": ("'---\\n' + ''.join(f'{n}:\\n' for n in range(37000)) + '---\\n'", "20000 parts"),
    "9,000 equal keys": ("'---\\n' + 'a: b\\n' * 9000 + '---\\n'", ""),
    "a scalar of 5 MB": ("'---\\na: ' + 'x' * 5000000 + '\\n---\\n'", "over the limit"),
    "a scalar of 1 MB": ("'---\\na: ' + 'x' * 1000000 + '\\n---\\n'", "over 262144 bytes"),
    "a scalar of 250 kB": ("'---\\na: ' + 'x' * 250000 + '\\n---\\n'", "over 200000 characters"),
    "a quote that is not closed": ("'---\\na: \"' + 'x ' * 120000 + '\\n---\\n'", "close the quotes"),
    "values to quote": ("'---\\n' + ''.join(f'k{n}: a: b\\n' for n in range(20000)) + '---\\n'", "it holds a colon"),
    "a long value to quote": ("'---\\ntitle: a: ' + 'b: ' * 60000 + '\\n---\\n'", ""),
    "a long line that is no YAML": ("'---\\n' + '- ' * 9 + 'a: ' * 60000 + '@\\n---\\n'", ""),
    "a long key that is no YAML": ("'---\\n' + 'a ' * 90000 + ': b: c\\n---\\n'", ""),
    "a line of blanks": ("'---\\ntitle: a: b' + ' ' * 200000 + 'c\\n---\\n'", ""),
    "brackets to close": ("'---\\ntitle: ' + '[' * 19 + ' ' + '[]' * 90000 + ' x\\n---\\n'", ""),
    "comments": ("'<!-- -->' * 200000 + '---\\n'", ""),
    "comments in comments": ("'<!-- ' * 200000", ""),
    "almost fences": ("'---\\n' + '--- \\t \\t x\\n' * 20000", "no line closes it"),
    "a very long fence": ("'-' * 2000000", "no line closes it"),
    "blank lines": ("'\\n' * 2000000", ""),
    "carriage returns": ("'---\\r' + '\\r' * 200000 + '---\\r'", ""),
    "invisible characters": ("'---\\na: ' + '\\u200b\\x01' * 50000 + '\\n---\\n'", ""),
    "TOML with a long path": ("'+++\\n' + 'a.' * 100000 + 'a = 1\\n+++\\n'", "nested deeper"),
    "TOML with many paths": (
        "'+++\\n' + ''.join(f'a.b.c.d.e{n} = 1\\n' for n in range(14000)) + '+++\\n'",
        "5000 lines",
    ),
    "TOML with many keys": ("'+++\\n' + ''.join(f'k{n}=1\\n' for n in range(25000)) + '+++\\n'", "5000 lines"),
    "TOML with many tables": ("'+++\\n' + ''.join(f'[t{n}]\\n' for n in range(25000)) + '+++\\n'", "5000 lines"),
    "TOML with an array of tables": ("'+++\\n' + '[[a]]\\n' * 40000 + '+++\\n'", "5000 lines"),
    "TOML with many members": ("'+++\\na = [' + '[],' * 60000 + ']\\n+++\\n'", "5000 lines"),
    "TOML of many paths": ("'+++\\n' + ''.join(f'a.b.c.d.e{n} = 1\\n' for n in range(2400)) + '+++\\n'", ""),
    "TOML of many tables": ("'+++\\n' + ''.join(f'[a.b.c.d.t{n}]\\n' for n in range(4900)) + '+++\\n'", ""),
    "TOML of many brackets": ("'+++\\n' + ''.join(f'a{n}=[[[[[[1]]]]]]\\n' for n in range(2400)) + '+++\\n'", ""),
    "TOML with escapes": ("'+++\\na = \"' + '\\\\n' * 90000 + '\"\\n+++\\n'", ""),
    "TOML that is deep": ("'+++\\na = ' + '[' * 100000 + '\\n+++\\n'", "nested deeper"),
    "TOML with many quotes": ("'+++\\n' + '\"' * 200000 + '\\n+++\\n'", "is no TOML"),
    "TOML with a long word": ("'+++\\n' + 'a' * 200000 + '\\n+++\\n'", "is no TOML"),
    "JSON that is deep": ("'{\"a\": ' + '[' * 1000000", "nested deeper"),
    "JSON with many members": ("'{\"a\": [' + '[], ' * 60000 + '1]}'", "20000 parts"),
    "JSON of 2 MB": ("'{\"a\": [' + '[], ' * 500000 + '1]}'", "over 262144 bytes"),
    "JSON with a long text": ("'{\"a\": \"' + 'x' * 250000 + '\"}'", "over 200000 characters"),
    "JSON with escapes": ("'{\"a\": \"' + '\\\\\\\\' * 90000 + '\"}'", ""),
}

CHILD = """
import json, pathlib, resource, sys, time
from syndicate.errors import InvalidItem
from syndicate.items.frontmatter import read

content = eval(sys.stdin.read()).encode(errors="surrogatepass")
began = time.process_time()
try:
    found = read(content, "x.md")
    said = "" if found is None else "read"
except InvalidItem as error:
    said = str(error)
took_s = time.process_time() - began
status = pathlib.Path("/proc/self/status")
if status.exists():
    # Not `ru_maxrss`: on Linux it holds what the parent had taken before this process began its own program.
    [peak_kib] = [int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")]
else:
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(json.dumps([said, took_s, peak_kib * 1024]))
"""


@pytest.mark.parametrize("name", HOSTILE)
def test_no_file_takes_long_or_much(name: str) -> None:
    expression, words = HOSTILE[name]

    done = subprocess.run(
        [sys.executable, "-c", CHILD], input=expression, capture_output=True, text=True, check=True, timeout=60
    )

    said, took_s, peak_bytes = json.loads(done.stdout)
    assert words in said
    assert took_s < LIMIT_S
    assert peak_bytes < LIMIT_BYTES
