from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

from content.picturing import bands, opened, saved
from syndicate.content.child import serve
from syndicate.content.typefaces import BOLD, REGULAR

RULES = {
    "shape": "photo",
    "limit_bytes": 1_000_000,
    "media_types": ["image/jpeg"],
    "longest_side_px": 2048,
    "limit_pixels": 33_177_600,
}


def asked(task: str, rules: object, content: bytes = b"") -> tuple[dict[str, Any], list[bytes]]:
    header = json.dumps({"task": task, "size": len(content), "limit_s": 60, "rules": rules}).encode()
    answers = BytesIO()
    serve(BytesIO(len(header).to_bytes(4, "big") + header + content), answers)
    answers.seek(0)
    answer = json.loads(answers.read(int.from_bytes(answers.read(4), "big")))
    return answer, [answers.read(size) for size in answer["sizes"]]


def sheet(**more: object) -> dict[str, object]:
    faces = {"bold": [(str(BOLD), 0, True)], "regular": [(str(REGULAR), 0, True)]}
    return {"title": "A title", "topic": "AI", "color": "", "logo": "", "background": "", **faces, **more}


def test_jobs_are_answered_one_after_the_other() -> None:
    jobs, answers = BytesIO(), BytesIO()
    for content in (saved(bands(400, 300), "PNG"), b"text"):
        header = json.dumps({"task": "develop", "size": len(content), "limit_s": 60, "rules": RULES}).encode()
        jobs.write(len(header).to_bytes(4, "big") + header + content)
    jobs.seek(0)

    serve(jobs, answers)

    answers.seek(0)
    first = json.loads(answers.read(int.from_bytes(answers.read(4), "big")))
    (size,) = first.pop("sizes")
    assert opened(answers.read(size)).size == (400, 300)
    assert first == {"media_type": "image/jpeg", "width_px": 400, "height_px": 300}
    second = json.loads(answers.read(int.from_bytes(answers.read(4), "big")))
    assert second == {"sizes": [], "error": "is no JPEG, PNG, WEBP or GIF image"}
    assert answers.read() == b""


def test_card_and_poster_are_answered_as_two_files() -> None:
    for task, rules, content in (
        ("card", {"color": "", "limit_bytes": 300_000}, saved(bands(1600, 900), "PNG")),
        ("poster", {"sheet": sheet(), "limit_bytes": 300_000}, b""),
    ):
        answer, (jpeg, webp) = asked(task, rules, content)

        assert "error" not in answer
        assert [opened(file).format for file in (jpeg, webp)] == ["JPEG", "WEBP"]


def test_poster_tells_the_scripts_that_no_font_has() -> None:
    answer, _ = asked("poster", {"sheet": sheet(title="人工知能"), "limit_bytes": 300_000})

    assert answer["missing"] == ["CJK"]


def test_operators_pictures_are_drawn_and_cost_only_themselves_when_they_broke(tmp_path: Path) -> None:
    logo, broken = tmp_path / "logo.png", tmp_path / "broken.png"
    logo.write_bytes(saved(bands(300, 100), "PNG"))
    broken.write_bytes(b"no picture")
    plain, with_logo, with_broken, with_missing = (
        asked("poster", {"sheet": sheet(logo=str(path)), "limit_bytes": 300_000})[1]
        for path in ("", logo, broken, tmp_path / "gone.png")
    )

    assert plain != with_logo
    assert plain == with_broken == with_missing
