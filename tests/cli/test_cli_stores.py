"""`check` and `once` on a sample store of each preset, with the few settings that such a store needs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from site_rig import SiteRig
from syndicate.house import store_of
from syndicate.items.item import Item
from syndicate.items.presets import PRESETS
from syndicate.plot import plot_of

STORES = Path(__file__).parents[1] / "data" / "stores"
FOLDERS = {"jekyll": ".", "astro": ".", "eleventy": "."}  # the others keep their items in `content`


def expected(preset: str) -> dict[str, Any]:
    found = yaml.safe_load((STORES / f"{preset}.yaml").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def facts(item: Item) -> list[str | None]:
    """What an item is, in a row."""
    topics = "; ".join(f"{topic.slug} = {topic.label}" for topic in item.topics)
    place = " ".join(part for part in (item.section, item.language) if part)
    image = item.image.ref if item.image is not None else None
    return [item.title, item.published.isoformat(), item.link, item.page, topics, place, "; ".join(item.authors), image]


@pytest.fixture(params=sorted(PRESETS))
def preset(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sample(preset: str, tmp_path: Path) -> SiteRig:
    site = SiteRig(tmp_path / "site")
    shutil.rmtree(site.folder / "content")
    shutil.copytree(STORES / preset, site.folder / "store")
    folder = (site.folder / "store" / FOLDERS.get(preset, "content")).resolve()
    site.configure(content={"folder": str(folder), "preset": preset})
    return site


def test_items_of_a_store_are_what_its_own_builder_shows(sample: SiteRig, preset: str) -> None:
    scan = store_of(plot_of(sample.config), waits=False).scan({})

    assert {item.path: facts(item) for item in scan.items.values()} == expected(preset)["items"]


def test_check_and_once_are_green_on_a_store_as_it_is(sample: SiteRig, preset: str) -> None:
    told = expected(preset)

    report, first, second = sample.ask("check"), sample.ask("once"), sample.ask("once")

    assert report["items"] == len(told["items"])
    assert report["skipped"] == told["skipped"]
    assert sorted(f"{Path(fault['path']).name}: {fault['code']}" for fault in report["faults"]) == told["faults"]
    assert first["new"] == len(told["items"])
    assert (second["new"], second["revised"], second["written"]) == (0, 0, [])
