"""`syndicate sample`: a working site to start from."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import click

import syndicate
from syndicate.cli.output import program, say, warn
from syndicate.errors import CannotWrite, UsageError


@click.command(
    short_help="Write a working site to start from.",
    epilog="\b\nExample:\n  syndicate sample mysite && cd mysite && syndicate run",
)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def sample(folder: Path) -> None:
    """Write the sample site (settings and a store of items with images) into FOLDER, which must be new or empty."""
    copy_sample(folder)
    if is_edited(sample_source() / "config" / "syndicate.yaml"):
        settings = folder / "config" / "syndicate.yaml"
        warn(f"{settings}: is a copy of the settings here, which were edited: see that no channel or secret is in it")
    say(f"{folder}: ready. Next: cd {folder} && {program(elsewhere=True)} run")


def copy_sample(folder: Path) -> None:
    """Write the sample site into a folder.

    Raises:
        UsageError: the folder holds something.
        CannotWrite: no room or no rights.
    """
    source = sample_source()
    for part in ("content", "config"):
        if not (source / part).is_dir():
            raise CannotWrite(str(source / part), "the sample site is not there", "bring the folder back")
    try:
        if folder.exists() and any(folder.iterdir()):
            raise UsageError(f"{folder}: is not empty; name a new folder")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source / "content", folder / "content")
        shutil.copytree(source / "config", folder / "config")
    except OSError as error:
        remedy = "make room, or name a folder you may write to"
        raise CannotWrite(str(folder), error.strerror or str(error), remedy) from error


SHIPPED = "6ec1f48a43dbf7b1"
"""Digest of the settings that the sample comes with."""


def is_edited(settings: Path) -> bool:
    """Whether the settings differ from those that the sample comes with."""
    return digest_of(settings) != SHIPPED


def digest_of(settings: Path) -> str:
    """The digest of a settings file, whatever its line ends are."""
    content = settings.read_bytes().replace(b"\r\n", b"\n")
    return hashlib.sha256(content).hexdigest()[:16]


def sample_source() -> Path:
    """Where the sample site lies: inside the installed package, or beside `src/` in a checkout."""
    package = Path(syndicate.__file__).parent
    inside = package / "sample"
    return inside if inside.is_dir() else package.parents[1]
