"""What stands on the shelf: every document that reads differently is put there, what nothing names any more goes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from itertools import repeat
from typing import TYPE_CHECKING

from msgspec import Struct

from syndicate.errors import CannotWrite, Fault, ImageUnusable
from syndicate.feeds.document import Document
from syndicate.feeds.entry import entry_id
from syndicate.feeds.formats import subscribable
from syndicate.feeds.press import Press, PressNote
from syndicate.feeds.seals import Seals
from syndicate.feeds.site import Site
from syndicate.feeds.tombstone import Tombstone
from syndicate.items.item import Image, Item, Topic
from syndicate.log import log
from syndicate.ports.content import Store
from syndicate.ports.shelf import Made, Pressroom, Shelf

if TYPE_CHECKING:
    from syndicate.gallery import Gallery

_TOGETHER_BYTES = 8_000_000
"""About so much is written together."""


class Shelved(Struct, frozen=True):
    """Paths of the shelf that were written since their bytes changed, and that were taken away."""

    written: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


class ShelvingNote(Struct, array_like=True, frozen=True):
    """All that a shelving knows beside the items; `pictures` by id of the items that show some, by path."""

    press: PressNote
    pictures: dict[str, dict[str, Image]]


class Shelving:
    """Keeps a shelf as the items are, pass after pass; remembers what the last pass put there.

    `left_out` are the faults of items that no feed can tell. The `gallery` is told which card images there must be; it
    draws them afterwards. The `brake` is looked at after each document, and may raise to end the work. Where there is a
    `pressroom`, it makes the documents if they are many.
    """

    def __init__(self, store: Store, shelf: Shelf, site: Site, gallery: Gallery | None = None) -> None:
        self.left_out: tuple[Fault, ...] = ()
        self.brake: Callable[[int, int], None] = lambda done, total: None
        self.pressroom: Pressroom | None = None
        self._store = store
        self._shelf = shelf
        self._site = site
        self._gallery = gallery
        self._press = Press(site)
        self._seals = Seals(site)
        self._is_current = False
        self._is_resumed = False
        self._marks: dict[str, object] = {}
        self._pictures: dict[str, Mapping[str, Image]] = {}  # by id of the items that show some: by path on the shelf

    def anew(self) -> Shelving:
        """Another one for the same shelf, which knows nothing yet."""
        other = Shelving(self._store, self._shelf, self._site, self._gallery)
        other.brake, other.pressroom = self.brake, self.pressroom
        return other

    @property
    def feeds(self) -> frozenset[str]:
        """The paths of the feeds that readers subscribe to, archives not, as the last pass made them."""
        feeds = self._press.catalogue.feeds
        return frozenset(f"{feed.path}/{form.file_name}" for feed in feeds for form in subscribable(feed))

    def look(self) -> None:
        """Look whether the shelf stands as the last pass left it; where it does not, the next pass writes all anew.

        Raises:
            CannotWrite: the folder is gone and cannot be made again.
        """
        if self._is_current and not self._shelf.is_whole():
            self._is_current = False

    def put(
        self,
        items: Mapping[str, Item],
        now: datetime,
        *,
        topics: Iterable[Topic] = (),
        tombstones: Iterable[Tombstone] = (),
        only: Collection[str] | None = None,
        tell: Callable[[int, int], None] = lambda done, total: None,
        is_sure: bool = True,
    ) -> Shelved:
        """Write what reads differently, drop what is no more. Images come first, so that no feed names one in vain.

        Args:
            items: what is published, by id.
            now: what the greatest age in named feeds counts from.
            topics: further topics that have a feed, though no item has them now.
            tombstones: items that left.
            only: ids of all items that may differ from those of the last pass, if that is known.
            tell: hears how many documents were made, and how many there are to make.
            is_sure: files that look as they did are taken for what they were; else all are made and compared.

        Raises:
            CannotWrite: a file cannot be written; the next pass writes all anew.
        """
        is_current, self._is_current = self._is_current, False
        is_known, self._is_resumed = is_current or self._is_resumed, False
        only = only if is_known else None
        former = self._shelf.listed() if is_current else self._shelf.paths()
        media = self._media(items, only)
        # Named by its digest: the same path is the same picture.
        asked = {path: image for path, image in media.items() if not is_sure or path not in former}
        written = [path for path, image in asked.items() if self._put_image(path, image)]
        standing = set(media)
        if self._gallery is not None:
            standing |= self._gallery.expect(items, former, only=only if is_current else None)
        documents = tuple(self._press.documents(items, now, topics=topics, tombstones=tombstones, only=only))
        seals = {} if is_current else self._sealed({one.path: one.mark for one in documents})
        sealed = {} if is_current or not is_sure else self._shelf.sealed()
        unlike = self._unlike(documents) if is_current else {one for one in seals if sealed.get(one) != seals[one]}
        written += self._put_documents([one for one in documents if one.path in unlike], tell)
        self._tell_left_out(items.values())
        self._marks = {document.path: document.mark for document in documents}
        standing |= self._marks.keys()
        dropped = self._shelf.drop(*sorted(former - standing))
        if seals != sealed and not self.left_out:  # what is left out is found out by making it
            self._keep(seals)
        self._is_current = True
        return Shelved(tuple(written), dropped)

    def note(self) -> ShelvingNote | None:
        """What `resume` needs; None where the shelf is not known to stand, or does not tell all items."""
        if not self._is_current or self.left_out:
            return None
        pictures = {item_id: dict(shown) for item_id, shown in self._pictures.items()}
        return ShelvingNote(self._press.note(self._sealed(self._marks)), pictures)

    def resume(self, items: Mapping[str, Item], note: ShelvingNote) -> None:
        """Know what was known when the note was made, of the same site and of these items, by id."""
        self._press.resume(items, note.press)
        self._pictures = dict(note.pictures)
        self._is_resumed = True

    def _media(self, items: Mapping[str, Item], only: Collection[str] | None) -> dict[str, Image]:
        """The images that stand on the shelf: featured ones, and those that only single channels show."""
        if only is None:
            self._pictures = {}
        for item_id in items if only is None else only:
            self._pictures.pop(item_id, None)
            item = items.get(item_id)
            shown = () if item is None else _images_of(item)
            if shown:
                self._pictures[item_id] = {path: image for image in shown if (path := image.shelf_path) is not None}
        return {path: image for found in self._pictures.values() for path, image in found.items()}

    def _unlike(self, documents: Iterable[Document]) -> set[str]:
        """Paths of those that are made of something else than in the last pass."""
        return {one.path for one in documents if one.path not in self._marks or self._marks[one.path] != one.mark}

    def _sealed(self, marks: Mapping[str, object]) -> dict[str, str]:
        """The seals of documents, which are given by path, with their marks."""
        return {path: self._seals.of(path, mark) for path, mark in marks.items()}

    def _put_documents(self, documents: Sequence[Document], tell: Callable[[int, int], None]) -> list[str]:
        """Make and write what may read differently; gives the paths of what does."""
        written: list[str] = []
        made: dict[str, bytes] = {}
        size_bytes = number = 0
        documents = self._press.in_turn(documents)
        with closing(self._ahead(documents, lambda: number)) as ahead:
            for number, (document, one) in enumerate(zip(documents, ahead, strict=True), start=1):
                made[document.path] = document.make() if one is None else one.content
                if one is not None:
                    self._press.leave_out(one.left_out)
                size_bytes += len(made[document.path])
                if size_bytes >= _TOGETHER_BYTES:
                    written += self._put_made(made)
                    made, size_bytes = {}, 0
                tell(number, len(documents))
                self.brake(number, len(documents))
        return written + self._put_made(made)

    def _ahead(self, documents: Sequence[Document], done: Callable[[], int]) -> Generator[Made | None, None, None]:
        """What others made of each document, in order; None: nothing."""
        if self.pressroom is None:
            yield from repeat(None, len(documents))
        else:
            yield from self.pressroom.made_ahead(documents, lambda: self.brake(done(), len(documents)))

    def _put_made(self, made: Mapping[str, bytes]) -> list[str]:
        changed = self._shelf.put_all(made) if made else ()
        return [path for path in made if path in changed]

    def _keep(self, seals: Mapping[str, str]) -> None:
        """Without seals the next start makes everything anew, and that is all."""
        try:
            self._shelf.keep_seals(seals)
        except CannotWrite as error:
            log.warning("seals_not_kept", reason=str(error))

    def _tell_left_out(self, items: Iterable[Item]) -> None:
        """What the feeds cannot tell is a fault for as long as it is in the store, and an event when it begins."""
        left_out = self._press.left_out
        found = ((item.path, left_out.get(entry_id(item, self._site))) for item in items) if left_out else ()
        faults = tuple(_left_out_fault(path, reason) for path, reason in found if reason is not None)
        for fault in faults:
            if fault not in self.left_out:
                log.error("entry_left_out", path=fault.path, reason=fault.problem)
        self.left_out = faults

    def _put_image(self, path: str, image: Image) -> bool:
        try:
            return self._shelf.put(path, self._store.image_bytes(image))
        except ImageUnusable as error:
            log.warning("image_not_shelved", image=error.ref, reason=error.reason)
            return False


def _images_of(item: Item) -> tuple[Image, ...]:
    featured = () if item.image is None else (item.image,)
    return featured if item.posting is None else (*featured, *item.posting.images)


def _left_out_fault(path: str, reason: str) -> Fault:
    problem = f"no feed can tell it, so that it is left out of all: {reason}"
    return Fault(path, "E-ENTRY", problem, "shorten the text or take out what is named")
