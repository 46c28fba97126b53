"""A store on disk, its clock in hand, and files to put into it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image as Pictures

from syndicate.content.folder import FolderStore
from syndicate.items.presets import rules_of
from syndicate.ports.content import Indexed, Scan

RULES = rules_of("medigy", site_url="https://site.example/")
LONG_AGO_NS = 1_700_000_000_000_000_000
LATER_NS = LONG_AGO_NS + 3600 * 10**9
MS = 10**6


class Clock:
    """The wall clock of a test, in nanoseconds."""

    def __init__(self, now: int = LATER_NS) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> FolderStore:
    root = tmp_path / "content"
    root.mkdir()
    return FolderStore(root, RULES, clock=clock)


def item_text(number: int = 1, *, title: str = "T", image: str = "", link: str = "") -> str:
    lines = ["---", f"id: {number}", "source: s", f"title: {title}", "date: 2024-01-01", "slug: t"]
    lines.append(f"link: {{href: '{link or f'https://a.example/{number}'}'}}")
    if image:
        lines.append(f"featuredImage: {{href: {image}, alt: Alt}}")
    return "\n".join([*lines, "---", "Body.", ""])


def put(store: FolderStore, name: str, content: str | bytes, *, at: int = LONG_AGO_NS) -> Path:
    path = store.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.utime(path, ns=(at, at))
    return path


def picture(size: tuple[int, int] = (6, 4), form: str = "PNG") -> bytes:
    stream = BytesIO()
    Pictures.new("RGB", size, "red").save(stream, form)
    return stream.getvalue()


def codes(scan: Scan) -> list[str]:
    return [fault.code for one in scan.files.values() for fault in one.faults] + [fault.code for fault in scan.faults]


NOTHING: Mapping[str, Indexed] = {}
