"""`init` on sites of every kind: what it writes makes `check` and `once` work as it is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from site_rig import picture
from syndicate.cli import main

STORES = Path(__file__).parents[1] / "data" / "stores"
PRESETS = sorted(path.name for path in STORES.iterdir() if path.is_dir())
POST = "---\ntitle: A Heron\ndate: 2024-05-06\n---\nOne stood there.\n"


def call(*words: str) -> Result:
    return CliRunner(env={"SYNDICATE_CONFIG": None}).invoke(main, words, catch_exceptions=False)


def ask(*words: str, code: int = 0) -> Any:
    result = call(*words, "--json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is worked in."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def put(site: Path, **files: str) -> None:
    """Files by name; `__` stands for a slash, `_dot_` for a dot."""
    for name, text in files.items():
        place = site / name.replace("_dot_", ".").replace("__", "/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("preset", PRESETS)
def test_what_is_written_works_without_an_edit(site: Path, preset: str) -> None:
    shutil.copytree(STORES / preset, site, dirs_exist_ok=True)
    told = yaml.safe_load((STORES / f"{preset}.yaml").read_text(encoding="utf-8"))

    made = ask("init")
    checked, done = ask("check"), ask("once")

    assert made["preset"] == preset
    assert len(told["items"]) == made["items"] == checked["items"] == done["items"]
    assert checked["skipped"] == told["skipped"]
    assert done["channels"] == {"preview": {}}
    assert ask("once")["written"] == []


@pytest.mark.parametrize("preset", [name for name in PRESETS if (STORES / name / "content").is_dir()])
def test_the_folder_of_the_items_may_be_named_itself(site: Path, preset: str) -> None:
    shutil.copytree(STORES / preset, site, dirs_exist_ok=True)

    assert ask("init", "content")["preset"] == preset


def test_a_site_tells_its_title_address_language_and_permalinks(site: Path) -> None:
    config = 'baseURL = "https://marsh.example/notes/"\ntitle = "Marsh: Notes"\nlanguageCode = "en-gb"\n'
    put(
        site,
        hugo_dot_toml=f'{config}timeZone = "Europe/London"\n[permalinks]\nposts = "/:year/:slug/"\nodd = ":nonsense"\n',
        content__posts__heron_dot_md=POST,
    )

    made = ask("init")

    settings = yaml.safe_load(made["settings"])
    assert settings["site"].pop("tag_authority").startswith("marsh.example,")
    assert settings["site"] == {
        "title": "Marsh: Notes",
        "url": "https://marsh.example/notes/",
        "language": "en-gb",
        "timezone": "Europe/London",
    }
    assert settings["content"] == {
        "folder": "content",
        "preset": "hugo",
        "permalink": {"posts": "/:year/:slug/"},
    }
    assert made["cards"][0]["link"] == "https://marsh.example/notes/2024/heron/"
    assert ask("check")["items"] == 1


@pytest.mark.parametrize(
    ("name", "text", "generator"),
    [
        ("_config_dot_yml", "title: T\nurl: https://t.example\nbaseurl: /b\nlang: de\nauthor: {name: N}\n", "jekyll"),
        ("config_dot_toml", 'base_url = "https://t.example/b"\ntitle = "T"\ndefault_language = "de"\n', "zola"),
        ("package_dot_json", '{"homepage": "https://t.example/b", "dependencies": {"next": "1"}}', "next"),
        ("astro_dot_config_dot_mjs", "export default {}", "astro"),
        ("_dot_eleventy_dot_js", "module.exports = {}", "eleventy"),
        ("config_dot_yaml", "baseURL: https://t.example/b\n", "hugo"),
    ],
)
def test_generators_are_known_by_their_files(site: Path, name: str, text: str, generator: str) -> None:
    put(site, **{name: text})
    posts = site / ("_posts" if generator == "jekyll" else "content")
    posts.mkdir()
    (posts / "2024-05-06-heron.md").write_text(POST)

    made = ask("init")

    assert made["generator"] == generator
    url = yaml.safe_load(made["settings"])["site"]["url"]
    assert url == ("https://t.example/b/" if "t.example" in text else "http://127.0.0.1:8080/")
    assert ask("once")["items"] == 1


@pytest.mark.parametrize(
    ("config", "address"),
    [
        ("permalink: /:title/\ncollections: {posts: {permalink: '/told/:year/:title/'}}\n", "told/2024/heron/"),
        (
            "permalink: /:title/\ndefaults:\n"
            "- {scope: {path: '', type: posts}, values: {permalink: '/marsh/:title/'}}\n"
            "- {scope: {path: '', type: pages}, values: {permalink: '/page/:title/'}}\n"
            "- {scope: {path: odd}, values: {permalink: '/odd/:title/'}}\n- nonsense\n",
            "marsh/heron/",
        ),
        ("permalink: /:title/\ncollections: [posts]\ndefaults: {scope: {}}\n", "heron/"),
    ],
)
def test_posts_of_jekyll_lie_where_its_collections_and_defaults_say(site: Path, config: str, address: str) -> None:
    put(site, _config_dot_yml=f"url: https://t.example\n{config}")
    (site / "_posts").mkdir()
    (site / "_posts" / "2024-05-06-heron.md").write_text(POST)

    assert ask("init")["cards"][0]["link"] == f"https://t.example/{address}"


def test_a_config_may_use_a_text_again_by_its_anchor(site: Path) -> None:
    put(
        site, hugo_dot_yaml="title: &t Marsh\nbaseURL: https://t.example/\nparams: {head: *t}\n", content__a_dot_md=POST
    )

    made = ask("init")

    assert made["generator"] == "hugo"
    assert yaml.safe_load(made["settings"])["site"]["title"] == "Marsh"


@pytest.mark.parametrize(
    "homepage", ["https://github.com/marsh/site#readme", "https://t.example/#x", "https://gitlab.com/a/b", "http://[x"]
)
def test_the_home_of_the_source_code_is_not_the_address_of_the_site(site: Path, homepage: str) -> None:
    package = json.dumps({"homepage": homepage, "dependencies": {"next": "1"}})
    put(site, package_dot_json=package, content__a_dot_md=POST, content__b_dot_md=POST.replace("Heron", "Egret"))

    made = ask("init")

    assert yaml.safe_load(made["settings"])["site"]["url"] == "http://127.0.0.1:8080/"
    assert made["faults"] == []


def test_a_config_that_is_a_program_a_bomb_or_nonsense_is_passed_over(site: Path) -> None:
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\ntitle: T\n"
    put(site, _config_dot_yml=bomb, hugo_dot_toml="not = [toml", package_dot_json="[]", content__a_dot_md=POST)

    assert ask("init")["generator"] is None


def test_generator_that_builds_the_site_decides_how_it_is_read(site: Path) -> None:
    # Read as Jekyll's, the dated names alone would be items, without a single fault.
    posts = {f"content__post__2026-01-0{day}-a_dot_md": "---\ntitle: A\ndate: 2026-01-05\n---\n" for day in range(1, 5)}
    pages = {f"content__docs__{name}_dot_md": "---\ntitle: A page\n---\n" for name in "abcdefgh"}
    put(site, hugo_dot_toml='baseURL = "https://site.example/"\n', **posts, **pages)

    made = ask("init")

    assert (made["generator"], made["preset"], made["items"]) == ("hugo", "hugo", 4)
    assert ask("check")["skipped"] == {"undated": 8}


def test_keys_of_a_family_count_for_more_than_the_generator(site: Path) -> None:
    shutil.copytree(STORES / "curated", site, dirs_exist_ok=True)
    put(site, hugo_dot_toml='baseURL = "https://site.example/"\n')

    assert ask("init")["preset"] == "curated"


def test_pages_without_a_date_beside_posts_are_left_out(site: Path) -> None:
    put(site, content__about_dot_md="---\ntitle: About\n---\n", content__a_dot_md=POST)

    ask("init")

    assert ask("check")["skipped"] == {"undated": 1}


def test_output_lies_outside_of_a_store_that_is_the_whole_folder(site: Path) -> None:
    put(site, a_dot_md=POST, deep__b_dot_md=POST.replace("Heron", "Egret"))

    ask("init")
    done = ask("once")

    assert done["items"] == 2
    assert (site.parent / "site-syndicate" / "feeds" / "all" / "rss.xml").is_file()


def test_a_dry_run_writes_nothing_and_shows_all(site: Path) -> None:
    put(site, content__a_dot_md=POST)

    told = call("init", "--dry-run")

    assert told.exit_code == 0
    assert sorted(path.name for path in site.iterdir()) == ["content"]
    assert "preset: generic" in told.stdout
    assert "A Heron" in told.stdout


def test_settings_that_are_there_are_kept_unless_forced(site: Path) -> None:
    put(site, content__a_dot_md=POST, config__syndicate_dot_yaml="site: {}\n")

    refused = call("init")
    kept = (site / "config" / "syndicate.yaml").read_text()
    forced = call("init", "--force", "--preset", "astro")

    assert (refused.exit_code, kept, forced.exit_code) == (2, "site: {}\n", 0)
    assert "--force" in refused.stderr
    assert "preset: astro" in (site / "config" / "syndicate.yaml").read_text()


@pytest.mark.parametrize(
    ("files", "words", "told"),
    [
        ({}, (), "holds no Markdown file"),
        ({"content__a_dot_md": "Just words.\n"}, (), "1 Markdown file and no item (1 no front matter)"),
        ({"content__a_dot_md": "---\ntitle: [\n---\n"}, (), "none of its 1 files can be read as an item"),
        ({"a_dot_md": POST}, ("a.md",), "is a file; name the folder it lies in"),
        ({}, ("nowhere",), "is not there"),
        ({"a_dot_md": POST}, ("--preset", "hogu"), "is not known; use one of"),
    ],
)
def test_what_cannot_be_a_store_is_told_in_words(
    site: Path, files: dict[str, str], words: tuple[str, ...], told: str
) -> None:
    put(site, **files)

    result = call("init", *words)

    assert result.exit_code == 2
    assert told in result.stderr
    assert not (site / "config").exists()


ELEVENTY = {"package_dot_json": '{"devDependencies": {"@11ty/eleventy": "3"}}'}
HERON = "---\ntitle: A Heron\ndate: 2024-05-06\nimage: heron.jpg\n---\nOne stood there.\n"


@pytest.mark.parametrize(
    ("files", "generator"),
    [
        ({"_dot_eleventy_dot_js": "module.exports = {}", "_config_dot_yml": "title: Old\n"}, "eleventy"),
        ({**ELEVENTY, "_config_dot_yml": "title: Old\n"}, "eleventy"),
        ({**ELEVENTY, "_config_dot_yml": "title: T\n", "Gemfile": "gem 'jekyll'\n"}, "jekyll"),
        ({"package_dot_json": '{"dependencies": {"hexo": "7"}}', "_config_dot_yml": "title: T\n"}, "hexo"),
    ],
)
def test_settings_left_over_from_another_generator_do_not_count(
    site: Path, files: dict[str, str], generator: str
) -> None:
    put(site, **files)
    (site / "_posts").mkdir()
    (site / "_posts" / "2024-05-06-heron.md").write_text(POST)

    assert ask("init")["generator"] == generator


def test_data_of_an_eleventy_site_tell_its_name_and_address(site: Path) -> None:
    data = {"title": "Marsh", "url": "https://marsh.example/", "language": "de", "author": {"name": "A. Heron"}}
    put(site, **ELEVENTY, _data__metadata_dot_json=json.dumps(data), posts__heron_dot_md=POST)

    told = yaml.safe_load(ask("init")["settings"])["site"]

    assert (told["title"], told["url"], told["language"]) == ("Marsh", "https://marsh.example/", "de")
    assert told["author"] == "A. Heron"


def test_page_of_an_eleventy_folder_has_the_folders_address(site: Path) -> None:
    data = json.dumps({"url": "https://marsh.example/"})
    put(site, **ELEVENTY, _data__site_dot_json=data, posts__heron__heron_dot_md=POST, posts__egret_dot_md=POST)

    links = {card["path"]: card["link"] for card in ask("init")["cards"]}

    assert links["posts/heron/heron.md"] == "https://marsh.example/posts/heron/"
    assert links["posts/egret.md"] == "https://marsh.example/posts/egret/"


@pytest.mark.parametrize(
    ("place", "folder"),
    [
        ("static/img/heron.jpg", "../static/img"),
        ("content/photos/2024/heron.jpg", "photos/2024"),
        ("media/HERON.jpg", "../media"),
    ],
)
def test_folders_of_lost_pictures_are_found_and_written(site: Path, place: str, folder: str) -> None:
    put(site, hugo_dot_toml='baseURL = "https://marsh.example/"\n', content__posts__heron_dot_md=HERON)
    (site / place).parent.mkdir(parents=True)
    (site / place).write_bytes(picture())

    made = ask("init")

    assert yaml.safe_load(made["settings"])["content"]["images"]["folders"][-1] == folder
    assert made["images"] == {"found": 1, "missing": 0, "remote": 0, "none": 0}
    assert ask("check")["images"]["found"] == 1


@pytest.mark.parametrize("place", ["node_modules/x/heron.jpg", "public/../../heron.jpg", ".git/heron.jpg"])
def test_copies_and_other_peoples_pictures_are_not_taken(site: Path, place: str) -> None:
    put(site, hugo_dot_toml='baseURL = "https://marsh.example/"\n', content__posts__heron_dot_md=HERON)
    (site / "public").mkdir()
    (site / place).parent.mkdir(parents=True, exist_ok=True)
    (site / place).write_bytes(picture())

    made = ask("init")

    assert "images" not in yaml.safe_load(made["settings"])["content"]
    assert made["images"]["missing"] == 1


def test_site_without_a_name_is_asked_for_one(site: Path) -> None:
    put(site, posts__heron_dot_md=POST)

    assert "write the site's name and address" in call("init").stdout


@pytest.mark.parametrize(
    ("ignored", "told"),
    [
        (None, ".gitignore: written, so that the state and secrets stay out of the git repository"),
        ("feeds/\n", "add /state/ and /secrets/ to "),
        ("/state\n", "add /secrets/ to "),
        ("state/\nsecrets/\n", None),
    ],
)
def test_what_is_secret_stays_out_of_a_git_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ignored: str | None, told: str | None
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "a.md").write_text("---\ntitle: T\ndate: 2024-01-02\n---\nx\n", encoding="utf-8")
    if ignored is not None:
        (tmp_path / ".gitignore").write_text(ignored, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(main, ["init"])

    assert result.exit_code == 0
    assert ("git" in result.stdout) is (told is not None)
    assert told is None or told in result.stdout
    wanted = ignored if ignored is not None else "/state/\n/secrets/\n"
    assert (tmp_path / ".gitignore").read_text(encoding="utf-8") == wanted
