"""Names that are never an item's."""

from __future__ import annotations

from fnmatch import fnmatchcase

from hypothesis import example, given
from hypothesis import strategies as st

from syndicate.content.passing import is_passing

GLOBS = (".*", "*~", "*.tmp", "*.temp", "*.part", "*.partial", "*.crdownload", "*.sw?", "*.bak", "#*#", "~$*", "4913")
PARTS = st.sampled_from([".", "~", "$", "#", ".md", ".MD", ".sw", ".tmp", ".bak", "4913", "a", "ſ", "\n", "\u202e"])


@given(name=st.lists(PARTS, min_size=1, max_size=5).map("".join))
@example(name="~$a.md")
@example(name=".a.md")
@example(name="4913.md")
@example(name="#a.md")
@example(name="a.sw.md")
def test_names_are_passing_as_their_globs_say(name: str) -> None:
    assert is_passing(name) is any(fnmatchcase(name.casefold(), glob) for glob in GLOBS)
