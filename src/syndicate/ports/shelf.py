"""Where rendered files go, and who makes many of them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from syndicate.feeds.document import Document


class Made(Struct, frozen=True):
    """A document's bytes, and what it had to leave out, with the reasons, by entry id."""

    content: bytes
    left_out: Mapping[str, str]


class Pressroom(Protocol):
    """Makes many documents at once. Called in a thread."""

    def made_ahead(self, documents: Sequence[Document], turn: Callable[[], None]) -> Generator[Made | None, None, None]:
        """What each of the documents reads, in order; None where the caller has to make it.

        Closing the generator ends all work on them.

        Args:
            documents: of the site that the pressroom is for.
            turn: called again and again while nothing comes; may raise to end it all.
        """


class Shelf(Protocol):
    """Where rendered files are published. Called in a thread."""

    def put(self, path: str, content: bytes) -> bool:
        """Publish bytes at a POSIX path below the shelf; True if they differ from what stood there.

        Raises:
            CannotWrite: nothing changed; the former file stands.
        """

    def put_all(self, contents: Mapping[str, bytes]) -> frozenset[str]:
        """Publish bytes at each of these paths, in this order; gives those whose bytes differ from what stood there.

        Raises:
            CannotWrite: some of the files may be new; of the others the former ones stand.
        """

    def drop(self, *paths: str) -> tuple[str, ...]:
        """Take files away; gives those that were there.

        Raises:
            CannotWrite: one cannot be taken away; those before it are gone.
        """

    def paths(self) -> frozenset[str]:
        """Every file the shelf itself published and still holds."""

    def listed(self) -> frozenset[str]:
        """Every file the shelf itself published, without looking whether it still stands."""

    def is_whole(self) -> bool:
        """Whether all that was published still stands; what does not is forgotten and may be put anew."""

    def sealed(self) -> Mapping[str, str]:
        """The seals that were kept, of files that stand as they did then; none, if another version made them."""

    def keep_seals(self, seals: Mapping[str, str]) -> None:
        """Keep a seal for each of these paths, in place of all former ones.

        Raises:
            CannotWrite: they cannot be kept.
        """

    def digest(self, path: str) -> str | None:
        """Hex SHA-256 of the bytes that stand at the path; None if there are none."""
