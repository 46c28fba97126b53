"""Every generator's own constructs in bodies, one named case each, as readers outside the site see them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.items import jsx, templating
from syndicate.items.shortcodes import Places
from syndicate.items.templating import is_mdx, more_at, untemplated

PLACES = Places("https://site.example/blog/")
PRE, ERP = "\n\n<pre><code>", "\n</code></pre>\n\n"
VIDEO = '<a href="https://www.youtube.com/watch?v=abc">https://www.youtube.com/watch?v=abc</a>'
TWEET = '<a href="https://x.com/i/status/12">https://x.com/i/status/12</a>'

HUGO = {
    "figure": ('{{< figure src="a.png" alt="A" >}}', '<img src="a.png" alt="A">'),
    "figure with caption": (
        "{{% figure src='a.png' caption=`C \"d\"` %}}",
        '<figure><img src="a.png" alt="C &quot;d&quot;"><figcaption>C "d"</figcaption></figure>',
    ),
    "figure over lines": ('{{< figure\n  src="a.png"\n  alt="A"\n>}}', '<img src="a.png" alt="A">'),
    "figure without source": ("{{< figure alt=x >}}", ""),
    "positional image": ('{{< img a.jpg "Alt text" >}}', '<img src="a.jpg" alt="Alt text">'),
    "no image": ('{{< img "just words" >}}', ""),
    "paired": ("{{% notice tip %}}Inner *prose*.{{% /notice %}}", "Inner *prose*."),
    "self-closing": ("a{{< icon x />}}b", "ab"),
    "ref": ('[x]({{< ref "post/my.md#part" >}})', "[x](/blog/post/my/#part)"),
    "ref from the root": ('[x]({{< relref "/about/_index.md" >}})', "[x](/blog/about/)"),
    "ref beside": ('[x]({{% relref "my.md" %}})', "[x](../my/)"),
    "ref that climbs": ('[x]({{< relref "./my.md" >}})', "[x](./my/)"),
    "ref to a heading": ('[x]({{< ref "#part" >}})', "[x](#part)"),
    "ref to nothing": ("[x]({{< ref >}})", "[x]()"),
    "youtube": ("{{< youtube abc >}}", VIDEO),
    "youtube by name": ('{{< youtube id="abc" autoplay="true" >}}', VIDEO),
    "youtube without id": ("{{< youtube >}}", ""),
    "vimeo": ("{{< vimeo 1 >}}", '<a href="https://vimeo.com/1">https://vimeo.com/1</a>'),
    "tweet": ('{{< tweet user="x" id="12" >}}', TWEET),
    "gist": ("{{< gist me 5 >}}", '<a href="https://gist.github.com/me/5">https://gist.github.com/me/5</a>'),
    "highlight": (
        '{{< highlight go "x" >}}\na <T> {{ b }}\n{{< /highlight >}}',
        f"{PRE}a &lt;T&gt; {{{{ b }}}}{ERP}",
    ),
    "highlight unclosed": ("{{< highlight go >}}a", "a"),
    "highlight half closed": ("{{< highlight go >}}a{{< /highlight", "a{{< /highlight"),
    "mermaid": ("{{< mermaid >}}\na-->b\n{{< /mermaid >}}", f"{PRE}a--&gt;b{ERP}"),
    "escaped": ("{{</* ref x */>}} {{%/* y */%}}", "{{&lt; ref x &gt;}} {{% y %}}"),
    "escaped unclosed": ("{{</* ref x", "{{</* ref x"),
    "unclosed": ("{{< figure src=x\n\nThen {{< y >}}.", "{{< figure src=x\n\nThen ."),
    "value": ("a {{ .Title }} b", "a  b"),
    "nameless": ('a {{< "x" >}} b', "a  b"),
}
LIQUID = {
    "highlight": ("{% highlight ruby %}\n{{ x }}\n{% endhighlight %}", f"{PRE}{{{{ x }}}}{ERP}"),
    "raw": ("{% raw %}{{ kept }}{% endraw %}{{ gone }}", "{{ kept }}"),
    "comment": ("a{% comment %}b{% endcomment %}c", "ac"),
    "if": ("{% if x %}A{% else %}B{% endif %}", "AB"),
    "loop": ("{% for p in site.posts %}<li>{{ p.title }}</li>{% endfor %}.", "."),
    "include": ("{% include head.html %}x", "x"),
    "include of a figure": (
        '{% include figure image_path="/a.png" alt="A" %}',
        '<img src="/a.png" alt="A">',
    ),
    "include of a video": ('{% include youtube.html id="abc" %}', VIDEO),
    "include by provider": ('{% include video id="abc" provider="youtube" %}', VIDEO),
    "site url": ("{{ site.url }}{{ site.baseurl }}/x", "https://site.example/blog/x"),
    "link": ("[x]({% link _posts/2019-1-2-my-post.md %})", "[x](/blog/2019/01/02/my-post.html)"),
    "link of former times": ("[x]({{ site.baseurl }}{% link a/index.md %})", "[x](/blog/a/)"),
    "post url": ("[x]({% post_url 2019-01-02-my-post %})", "[x](/blog/2019/01/02/my-post.html)"),
    "relative url": ('![i]({{ "/a.png" | relative_url }})', "![i](/blog/a.png)"),
    "nunjucks url": ("[i]({{ '/a/' | url }})", "[i](/blog/a/)"),
    "filtered literal": ('{{ "x" | upcase }}', ""),
    "relative literal": ('{{ "a.png" | absolute_url }}', "a.png"),
    "attribute list": ("Para\n{: .class #id}\n[x](y){:target='_blank'}", "Para\n\n[x](y)"),
    "heading id": ("## Title {#my-id}\n## B {.c}", "## Title\n## B"),
    "contents": ("* TOC\n{:toc}\n\nText", "\n\nText"),
    "contents by words": ("1. will be replaced\n{:toc .x}\nText", "\nText"),
    "other contents": ("[[toc]]\n[TOC]\n${toc}\nText", "\n\n\nText"),
    "nunjucks comment": ("a{# note #}b", "ab"),
    "nunjucks comment unclosed": ("a{# note", "a{# note"),
    "unclosed": ("a {% if b", "a {% if b"),
    "value unclosed": ("a {{ b", "a {{ b"),
}
OTHERS = {
    "zola image": ('{{ img(src="a.png", alt="A") }}', '<img src="a.png" alt="A">'),
    "zola pair": ('{% quote(author="x") %}Q{% end %}', "Q"),
    "admonition": (":::tip Mind this\nText\n:::", "\n**Mind this**\n\nText\n"),
    "admonition without heading": (":::note\nText\n:::", "\nText\n"),
    "alert": ("> [!NOTE]\n> Text", "> **Note** \n> Text"),
    "frame of a video": ('<iframe src="https://www.youtube.com/embed/abc?x"></iframe>.', f"{VIDEO}."),
    "frame unclosed": (
        '<iframe src="//player.vimeo.com/video/1">x',
        '<a href="https://vimeo.com/1">https://vimeo.com/1</a>x',
    ),
    "other frame": ('<iframe src="https://e.example/"></iframe>', '<iframe src="https://e.example/"></iframe>'),
    "frame without source": ("<iframe>", "<iframe>"),
    "comment": ("<!-- {{ x }} -->{{ y }}", "<!-- {{ x }} -->"),
    "comment unclosed": ("<!-- {{ y }}", "<!-- "),
    "formula": ("$$\\frac{{a}}{{b}}$$ {{ y }}", "$$\\frac{{a}}{{b}}$$ "),
    "formula unclosed": ("$$ {{ y }}", "$$ "),
    "one-line import": ("import A from './a'\n\nText", "\n\nText"),
    "prose that imports": ("import duties rose from 'x' on", "import duties rose from 'x' on"),
    "component in plain Markdown": (
        '<Image src="a.png" alt="A"/><Box>x</Box>',
        '<img src="a.png" alt="A"><Box>x</Box>',
    ),
    "no tag": ("a <Tee is", "a <Tee is"),
}
MDX = {
    "imports over lines": ("import {\n a,\n b\n} from 'x';\nText", "\nText"),
    "import without names": ("import './a.css'\nText", "\nText"),
    "import of all": ('import * as X from "y"\nText', "\nText"),
    "import of an odd shape": ("import 5 of 'y'", "import 5 of 'y'"),
    "tag with a stray brace": ("<Box } a>x", "x"),
    "tag with nothing near": ("<Box a", "<Box a"),
    "import unclosed": ("import x from 'y\n", "import x from 'y\n"),
    "import of nothing": ("import x\n\n'y'", "import x\n\n'y'"),
    "export over lines": ("export const m = {\n a: '}',\n\n b: 1\n}\nText", "\nText"),
    "export unclosed": ("export const m = {\nText", "\nText"),
    "export at the end": ("export default X", ""),
    "prose that exports": ("export goods abroad", "export goods abroad"),
    "component": ("<Box kind={a > 1} other='>'>Inner</Box>", "Inner"),
    "fragment": ("<>Inner</>", "Inner"),
    "image": ("import Hero from './h.png'\n<Image src={Hero} alt='A' />", '\n<img src="./h.png" alt="A">'),
    "image by property": ("import Hero from './h.png'\n<Image src={Hero.src} />", '\n<img src="./h.png" alt="">'),
    "image required": ("<Image src={require('./h.png').default} />", '<img src="./h.png" alt="">'),
    "image unknown": ("<Image src={other} {...rest} wide />", ""),
    "image by string": ('<Figure src={"a.png"} alt="C" />', '<img src="a.png" alt="C">'),
    "video": ('<YouTube videoId="abc" />', VIDEO),
    "tweet": ("<Tweet tweetId={`12`} />", TWEET),
    "expression": ("a {b.c({d: '}'})} e {\"f\"} {`g`}", "a  e f g"),
    "comment": ("a {/* don't */} b", "a  b"),
    "comment unclosed": ("a {/* b", "a {/* b"),
    "expression unclosed": ("a {b", "a {b"),
    "styled element": ("<div style={{a: 1}} className='x' title={'y'}>t</div>", '<div classname="x" title="y">t</div>'),
    "void element": ("<br style={{a: 1}} />x", "<br />x"),
    "plain element": ("<b>x</b>", "<b>x</b>"),
    "tag unclosed": ("<Box a='x", "<Box a='x"),
    "tag with unclosed brace": ("<Box a={x", "<Box a={x"),
    "not a tag": ("</ Box>", "</ Box>"),
    "code by indentation is none": ("Text\n\n    {b}", "Text\n\n    "),
}


@pytest.mark.parametrize("case", [*HUGO, *(f"liquid {name}" for name in LIQUID), *(f"other {name}" for name in OTHERS)])
def test_tags_in_markdown_become_plain(case: str) -> None:
    tables = {"liquid": LIQUID, "other": OTHERS}
    kind, _, name = case.partition(" ")
    written, read = tables[kind][name] if kind in tables and case not in HUGO else HUGO[case]

    assert untemplated(written, path="a.md", places=PLACES) == read


@pytest.mark.parametrize("case", MDX)
def test_components_become_plain(case: str) -> None:
    written, read = MDX[case]

    assert untemplated(written, path="a.mdx", places=PLACES) == read


CODE = {
    "fence": "```html\n{{< x >}} {% y %} {z}\n```\n",
    "longer fence": "~~~~\n{{ a }}\n~~~\n{{ b }}\n~~~~\n",
    "fence in a list": "- ```\n  {{ a }}\n  ```\n",
    "fence in a quotation": "> ```\n> {{ a }}\n> ```\n",
    "fence without end": "```\n{{ a }}\n",
    "fence in one line": "```{{ a }}```",
    "inline": "`{{ a }}`",
    "inline with backticks": "`` {{ a }} ` {% b %} ``",
    "indented": "Text\n\n    {{ a }}\n\n    {% b %}\n",
    "indented first": "    {{ a }}\n",
    "indented by a tab": "Text\n\n\t{{ a }}\n",
    "preformatted": "<PRE class=x>{{ a }}</pre>",
    "code element": "<code>{% a %}</code>",
    "script": "<script>{{ a }}</script>",
}


@pytest.mark.parametrize("case", CODE)
def test_code_stays_as_it_is(case: str) -> None:
    is_open = case == "fence without end"

    assert untemplated(CODE[case] + "\n{{ x }}", path="a.md") == CODE[case] + ("\n{{ x }}" if is_open else "\n")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("- item\n\n    more {{ x }}\n", "- item\n\n    more \n"),
        ("- item\n\n  more\n\n    {{ x }} y\n", "- item\n\n  more\n\n     y\n"),
        ("text\n    lazy {{ x }}\n", "text\n    lazy \n"),
        ("`{{ x }}\n\nother `", "`\n\nother `"),
        ("`` {{ x }} `", "``  `"),
        ("<pre>{{ x }}", "<pre>"),
    ],
)
def test_what_only_looks_like_code_is_read(written: str, read: str) -> None:
    assert untemplated(written, path="a.md") == read


def test_html_has_no_markdown_code() -> None:
    assert untemplated("<p>`{{ x }}`</p>\n\n    {% y %}", is_html=True) == "<p>``</p>\n\n    "


@pytest.mark.parametrize(
    ("text", "path", "has"),
    [
        ("x", "A.MDX", True),
        ("\n<!-- a -->\nimport X from './x'\n", "a.md", True),
        ("export const a = 1", "a.md", True),
        ("import goods", "a.md", False),
    ],
)
def test_components_are_known_by_name_or_by_an_import_first(text: str, path: str, has: bool) -> None:
    assert is_mdx(text, path) is has


@pytest.mark.parametrize(
    ("text", "marks", "at"),
    [
        ("One\n<!--more-->two", (), 4),
        ("One\n<!-- MORE -->two", (), 4),
        ("`<!--more-->`", (), -1),
        ("`<!--more-->` <!--more-->", (), 14),
        ("One\n***\nTwo <!--more-->", ("***", " ", "none"), 4),
        ("none", (), -1),
    ],
)
def test_the_mark_of_the_excerpt_is_found_outside_code(text: str, marks: tuple[str, ...], at: int) -> None:
    assert more_at(text, marks=marks) == at


def test_a_site_without_address_has_paths_only() -> None:
    assert (
        untemplated("{{ site.url }}{{ site.baseurl }}/x [y]({% post_url 2019-01-02-z %})")
        == "/x [y](/2019/01/02/z.html)"
    )


def test_tags_without_end_are_left_at_a_number() -> None:
    assert untemplated("{{ x }}" * (templating.LIMIT_TAGS + 1)) == "{{ x }}"


def test_components_without_end_are_left_at_a_number() -> None:
    text = "<A b={" * 10_000 + "export const x = {\n" + "{" * 3

    assert len(untemplated(text, path="a.mdx")) > len(text) - jsx.LIMIT_TAG


@given(
    st.text(st.sampled_from("{}<>%/`~ \n#:.'\"=*-aAB[]()!$"), max_size=80), st.sampled_from(["a.md", "a.mdx", "a.html"])
)
def test_no_text_breaks_the_scanner_and_plain_words_stay(text: str, path: str) -> None:
    assert untemplated(f"word\n\n{text}", path=path, is_html=path.endswith("html")).startswith("word")


BITS = st.sampled_from(
    [
        *[
            "<p>",
            "</P>",
            "<Pa",
            "</Figure>",
            "<IFRAME src='//www.youtube.com/embed/abc'>",
            "<iframes>",
            "<!-- c -->",
            "<!--",
        ],
        *[
            "{",
            "{% y %}",
            "{: .a }",
            "[toc]",
            "[[_ToC_]]",
            "[TOC]",
            ":::",
            "::: note N",
            "> [!NOTE] x",
            "[!",
            "export",
            "x",
        ],
        *["```", "`", "$$", "<pre>", "</pre>", "\n", "\n\n", "    ", "- a", " ", "> "],
    ]
)


@given(st.lists(BITS, max_size=10).map("".join))
def test_a_body_that_is_not_looked_through_would_not_have_changed(text: str) -> None:
    whole = untemplated(f"{{% y %}}\n\n{text}")  # a tag in front, so that all of it is looked through
    known = any(mark in text for mark in ("{", "import", "export", "<", "[toc", "[TOC", ":::", "[!"))

    assert untemplated(text) == (whole.removeprefix("\n\n") if known else text)


PIECES = (
    *("\n", " ", "    ", "\t", "a", "i", "import", "export x", "<", "<B", "</a", "<pre>", "<!--", "<iframe", ">", "é"),
    *("{{<", "{%", "{{", "{#-", "{:.x}", "{", "`", "```", "~~~", "$$", "[toc]", "[[_TOC_]]", "${toc}", "- ", "+ x"),
    *("1. ", "٣. ", "> [!NOTE]", ":::tip", "* x\n{:toc}", "1. x\n{: toc}", "\x0b"),
)


@pytest.mark.parametrize("dialect", templating._TOKENS)
@given(text=st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_characters_that_begin_no_token_hide_none(dialect: str, text: str) -> None:
    pattern = templating._TOKENS[dialect]
    everywhere = re.compile(re.sub(r"\A\(\?=.*?\)(?=\(\?:)", "", pattern.pattern), pattern.flags)

    found = [(match.span(), match.lastgroup, match.groupdict()) for match in pattern.finditer(text)]

    assert everywhere.pattern != pattern.pattern
    assert found == [(match.span(), match.lastgroup, match.groupdict()) for match in everywhere.finditer(text)]
