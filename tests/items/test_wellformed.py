from __future__ import annotations

import html.parser
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.items import wellformed as limits
from syndicate.items.wellformed import wellformed

TAGS = {"a", "b", "br", "caption", "dd", "div", "dl", "dt", "h1", "h2", "hr", "i", "img", "li", "ol", "p", "pre"} | {
    *("table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul")
}
WHOLE = {"script", "style", "svg", "title"}
VOID = {"br", "hr", "img"}


def ordered(text: str) -> str:
    return wellformed(text, tags=TAGS, whole=WHOLE)


def shown(text: str) -> str:
    return ordered(text).replace("<!---->", "")


@pytest.mark.parametrize(
    ("written", "result"),
    [
        ("<p>a<p>b", "<p>a</p><p>b</p>"),
        ("<p><b x=1>a</p>b", "<p><b x=1>a</b></p>b"),
        ("<b><i>a</b>b</i>", "<b><i>a</i></b>b"),
        ("<ul><li>a<li>b<ul><li>c</ul></ul>", "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>"),
        ("<dl><dt>a<dd>b<dt>c</dl>", "<dl><dt>a</dt><dd>b</dd><dt>c</dt></dl>"),
        ("<h1>a<h2>b", "<h1>a</h1><h2>b</h2>"),
        ("<a href=x>1<a href=y>2", "<a href=x>1</a><a href=y>2</a>"),
        ("<table><tr><td>a<td>b<tr><td>c</table>d", "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>d"),
        (
            "<table><tr><td><table><tr><td>a</table></table>",
            "<table><tr><td><table><tr><td>a</td></tr></table></td></tr></table>",
        ),
        ("<table><table>a", "<table></table><table>a</table>"),
        ("<td>a</td><tr>b", "ab"),
        ("<table><tr><td></p></div>a", "<table><tr><td>a</td></tr></table>"),
        ("<DIV CLASS=x>a</Div>", "<div CLASS=x>a</div>"),
        ("a<br>b</br>c<hr/>", "a<br>b<br>c<hr/>"),
        ("</p></b>a", "a"),
        ("<x-y>a</x-y>", "a"),
        ("<script>if (a<b) '</p>'</script>b", "b"),
        ("<SVG><p></sVg>b<svg/>c", "bc"),
        ("a<style>b", "a"),
        ("<!-- </p> -->a<!-->b<!--->c<!x>d<?y>e</ z>f<!-- g", "abcdef"),
        ("1 < 2 & 3 > 2", "1 < 2 & 3 > 2"),
        ('<p title="</p>">a', '<p title="</p>">a</p>'),
        ("<p a'>'>b", "<p a'>'>b</p>"),
        ("<p a = '>'>b", "<p a = '>'>b</p>"),
        ("<p =>a", "<p =>a</p>"),
        ("a<p title='b", "a"),
        ("a<p", "a"),
        ("", ""),
    ],
)
def test_every_element_ends_in_its_place(written: str, result: str) -> None:
    assert shown(written) == result


def test_what_is_dropped_does_not_make_its_neighbours_a_tag() -> None:
    assert "<script" not in ordered("<<x>script>") + ordered("<<!---->script>")


def test_tags_too_deep_go_and_their_text_stays() -> None:
    result = shown("<div>" * 100_000 + "deep<br>" + "</div>" * 100_000)

    assert result == "<div>" * limits.LIMIT_DEPTH + "deep<br>" + "</div>" * limits.LIMIT_DEPTH


def test_a_tag_of_endless_attributes_loses_them() -> None:
    many = " ".join(f"a{at}" for at in range(2000))

    assert shown(f"<p {many}>x</p>") == "<p>x</p>"
    assert shown(f'<p title="{many}">x</p>') == f'<p title="{many}">x</p>'


def test_a_table_ends_where_too_much_goes_astray() -> None:
    result = shown("<table>" + "<tr>x<br>" * 2_000 + "</table><table><tr><td>y")

    assert result.count("x") == result.count("<br>") == 2_000
    assert result.count("<tr>") <= limits.LIMIT_ASTRAY
    assert result.endswith("y")
    assert result.count("<table>") == 1


def test_runs_of_entities_are_parted() -> None:
    assert len(re.findall("<!---->", ordered("&amp; " * 2_000))) == 2_000 // limits.LIMIT_ENTITIES
    assert shown("&amp; " * 2_000) == "&amp; " * 2_000


class Stack(html.parser.HTMLParser):
    """Fails where an element does not end in its place."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.deepest = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)
            self.deepest = max(self.deepest, len(self.open))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


PIECES = st.sampled_from(
    [f"<{slash}{tag}>" for tag in sorted(TAGS) for slash in ("", "/")] + ["x", " ", "&", "<", "<svg>", "</svg>", "<o>"]
)


@given(st.lists(PIECES, max_size=60), st.integers(1, 40))
def test_whatever_comes_in_leaves_in_order_and_grows_by_end_tags_only(pieces: list[str], times: int) -> None:
    written = "".join(pieces) * times

    stack = Stack()
    stack.feed(ordered(written))

    assert stack.open == []
    assert stack.deepest <= limits.LIMIT_DEPTH
    assert len(ordered(written)) <= 8 * len(written)


@given(st.lists(PIECES, max_size=60))
def test_order_is_kept_once_made(pieces: list[str]) -> None:
    once = ordered("".join(pieces))

    assert shown(once) == once.replace("<!---->", "")
