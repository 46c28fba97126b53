"""Plain text written in each network's own markup, so that it reads there as it stands and nothing in it acts.

Links stay links; everything else is escaped: no emphasis, no mention, no heading comes out of a title. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import regex
from msgspec import Struct

from syndicate.posts.markup import BREAK
from syndicate.posts.post import Dialect, Span, SpanKind

# Spaces and line-ending characters that a URL may not hold and a network could take for its end.
_URL_ENDS: Final = regex.compile(r"[\s<>\"|`\\]")

# Discord reads `\` before any sign as that sign. Source: support.discord.com, "Markdown Text 101". Read 2026-11.
_DISCORD_SIGNS: Final = regex.compile(r"[\\*_~`|\[\]()<>]")
_DISCORD_STARTS: Final = regex.compile(r"^(\s*)([#-]|\d+(?=\.\s))", regex.MULTILINE)
# <@user>, <#channel>, </command:id>, <:emoji:id>, <a:emoji:id>, <t:time>, <id:guide>.
# Source: Discord documentation, "Message Formatting". Read 2026-11.
_DISCORD_MARKS: Final = regex.compile(r"<(?=[@#/:]|a:|t:|id:)")
_DISCORD_CALLS: Final = regex.compile(r"@(?=everyone|here)", regex.IGNORECASE)

# Source: Microsoft Learn, "Format cards in Microsoft Teams" (Markdown in TextBlock). Read 2026-11.
_TEAMS_SIGNS: Final = regex.compile(r"[\\*_`\[\]()~]|&(?=#?\w+;)")
_TEAMS_STARTS: Final = regex.compile(r"^(\s*)([#>+-]|\d+(?=\.\s))", regex.MULTILINE)
# {{DATE(...)}} and {{TIME(...)}} are replaced. Source: adaptivecards.io, "Text features". Read 2026-11.
_TEAMS_FUNCTION: Final = regex.compile(r"\{(?=\{)")

# Source: Microsoft Learn (LinkedIn), "little Text Format", reserved characters. Read 2026-11.
_LINKEDIN_SIGNS: Final = regex.compile(r"[\\|{}@\[\]()<>#*_~]")


class _Grammar(Struct, frozen=True):
    """How one dialect writes words, and a link or hashtag (its text and its target)."""

    words: Callable[[str], str]
    link: Callable[[str], str]
    hashtag: Callable[[str, str], str]


def write(text: str, spans: tuple[Span, ...], dialect: Dialect) -> str:
    """The text in a network's markup.

    Args:
        text: plain text, as `compose` gives it.
        spans: its links and hashtags (in UTF-8 bytes, in order), from `Post.spans`.
        dialect: the network's markup.
    """
    grammar = _GRAMMARS.get(dialect)
    if grammar is None:
        return text
    content = text.encode()
    parts, at = [], 0
    for span in spans:
        parts.append(grammar.words(content[at : span.start_bytes].decode()))
        said = content[span.start_bytes : span.end_bytes].decode()
        is_link = span.kind is SpanKind.LINK
        parts.append(grammar.link(span.target) if is_link else grammar.hashtag(said, span.target))
        at = span.end_bytes
    parts.append(grammar.words(content[at:].decode()))
    return "".join(parts)


def escape(text: str, dialect: Dialect) -> str:
    """Words in a network's markup, without links."""
    return write(text, (), dialect)


def slack_link(url: str, label: str) -> str:
    """A link with words of its own: `<url|label>`."""
    return f"<{_slack(_whole(url))}|{_slack(label.replace('|', '¦'))}>"


def teams_link(url: str, label: str) -> str:
    """A link with words of its own: `[label](url)`."""
    return f"[{_teams(label)}]({_whole(url).replace('(', '%28').replace(')', '%29')})"


def _whole(url: str) -> str:
    """The URL without what could end it early; such signs are written in per cent, as RFC 3986 has them."""
    return _URL_ENDS.sub(lambda sign: "".join(f"%{byte:02X}" for byte in sign[0].encode()), url)


def _telegram(text: str) -> str:
    """Source: Telegram Bot API, "HTML style": these four names are all that are known. Read 2026-11."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _telegram_link(url: str) -> str:
    return f'<a href="{_telegram(_whole(url))}">{_telegram(url)}</a>'


def _slack(text: str) -> str:
    """Source: Slack documentation, "Formatting message text": three signs and no others. Read 2026-11."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _discord(text: str) -> str:
    text = _DISCORD_CALLS.sub(f"@{BREAK}", _DISCORD_MARKS.sub(f"<{BREAK}", text))
    text = _DISCORD_SIGNS.sub(r"\\\g<0>", text)
    return _DISCORD_STARTS.sub(_at_start, text)


def _teams(text: str) -> str:
    text = _TEAMS_FUNCTION.sub(f"{{{BREAK}", text)
    return _TEAMS_STARTS.sub(_at_start, _TEAMS_SIGNS.sub(r"\\\g<0>", text))


def _at_start(found: regex.Match[str]) -> str:
    """What makes a list or heading at the start of a line: of a number, its point is escaped."""
    is_number = found[2][0].isdigit()
    return f"{found[1]}{found[2]}\\" if is_number else f"{found[1]}\\{found[2]}"


def _marked(said: str, _: str) -> str:
    """A hashtag in Markdown: without a space behind it, `#` makes no heading."""
    return said.replace("_", r"\_")


def _linkedin(text: str) -> str:
    return _LINKEDIN_SIGNS.sub(r"\\\g<0>", text)


def _linkedin_hashtag(_: str, tag: str) -> str:
    return rf"{{hashtag|\#|{_linkedin(tag)}}}"


_GRAMMARS: Final[Mapping[Dialect, _Grammar]] = MappingProxyType(
    {
        Dialect.TELEGRAM: _Grammar(_telegram, _telegram_link, lambda said, _: _telegram(said)),
        Dialect.SLACK: _Grammar(_slack, lambda url: f"<{_slack(_whole(url))}>", lambda said, _: _slack(said)),
        # Between < and > Discord makes no preview of its own. Source: as above.
        Dialect.DISCORD: _Grammar(_discord, lambda url: f"<{_whole(url)}>", _marked),
        Dialect.TEAMS: _Grammar(_teams, lambda url: teams_link(url, url), _marked),
        Dialect.LINKEDIN: _Grammar(_linkedin, _linkedin, _linkedin_hashtag),
    }
)
