"""The same checks under the coverage-guided fuzzer Atheris, which is installed apart:

    python3 -m venv /tmp/atheris && /tmp/atheris/bin/pip install atheris -r requirements/run.in
    /tmp/atheris/bin/python tests/fuzz/covered.py -max_total_time=900 CORPUS

CORPUS is a folder for what it finds out; it is filled with the seeds first.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "src")]

with atheris.instrument_imports(include=["syndicate", "fuzz", "yaml", "tomllib", "frontmatter"]):
    from fuzz.judge import judge
    from fuzz.mutations import mutated
    from fuzz.seeds import SEEDS

LIMIT_S = 5.0  # watched code is ten times slower
PRESETS = [preset for preset, _ in SEEDS]


def one_input(content: bytes) -> None:
    """The first byte chooses the preset, the others are the file."""
    if content:
        judge(content[1:], PRESETS[content[0] % len(PRESETS)], limit_s=LIMIT_S)


def main() -> None:
    corpus = next((Path(word) for word in sys.argv[1:] if not word.startswith("-")), None)
    if corpus is not None:
        corpus.mkdir(parents=True, exist_ok=True)
        for number in range(300):
            preset, content = mutated(0, number)
            if len(content) < 6000:
                (corpus / f"seed-{number}").write_bytes(bytes([PRESETS.index(preset)]) + content)
        for at, (_, text) in enumerate(SEEDS):
            (corpus / f"seed-{PRESETS[at]}").write_bytes(bytes([at]) + text.encode())
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
