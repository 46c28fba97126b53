"""What card images cost: a 12-megapixel JPEG and a generated card, in the child process that makes them.

    python3 run.py --version && .venv/bin/python bench/card_images.py [--json]

Prints the median CPU time of one card, for JPEG alone and for JPEG with WebP, and by how much the peak memory of a
child that made it exceeds that of one that only started; and by how much the JPEG is cheaper than by the plain way,
which decodes everything, squeezes it into the shape and saves it. Linux only.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path

from PIL import Image

from syndicate.content import pixels
from syndicate.content.framing import CARD_PX
from syndicate.content.lettering import Face
from syndicate.content.poster import Sheet, poster
from syndicate.content.typefaces import BOLD, REGULAR

ROUNDS = 9
LIMIT_BYTES = 300_000


def photo() -> bytes:
    """A JPEG of 4000x3000 with as much detail as a photograph (about 3 MB)."""
    clouds = Image.merge("RGB", [Image.effect_noise((250, 188), 90 + step) for step in (0, 5, 10)])
    grain = Image.merge("RGB", [Image.effect_noise((4000, 3000), 12)] * 3)
    image = Image.blend(clouds.resize((4000, 3000), Image.Resampling.BICUBIC), grain, 0.12)
    content = BytesIO()
    image.save(content, "JPEG", quality=88)
    return content.getvalue()


def sheet() -> Sheet:
    """A card of usual words."""
    title = "FDA clears the first autonomous AI system that reads chest X-rays without a radiologist"
    bold, regular = ((Face(str(path), 0, is_primary=True),) for path in (BOLD, REGULAR))
    return Sheet(title, "Medical Imaging", "Care Wire", "", "2026-11-01", bold=bold, regular=regular)


def jpeg_only(image: Image.Image) -> bytes:
    """The card's JPEG alone."""
    content = BytesIO()
    image.save(content, "JPEG", quality=pixels.CARD_QUALITIES[0], optimize=True, progressive=True, subsampling="4:2:0")
    return content.getvalue()


def plain(content: bytes) -> bytes:
    """The card's JPEG as Pillow's own examples make it."""
    made = BytesIO()
    card = Image.open(BytesIO(content)).convert("RGB").resize(CARD_PX)
    card.save(made, "JPEG", quality=pixels.CARD_QUALITIES[0])
    return made.getvalue()


TASKS = {
    "nothing": lambda content: None,
    "plain": plain,
    "photo_jpeg": lambda content: jpeg_only(pixels._card(content, "")),
    "photo": lambda content: pixels.card(content, color="", limit_bytes=LIMIT_BYTES),
    "generated": lambda content: pixels.pair(poster(sheet())[0], LIMIT_BYTES),
}


def measure(task: str) -> None:
    """In a process of its own: CPU milliseconds of each round, and the peak of memory."""
    content = sys.stdin.buffer.read()
    rounds = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        TASKS[task](content)
        rounds.append((time.process_time() - begun) * 1000)
    # Not `ru_maxrss`, which holds what the parent had taken before this process began its own program.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak_kib = int(status.partition("VmHWM:")[2].split()[0])
    print(json.dumps({"cpu_ms": rounds, "peak_mib": peak_kib / 1024}))


def main() -> None:
    """Measure each task and print it."""
    if len(sys.argv) > 2 and sys.argv[1] == "--task":
        measure(sys.argv[2])
        return
    content = photo()
    found = {}
    for task in TASKS:
        command = [sys.executable, str(Path(__file__).resolve()), "--task", task]
        found[task] = json.loads(subprocess.run(command, input=content, stdout=subprocess.PIPE, check=True).stdout)
    base = found.pop("nothing")["peak_mib"]
    told = {
        task: {
            "cpu_ms": round(statistics.median(one["cpu_ms"]), 1),
            "cpu_ms_least": round(min(one["cpu_ms"]), 1),
            "mib_over_base": round(one["peak_mib"] - base, 1),
        }
        for task, one in found.items()
    }
    ratios = {name: told["photo_jpeg"][name] / told["plain"][name] for name in ("cpu_ms", "mib_over_base")}
    if "--json" in sys.argv:
        print(json.dumps(told | {"photo_jpeg_by_plain": {name: round(ratio, 2) for name, ratio in ratios.items()}}))
        return
    print(f"photo: 4000x3000, {len(content) // 1000} kB")
    for task, one in told.items():
        cpu = f"{one['cpu_ms']:7.1f} ms CPU (least {one['cpu_ms_least']:.1f})"
        print(f"{task:12} {cpu}, {one['mib_over_base']:.1f} MiB over the base")
    print(f"photo_jpeg by plain: {ratios['cpu_ms']:.2f} of the CPU, {ratios['mib_over_base']:.2f} of the memory")


if __name__ == "__main__":
    main()
