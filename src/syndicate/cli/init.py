"""`syndicate init`: looks at a store that is there, and writes the settings that publish it."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from syndicate.cli.output import CONFIG, count, counting, json_option, program, say, table, tell_faults, tell_json
from syndicate.errors import CannotWrite, ConfigError, UsageError

if TYPE_CHECKING:
    from syndicate.cli.census import Census
    from syndicate.content.survey import Survey
    from syndicate.items.item import Item
    from syndicate.items.rules import Rules
    from syndicate.settings.first import First

CARDS = 5
"""So many of the newest items are shown."""

MOST_TOPICS = 10


@click.command(
    short_help="Look at your own store and write its settings.",
    epilog="\b\nExamples:\n  syndicate init                          the site in this folder"
    "\n  syndicate init ~/blog --dry-run         only show what it is\n  syndicate init ~/blog/content --preset hugo",
)
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
@json_option
@click.option("--preset", help="Take this preset, whatever the files look like.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), default=CONFIG, show_default=True,
              help="Settings file to write.")  # fmt: skip
@click.option("--force", is_flag=True, help="Write over a settings file that is there.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, write nothing.")
def init(folder: Path, *, as_json: bool, preset: str | None, output: Path, force: bool, dry_run: bool) -> None:
    """Look at FOLDER, a site or the folder of its Markdown files, and write settings that publish it.

    Reads only, and needs no network; a site's own settings are read where they are plain data, and never run. The
    settings that are written send nothing: they make feeds and a preview.
    """
    from syndicate.content.survey import survey
    from syndicate.settings.first import first_settings

    _check_calling(folder, preset, output, force=force or dry_run)
    found = survey(Path(os.path.realpath(folder)), only=preset)
    first, census = _read(found, output)
    if not census.items:
        raise UsageError(f"{folder}: {_no_items(census)}")
    text = first_settings(first, root=_root_words(output))
    if not dry_run:
        _write(output, text)
    if as_json:
        tell_json(_json(found, census, output, is_written=not dry_run) | {"settings": text})
        return
    _tell(found, census)
    if dry_run:
        say(f"{output} would be:\n\n{text}")
        return
    say(f"{output}: written. Next:")
    for line in _ignoring(output):
        say(f"  {line}")
    if not first.url:
        say("  write the site's name and address into it: they are not known, and every feed names them")
    option = "" if output == CONFIG else f" --config {output}"
    for command, words in (
        ("check", "what is left out, and why"),
        ("preview", "what would be posted"),
        ("run", "publish feeds and keep watching"),
    ):
        say(f"  {program()} {f'{command}{option}':{10 + len(option)}}{words}")


IGNORED = ("/state/", "/secrets/")
"""What is secret belongs in no repository; feeds may, and the site may have a folder of that name."""


def _ignoring(output: Path) -> list[str]:
    """Keeps what is secret out of the git repository that the settings lie in, or says how; nothing outside of one."""
    from syndicate.atomic import replace_file
    from syndicate.regular import read_regular
    from syndicate.settings.roots import root_of

    root = root_of(output)
    if not any((folder / ".git").exists() for folder in (root, *root.parents)):
        return []
    file = root / ".gitignore"
    try:
        lines = read_regular(file).decode(errors="replace").split() if file.exists() else None
        if lines is None:
            replace_file(file, "".join(f"{line}\n" for line in IGNORED).encode())
            return [f"{file}: written, so that the state and secrets stay out of the git repository"]
    except OSError as error:
        return [f"{file}: {error.strerror or error}; keep {', '.join(IGNORED)} out of the git repository"]
    lacking = [line for line in IGNORED if line.strip("/") not in {one.strip("/") for one in lines}]
    return [f"add {' and '.join(lacking)} to {file}: they belong in no git repository"] if lacking else []


def _check_calling(folder: Path, preset: str | None, output: Path, *, force: bool) -> None:
    from syndicate.items.presets import PRESETS

    if preset is not None and preset not in PRESETS:
        raise UsageError(f"--preset {preset}: is not known; use one of: {', '.join(sorted(PRESETS))}")
    if not folder.exists():
        raise UsageError(f"{folder}: is not there; name the folder of your site or of its Markdown files")
    if not folder.is_dir():
        raise UsageError(f"{folder}: is a file; name the folder it lies in: syndicate init {folder.parent}")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise UsageError(f"{folder}: cannot be read; give read rights")
    if output.exists() and not force:
        raise UsageError(f"{output}: is there already; --force writes over it, --output FILE writes elsewhere")


def _read(found: Survey, output: Path) -> tuple[First, Census]:
    """What to write, and what the store holds if it is read so."""
    from syndicate.cli.census import census_of
    from syndicate.content.folder import FolderStore
    from syndicate.content.lost_pictures import folders_of_lost
    from syndicate.house import clock

    hides_undated = found.trials[0].undated > 0
    folders: tuple[str, ...] = ()
    while True:
        first, rules = _first(found, output, hides_undated=hides_undated, folders=folders)
        with counting("reading") as tell:
            none = timedelta(0)
            store = FolderStore(found.store, rules, tell=tell, quiet=none, grace=none)
            scan = store.scan({})
        census = census_of(scan, clock())
        # Pages without a date that were not among the files tried.
        has_undated = not hides_undated and any(fault.code == "E-NO-DATE" for fault in census.errors)
        found_folders = folders or folders_of_lost(scan.files.values(), found.store, found.folder)
        if not has_undated and found_folders == folders:
            return first, census
        hides_undated, folders = hides_undated or has_undated, found_folders


def _first(found: Survey, output: Path, *, hides_undated: bool, folders: tuple[str, ...] = ()) -> tuple[First, Rules]:
    """What to write, and the rules that follow from it."""
    from zoneinfo import ZoneInfo

    from syndicate.content.survey import includes
    from syndicate.house import clock
    from syndicate.items.presets import rules_of
    from syndicate.settings.first import NO_URL, First
    from syndicate.settings.roots import root_of

    root = root_of(output)
    site = found.generator
    include = includes(found.preset, found.include) if found.include else ()
    below = ""
    if root.is_relative_to(found.store) or found.store.is_relative_to(root / "feeds"):
        # Feeds among the items would be read as items.
        below = os.path.relpath(found.store.parent / f"{found.store.name}-syndicate", root) + "/"
    usual = rules_of(found.preset).images.folders
    image_folders = tuple(dict.fromkeys((*usual, *folders))) if folders else ()
    first = First(
        folder=os.path.relpath(found.store, root) if found.store.is_relative_to(root) else str(found.store),
        preset=found.preset,
        year=clock().year,
        title=site.title,
        url=site.url,
        description=site.description,
        author=site.author,
        language=site.language,
        timezone=site.timezone,
        below=below,
        include=include,
        permalinks=_sound_permalinks(found),
        hides_undated=hides_undated,
        image_folders=image_folders,
    )
    try:
        zone = ZoneInfo(site.timezone or "UTC")
    except (ValueError, OSError):
        zone = ZoneInfo("UTC")
    rules = rules_of(
        found.preset,
        site_url=NO_URL if not site.url.startswith(("http://", "https://")) else site.url.rstrip("/") + "/",
        zone=zone,
        language=site.language or "en",
        include=include or None,
        permalink=first.permalinks or None,
        visibility={"undated": True} if first.hides_undated else {},
        images={"folders": image_folders or None},
    )
    return first, rules


def _sound_permalinks(found: Survey) -> dict[str, str]:
    """The site's own templates, but for those that the settings would refuse."""
    from syndicate.items.presets import rules_of

    sound = {}
    for section, place in found.generator.permalinks.items():
        try:
            rules_of(found.preset, permalink={section: place})
        except ConfigError:
            continue
        sound[section] = place
    return sound


def _no_items(census: Census) -> str:
    if census.errors:
        return f"none of its {census.files} files can be read as an item: {census.errors[0]}"
    if not census.files:
        return (
            "holds no Markdown file; name the folder of your site, or make a sample to look at: syndicate sample mysite"
        )
    rules = ", ".join(f"{number} {rule}" for rule, number in census.skipped.items())
    return (
        f"holds {count(census.files, 'Markdown file')} and no item ({rules}); an item begins with front matter, "
        "at least `title:` and `date:` between two lines of `---`"
    )


def _root_words(output: Path) -> str:
    return "the folder above this one" if output.absolute().parent.name == "config" else "the folder of this file"


def _write(output: Path, text: str) -> None:
    from syndicate.atomic import replace_file

    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        replace_file(output, text.encode())
    except OSError as error:
        raise CannotWrite(str(output), error.strerror or str(error), "name another file by --output") from error


def _tell(found: Survey, census: Census) -> None:
    from syndicate.cli.census import rows_of

    best = found.trials[0]
    site = found.generator
    made_for = f"a site of {site.name} ({site.evidence})" if site.name else "a site of no generator known here"
    say(f"{found.store}: {made_for}")
    words = f"{best.items} of {count(best.files, 'file')} tried are items, {count(best.errors, 'error')}"
    say(f"preset {best.preset}: {words}" + (f"; {best.undated} without a date" if best.undated else ""))
    for trial in found.trials[1:3]:
        say(f"  (not {trial.preset}: {trial.items} of {trial.files}, {count(trial.errors, 'error')})")
    if census.dates is not None:
        first, last = census.dates
        say(f"{count(len(census.published), 'item')}{census.waiting}, from {first:%Y-%m-%d} to {last:%Y-%m-%d}")
    table(("found", "number"), rows_of(census))
    top = sorted(census.topics.items(), key=lambda one: (-one[1], one[0]))[:MOST_TOPICS]
    if top:
        table(("topic", "items"), [(census.labels[slug], number) for slug, number in top])
    for item in _newest(census):
        _tell_card(item)
    tell_faults(census.faults)


def _tell_card(item: Item) -> None:
    image = item.image.ref if item.image is not None else "none"
    say(f"{item.published:%Y-%m-%d}  {item.title}  ({item.path})")
    if item.summary:
        say(f"    {item.summary[:160]}")
    say(f"    {item.link or item.page}   image: {image}   topics: {', '.join(one.label for one in item.topics) or '-'}")


def _newest(census: Census) -> list[Item]:
    return sorted(census.items, key=lambda item: item.published, reverse=True)[:CARDS]


def _json(found: Survey, census: Census, output: Path, *, is_written: bool) -> dict[str, Any]:
    from dataclasses import asdict

    from syndicate.cli.check import fault_as_json

    cards = [
        {
            "path": item.path,
            "title": item.title,
            "summary": item.summary,
            "link": item.link or item.page,
            "image": item.image.ref if item.image is not None else None,
            "topics": [topic.label for topic in item.topics],
            "published": item.published,
        }
        for item in _newest(census)
    ]
    return {
        "generator": found.generator.name or None,
        "evidence": found.generator.evidence or None,
        "folder": found.store,
        "preset": found.preset,
        "trials": [asdict(trial) for trial in found.trials],
        **census.as_json(),
        "cards": cards,
        "faults": [fault_as_json(fault) for fault in census.faults],
        "output": output,
        "is_written": is_written,
    }
