"""Files as real stores have them, one for each preset and form of front matter, to be damaged."""

from __future__ import annotations

from pathlib import Path

CURATED = (Path(__file__).parents[1] / "data" / "items" / "curated.md").read_text(encoding="utf-8")

HUGO = """+++
title = "Salt marshes: what they hold"
date = 2023-06-07T10:04:54+02:00
lastmod = 2023-06-08
draft = false
tags = ["Coast", "Soil & water"]
categories = [
  "Nature",  # one
]
weight = 10
ratio = 1.50
summary = '''Two lines
of text.'''

[params]
  subtitle = "A \\"quoted\\" word"
  [params.author]
  name = "Ada Example"

[[resources]]
  src = "cover.jpg"
  [resources.params]
  alt = "A marsh"
[[resources]]
  src = "map.png"
+++

Some *text* with {{< figure src="cover.jpg" >}} and a [link](/posts/other/).

<!--more-->

More text. {{% notice %}}inside{{% /notice %}}
"""

JEKYLL = """---
layout: post
title:  "Of tides & 'neap' days"
date:   2019-08-06 09:00:00 -0400
categories: [sea, "moon: and sun"]
tags: tide moon
author: &me
  name: Ada Example
  url: https://ada.example/
editor: *me
defaults: &d {toc: true, comments: no}
page:
  <<: *d
  comments: yes
image: /assets/tide.png
excerpt: >-
  The moon pulls,
  the sea follows.
description: |
  Line one
  Line two
redirect_from:
  - /2019/tides/
  - /old path/
published: true
---
{% include toc.html %}

# Tides

| a | b |
|---|---|
| 1 | {{ page.title }} |

{% highlight ruby %}
puts 1
{% endhighlight %}
"""

ASTRO = """---
title: 'It''s a fence: or not'
pubDate: Jul 08 2022
updatedDate: 2022-07-09T00:00:00Z
description: "Unicode \\u00e9 and \\x41 and \\n breaks"
heroImage: { src: "./hero.jpg", alt: "A hero, drawn" }
tags: ["astro", 'two', three, 4, ~, null]
draft: no
id: 0123
? complex
: value
nested:
- - a
  - b
- c: {d: [e, {f: g}]}
---
import Card from '../components/Card.astro';

<Card title="x" />

Text **bold** `code` &amp; more.
"""

JSON = """{
  "title": "Lanterns \\"lit\\" \\ud83d\\ude00",
  "date": "2023-06-07",
  "link": "https://news.example/a?utm_source=x",
  "topics": [{"name": "Light", "slug": "light"}, "Dark", null],
  "image": {"href": "a.jpg", "alt": "", "valid": true, "size": [1080, 1920]},
  "n": 1.50e3,
  "deep": {"a": {"b": {"c": [1, [2, [3]]]}}}
}

<p>Body with <b>HTML</b> &amp; <script>no()</script></p>
"""

# The preset that reads it, and the file.
SEEDS: tuple[tuple[str, str], ...] = (
    ("medigy", CURATED),
    ("hugo", HUGO),
    ("jekyll", JEKYLL),
    ("astro", ASTRO),
    ("generic", JSON),
)
