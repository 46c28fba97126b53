from __future__ import annotations

import pytest

from syndicate.items.featured import featured_of
from syndicate.items.tree import Value


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        ("a.jpg", ("news/a.jpg", "a.jpg", "static/a.jpg")),
        ("/images/a.jpg", ("images/a.jpg", "static/images/a.jpg")),
        ("../a.jpg", ("a.jpg",)),
        (
            "my%20a.jpg",
            ("news/my%20a.jpg", "my%20a.jpg", "static/my%20a.jpg", "news/my a.jpg", "my a.jpg", "static/my a.jpg"),
        ),
        ({"href": "a.jpg", "valid": "true"}, ("news/a.jpg", "a.jpg", "static/a.jpg")),
        ([None, {"src": "../../../x.jpg"}, "b.jpg"], ("news/b.jpg", "b.jpg", "static/b.jpg")),
    ],
)
def test_local_images_are_looked_for_beside_the_item_at_the_root_and_in_folders(
    value: Value, paths: tuple[str, ...]
) -> None:
    image = featured_of(value, path="news/x.md", folders=("static",), title="T")

    assert image is not None
    assert image.paths == paths


@pytest.mark.parametrize("value", [None, "", {"href": None, "valid": "true"}, [], {"alt": "only"}])
def test_blank_references_are_no_image(value: Value) -> None:
    assert featured_of(value, path="x.md", folders=(), title="T") is None


@pytest.mark.parametrize(
    ("value", "alt"),
    [
        ("a.jpg", "T"),
        ({"href": "a.jpg", "alt": " A &amp; B "}, "A & B"),
        ({"href": "a.jpg", "alt": " ", "caption": "C"}, "C"),
        ({"href": "a.jpg", "alt": None}, "T"),
    ],
)
def test_alt_text_falls_back_to_caption_and_title(value: Value, alt: str) -> None:
    image = featured_of(value, path="x.md", folders=(), title="T")

    assert image is not None
    assert image.alt == alt


@pytest.mark.parametrize(
    ("value", "url"),
    [("https://c.example/a b.jpg", "https://c.example/a%20b.jpg"), ("//c.example/a", "https://c.example/a")],
)
def test_remote_images_keep_their_address(value: Value, url: str) -> None:
    image = featured_of(value, path="x.md", folders=(), title="T")

    assert image is not None
    assert (image.url, image.paths) == (url, ())


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"href": "a.jpg", "valid": "false"}, "W-IMAGE-INVALID"),
        ("../../etc/passwd", "W-IMAGE-UNSAFE"),
        ("%2e%2e/%2e%2e/x", "W-IMAGE-UNSAFE"),
        ("a\\..\\b.jpg", "W-IMAGE-UNSAFE"),
        ("file:///etc/passwd", "W-IMAGE-UNSAFE"),
        (["../../x", {"href": "y", "valid": "no"}], "W-IMAGE-UNSAFE"),
    ],
)
def test_unsafe_and_invalid_images_are_refused_with_a_code(value: Value, code: str) -> None:
    image = featured_of(value, path="x.md", folders=(), title="T")

    assert image is not None
    assert image.refusal is not None
    assert image.refusal[0] == code
