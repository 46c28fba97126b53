"""The process that decodes and draws: `images` starts it, so that a hostile file meets a wall instead of the publisher.

It knows Pillow, the modules beside it that draw, and nothing else of the product. It reads jobs from its input:

    job     4 bytes length, JSON {"task": ..., "size": n, "limit_s": s of CPU time, "rules": {...}}, n bytes of image
    answer  4 bytes length, JSON {"sizes": [n, ...], ...} or {"sizes": [], "error": ...}, the files one after another

Tasks are `develop` (a picture within the rules of a network), `upright` (the whole image turned), `card` (the image as
a card in JPEG and WebP) and `poster` (a generated card, without an image). It ends at the end of its input, so it never
outlives its parent.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final

from PIL import Image

from syndicate.content.lettering import Face
from syndicate.content.pixels import FORMATS, Unusable, card, develop, pair, upright
from syndicate.content.poster import Sheet, poster
from syndicate.regular import read_regular

LIMIT_MEMORY_BYTES: Final = 1024**3

_OPERATORS: Final = ("logo", "background")


def serve(jobs: BinaryIO, answers: BinaryIO) -> None:
    """Answer jobs until there are no more."""
    while head := jobs.read(4):
        header = json.loads(jobs.read(int.from_bytes(head, "big")))
        content = jobs.read(header["size"])
        _alarm(header["limit_s"])
        try:
            files, answer = _done(header["task"], content, header["rules"])
        except Unusable as error:
            files, answer = [], {"error": str(error)}
        _alarm(0)
        told = json.dumps({"sizes": [len(file) for file in files], **answer}).encode()
        answers.write(len(told).to_bytes(4, "big") + told + b"".join(files))
        answers.flush()


def _done(task: str, content: bytes, rules: Any) -> tuple[list[bytes], dict[str, Any]]:
    """The files and what is told of them."""
    if task == "card":
        return list(card(content, color=rules["color"], limit_bytes=rules["limit_bytes"])), {}
    if task == "poster":
        image, missing = poster(_sheet(rules["sheet"]))
        return list(pair(image, rules["limit_bytes"])), {"missing": missing}
    picture, media_type, width_px, height_px = develop(content, rules) if task == "develop" else upright(content)
    return [picture], {"media_type": media_type, "width_px": width_px, "height_px": height_px}


def _sheet(told: dict[str, Any]) -> Sheet:
    for weight in ("bold", "regular"):
        told[weight] = tuple(Face(*face) for face in told[weight])
    for name in _OPERATORS:
        told[name] = _picture(told[name])
    return Sheet(**told)


def _picture(path: str) -> Image.Image | None:
    """A picture of the operator's; one that went away or broke since the start costs itself only."""
    if not path:
        return None
    try:
        image = Image.open(BytesIO(read_regular(Path(path))), formats=FORMATS)
        return image.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _alarm(seconds: float) -> None:
    """Die after so many seconds of work, also when nobody is left to kill us; 0 calls it off. Nothing on Windows.

    Working time: an honest large image must not fail because the machine is busy with other things.
    """
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _limit_memory() -> None:
    """Refuse memory beyond the limit rather than take it from the whole machine. Nothing on Windows."""
    try:
        import resource
    except ImportError:
        return
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    # Raising the machine's own limit is refused, so take the lower one.
    limit_bytes = LIMIT_MEMORY_BYTES if most == resource.RLIM_INFINITY else min(LIMIT_MEMORY_BYTES, most)
    resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Serve the parent: answers go to its pipe alone, whatever a decoder may print."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    # Ctrl-C and a service manager's stop reach the whole group; the parent finishes its work first, then closes us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _limit_memory()
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
