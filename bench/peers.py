"""Who is measured, and how each is set up and started; all make the feeds of one store, with 50 entries in full."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from syndicate.feeds.site import topic_path

BENCH = Path(__file__).resolve().parent
SIZE = 50
_ITEM = re.compile(rb"bench-curations:(\d+)</(?:guid|id)>")

OURS = """\
site: {{title: Bench, url: "https://bench.example/", tag_authority: "bench.example,2026"}}
content: {{folder: content, preset: medigy}}
feeds: {{folder: feeds, url: "https://bench.example/feeds/", kinds: [topic], formats: [{formats}], archives: {full}}}
pages: {{share: "{share}"}}
cards: {{image: {{enabled: false}}}}
server: {{enabled: false}}
delivery: {{most_age: 30d, most_new: 1000000}}
log: {{level: error}}
{channels}
"""
HUGO = """\
baseURL = "https://bench.example/"
title = "Bench"
disableAliases = true
disableKinds = ["section", "taxonomy", "sitemap", "robotsTXT", "404"]
ignoreErrors = ["error-disable-taxonomy"]
timeout = "900s"
[taxonomies]
  category = "categories"
[outputs]
  home = [{formats}]
  term = [{formats}]
[markup.goldmark.renderer]
  unsafe = true
[[cascade]]
  [cascade._target]
    kind = "page"
  [cascade._build]
    render = "never"
    list = "always"
"""
HUGO_RSS = """\
{{- $pages := .RegularPages -}}
{{- if .IsHome }}{{ $pages = .Site.RegularPages }}{{ end -}}
{{- printf "<?xml version=\\"1.0\\" encoding=\\"utf-8\\" standalone=\\"yes\\"?>" | safeHTML }}
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">
<channel>
<title>{{ .Title }}</title>
<link>{{ .Permalink }}</link>
<description>{{ .Title }}</description>
{{- with .OutputFormats.Get "RSS" }}
{{ printf "<atom:link href=%q rel=\\"self\\" type=%q />" .Permalink .MediaType | safeHTML }}
{{- end }}
{{- range first 50 $pages }}
<item>
<title>{{ .Title }}</title>
<link>{{ .Params.link.href }}</link>
<pubDate>{{ .Date.Format "Mon, 02 Jan 2006 15:04:05 -0700" | safeHTML }}</pubDate>
<guid isPermaLink="false">{{ .Params.source }}:{{ .Params.id }}</guid>
<description>{{ .Content | html }}</description>
</item>
{{- end }}
</channel>
</rss>
"""


class Missing(Exception):
    """A peer that is not installed, and cannot be."""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder for one run: `content` is the store, `feeds` what is made of it."""

    root: Path

    @property
    def content(self) -> Path:
        """The store."""
        return self.root / "content"

    @property
    def feeds(self) -> Path:
        """What is made."""
        return self.root / "feeds"

    def clear(self) -> None:
        """Away with all that was made."""
        for name in ("feeds", "state", "preview"):
            shutil.rmtree(self.root / name, ignore_errors=True)


def python() -> str:
    """The interpreter of this environment."""
    return sys.executable


def settings(place: Place, *, formats: str = "rss, atom, json", is_full: bool = False, channels: str = "") -> Path:
    """The settings file of ours; `is_full`: with pages and archives, as they are without any setting."""
    file = place.root / "syndicate.yaml"
    full = "true" if is_full else "false"
    formats = "rss, atom, json, html" if is_full else formats
    share = "page" if is_full else "off"
    file.write_text(OURS.format(formats=formats, full=full, share=share, channels=channels), encoding="utf-8")
    return file


def ours(place: Place, *command: str) -> list[str]:
    """A command of ours in that place."""
    return [python(), "-P", "-m", "syndicate", *command, "--config", str(place.root / "syndicate.yaml")]


def builds(peer: str, place: Place) -> list[str]:
    """The command by which a peer makes all feeds anew.

    Raises:
        Missing: it is not there.
    """
    if peer == "syndicate":
        settings(place)
        return ours(place, "once")
    if peer == "plain":
        return [python(), str(BENCH / "plain.py"), str(place.content), str(place.feeds)]
    if peer == "hugo":
        install("hugo")
        site = hugo_site(place)
        return ["hugo", "--quiet", "--source", str(site), "--contentDir", str(place.content), "-d", str(place.feeds)]
    raise Missing(f"{peer} builds no feeds")


def hugo_site(place: Place, *, is_watched: bool = False) -> Path:
    """A site of Hugo's that makes RSS; watched, it makes a page of one line, too, or it would not make RSS anew."""
    site = place.root / "hugo"
    (site / "layouts" / "_default").mkdir(parents=True, exist_ok=True)
    formats = '"HTML", "RSS"' if is_watched else '"RSS"'
    (site / "config.toml").write_text(HUGO.replace("{formats}", formats), encoding="utf-8")
    (site / "layouts" / "_default" / "list.html").write_text("{{ .Title }}\n", encoding="utf-8")
    (site / "layouts" / "_default" / "rss.xml").write_text(HUGO_RSS, encoding="utf-8")
    return site


def feed_file(peer: str, place: Place, slug: str) -> Path:
    """Where a peer puts the RSS of a topic; of everything where the slug is empty."""
    if peer == "hugo":
        return place.feeds / (f"categories/{slug}" if slug else "") / "index.xml"
    if peer == "plain":
        return place.feeds / (slug or "all") / "rss.xml"
    return place.feeds / (topic_path(slug) if slug else "all") / "rss.xml"


def ids_in(file: Path) -> tuple[int, ...]:
    """The numbers of the items in a feed, in its order."""
    return tuple(int(found) for found in _ITEM.findall(file.read_bytes()))


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def install(package: str) -> None:
    """Have a Debian package, where we may install one.

    Raises:
        Missing: we may not, or there is none.
    """
    if shutil.which(package):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Missing(f"{package} is not installed: apt install {package}")
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", package]):
        done = subprocess.run(["apt-get", *command], stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode != 0:
            raise Missing(f"{package} could not be installed: {done.stderr.decode(errors='replace')[-500:]}")
