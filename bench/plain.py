"""The loop that everybody writes first: python-frontmatter and feedgen, RSS and Atom per topic.

    .venv/bin/python bench/plain.py CONTENT FEEDS

A peer to measure against, to be left as it is: it validates nothing and remembers nothing.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import frontmatter
from feedgen.feed import FeedGenerator

SIZE = 50


def main(content: Path, feeds: Path) -> None:
    posts = [frontmatter.load(str(file)) for file in sorted(content.rglob("*.md"))]
    posts.sort(key=lambda post: post["date"], reverse=True)
    topics = defaultdict(list)
    for post in posts:
        topics["all"].append(post)
        for category in post["categories"]:
            topics[category].append(post)
    for topic, members in topics.items():
        write(topic, members[:SIZE], feeds / re.sub(r"[^a-z0-9]+", "-", topic.lower()))


def write(topic: str, posts: list[frontmatter.Post], folder: Path) -> None:
    feed = FeedGenerator()
    feed.id(f"https://bench.example/{folder.name}")
    feed.title(topic)
    feed.description(topic)
    feed.link(href=f"https://bench.example/{folder.name}")
    for post in posts:
        entry = feed.add_entry(order="append")
        entry.id(f"{post['source']}:{post['id']}")
        entry.title(post["title"])
        entry.link(href=post["link"]["href"])
        entry.published(datetime.fromisoformat(post["date"]))
        entry.updated(datetime.fromisoformat(post["lastMod"]))
        entry.content(post.content, type="html")
    folder.mkdir(parents=True, exist_ok=True)
    feed.rss_file(str(folder / "rss.xml"))
    feed.atom_file(str(folder / "atom.xml"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
