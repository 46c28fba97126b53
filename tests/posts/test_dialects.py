from __future__ import annotations

import html
from html.parser import HTMLParser

import pytest
import regex
from hypothesis import given

from posts.hostile import HOSTILE
from posts.making import LINK, NFC_TEXTS, card, unhurried
from syndicate.posts.compose import compose
from syndicate.posts.dialects import escape, slack_link, teams_link, write
from syndicate.posts.markup import BREAK
from syndicate.posts.post import Dialect, Measure, Room, Wants
from syndicate.posts.spans import spans_of

ODD_LINK = 'https://news.example.org/a_(b)?x=<1>&y=|*z*"~`'
ESCAPED = regex.compile(r"\\([^0-9A-Za-z\s])")


class Page(HTMLParser):
    """What Telegram would read: text, tags and addresses."""

    def __init__(self, content: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.tags, self.links = "", set[str](), list[str | None]()
        self.feed(content)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [dict(attrs).get("href")]

    def handle_data(self, data: str) -> None:
        self.text += data


def unescaped(text: str) -> str:
    """What acts: the text with a mark in the place of what a backslash makes a plain sign."""
    return ESCAPED.sub("·", text)


def read(text: str) -> str:
    """What is seen: backslashes gone from before signs, invisible breaks left out."""
    return ESCAPED.sub(r"\1", text).replace(BREAK, "")


@pytest.mark.parametrize(
    ("dialect", "text", "expected"),
    [
        (Dialect.PLAIN, "*a* <b> & c", "*a* <b> & c"),
        (Dialect.TELEGRAM, '<b>a</b> & "c"', "&lt;b&gt;a&lt;/b&gt; &amp; &quot;c&quot;"),
        (Dialect.SLACK, "<!channel> & *a*", "&lt;!channel&gt; &amp; *a*"),
        (Dialect.DISCORD, "*a* __b__ ||c|| `d` [e](f) \\", r"\*a\* \_\_b\_\_ \|\|c\|\| \`d\` \[e\]\(f\) \\"),
        (Dialect.DISCORD, "# a\n-# b\n- c\n1. d\nx - y # z 1. q", "\\# a\n\\-# b\n\\- c\n1\\. d\nx - y # z 1. q"),
        (Dialect.DISCORD, "> a\n>>> b", "\\> a\n\\>\\>\\> b"),
        (Dialect.DISCORD, "<@1> <a:b:2> @everyone", f"\\<{BREAK}@1\\> \\<{BREAK}a:b:2\\> @{BREAK}everyone"),
        (Dialect.TEAMS, "*a* [b](c) `d`", r"\*a\* \[b\]\(c\) \`d\`"),
        (Dialect.TEAMS, "- a\n2. b\n2) c\n> d", "\\- a\n2\\. b\n2\\) c\n\\> d"),
        (Dialect.TEAMS, "AT&amp;T & R&D", r"AT\&amp;T & R&D"),
        (Dialect.TEAMS, "{{DATE(x)}}", f"{{{BREAK}{{DATE\\(x\\)}}}}"),
        (
            Dialect.LINKEDIN,
            r"a (b) {c} @[d] <e> #f *g* _h_ ~i~ | \ ",
            r"a \(b\) \{c\} \@\[d\] \<e\> \#f \*g\* \_h\_ \~i\~ \| \\ ",
        ),
    ],
)
def test_signs_are_escaped_as_the_network_says(dialect: Dialect, text: str, expected: str) -> None:
    assert escape(text, dialect) == expected


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        (Dialect.PLAIN, "A_b #Tag https://x.example/a_b?c&d"),
        (Dialect.TELEGRAM, 'A_b #Tag <a href="https://x.example/a_b?c&amp;d">https://x.example/a_b?c&amp;d</a>'),
        (Dialect.SLACK, "A_b #Tag <https://x.example/a_b?c&amp;d>"),
        (Dialect.DISCORD, r"A\_b #Tag <https://x.example/a_b?c&d>"),
        (Dialect.TEAMS, r"A\_b #Tag [https://x.example/a\_b?c&d](https://x.example/a_b?c&d)"),
        (Dialect.LINKEDIN, r"A\_b {hashtag|\#|Tag} https://x.example/a\_b?c&d"),
    ],
)
def test_links_and_hashtags_stay_what_they_are(dialect: Dialect, expected: str) -> None:
    text = "A_b #Tag https://x.example/a_b?c&d"

    assert write(text, spans_of(text, "https://x.example/a_b?c&d"), dialect) == expected


def test_links_with_words_of_their_own() -> None:
    assert slack_link("https://x.example/?a&b|c", "A > B | C") == "<https://x.example/?a&amp;b%7Cc|A &gt; B ¦ C>"
    assert teams_link("https://x.example/(a)", "[A]") == r"[\[A\]](https://x.example/%28a%29)"


@pytest.mark.parametrize(("dialect", "end"), [(Dialect.SLACK, ">"), (Dialect.DISCORD, ">")])
def test_no_link_ends_early(dialect: Dialect, end: str) -> None:
    text = f"x {ODD_LINK} y"

    written = write(text, spans_of(text, ODD_LINK), dialect)

    [link] = regex.findall(r"<(\S+)>", written)
    assert not set('<>|`"') & set(link)
    assert written == f"x <{link}{end} y"


def test_an_odd_link_is_one_link_in_html() -> None:
    page = Page(write(ODD_LINK, spans_of(ODD_LINK, ODD_LINK), Dialect.TELEGRAM))

    assert page.text == ODD_LINK
    assert page.links == ["https://news.example.org/a_(b)?x=%3C1%3E&y=%7C*z*%22~%60"]


@unhurried
@given(NFC_TEXTS)
def test_html_shows_the_text_and_nothing_else(text: str) -> None:
    page = Page(escape(text, Dialect.TELEGRAM))

    assert (page.text, page.tags) == (text, set())


@unhurried
@given(NFC_TEXTS)
def test_mrkdwn_has_no_control_sequence(text: str) -> None:
    written = escape(text, Dialect.SLACK)

    assert not regex.search(r"[<>]|&(?!(?:amp|lt|gt);)", written)
    assert html.unescape(written.replace("&quot", "&amp;quot")) == html.unescape(written.replace("&quot", "&amp;quot"))
    assert written.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == text


@unhurried
@given(NFC_TEXTS)
def test_backslashes_hide_all_marks_and_nothing_is_lost(text: str) -> None:
    text = text.replace(BREAK, "")
    discord, teams, linkedin = (escape(text, one) for one in (Dialect.DISCORD, Dialect.TEAMS, Dialect.LINKEDIN))

    assert not regex.search(
        r"[\\*_~`|\[\]()<>]|^\s*(?:#|-|\d+\.\s)|@(?:everyone|here)", unescaped(discord), regex.M | regex.I
    )
    assert not regex.search(r"[\\*_~`\[\]()]|^\s*(?:[#>+-]|\d+[.)]\s)|\{\{|&#?\w+;", unescaped(teams), regex.MULTILINE)
    assert not regex.search(r"[\\|{}@\[\]()<>#*_~]", unescaped(linkedin))
    assert read(discord) == read(teams) == read(linkedin) == text


def test_there_are_two_hundred_hostile_texts() -> None:
    assert len(set(HOSTILE)) >= 200


@pytest.mark.parametrize("dialect", Dialect)
def test_hostile_titles_neither_call_nor_mark_nor_hide(dialect: Dialect) -> None:
    for hostile in HOSTILE:
        made = compose(card(hostile, f"{hostile} in a summary"), Wants(Room(400, Measure.UTF16, dialect=dialect)))
        written = write(made.text, made.spans, dialect)

        assert not regex.search(r"(?<![A-Za-z0-9_])[@＠][\p{L}\p{N}_]", ESCAPED.sub(r"\1", written)), hostile
        assert not regex.search(r"[\p{Cc}\p{Cs}\u202A-\u202E\u2066-\u2069--\n]", written, regex.VERSION1), hostile
        assert len(written.encode("utf-16-le")) // 2 <= 400
        assert made.text.count(LINK) == 1


@pytest.mark.parametrize("dialect", [one for one in Dialect if one is not Dialect.PLAIN])
def test_what_the_network_counts_is_the_text_as_written(dialect: Dialect) -> None:
    made = compose(card("a_" * 20, "see <&*> " * 50), Wants(Room(260, Measure.CODE_POINTS, dialect=dialect)))

    assert 200 <= len(write(made.text, made.spans, dialect)) <= 260
