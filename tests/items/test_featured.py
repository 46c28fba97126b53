from __future__ import annotations

import pytest

from syndicate.items.featured import Featured, featured_of, unnamed
from syndicate.items.rules import ImageSearch
from syndicate.items.tree import Value

STATIC = ImageSearch(folders=("static",))
BESIDE = ImageSearch(folders=("../static", "../../assets", "/srv/media"))
BY_UID = ImageSearch(
    template="https://img.example/{uid}.{format}", table={"abc": {"format": "jpg", "alt": "Known"}, "bad": {}}
)


def image(value: Value, search: ImageSearch = STATIC, *, path: str = "news/x.md") -> Featured:
    found = featured_of(value, path=path, search=search, title="T")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        ("a.jpg", ("news/a.jpg", "a.jpg", "static/a.jpg")),
        ("./a.jpg", ("news/a.jpg", "a.jpg", "static/a.jpg")),
        ("/images/a.jpg", ("images/a.jpg", "static/images/a.jpg")),
        ("/static/a.jpg", ("static/a.jpg", "static/static/a.jpg")),
        ("../a.jpg", ("a.jpg",)),
        (
            "my%20a.jpg",
            ("news/my%20a.jpg", "my%20a.jpg", "static/my%20a.jpg", "news/my a.jpg", "my a.jpg", "static/my a.jpg"),
        ),
        (
            "a.jpg?v=2#x",
            ("news/a.jpg?v=2#x", "a.jpg?v=2#x", "static/a.jpg?v=2#x", "news/a.jpg", "a.jpg", "static/a.jpg"),
        ),
        ({"href": "a.jpg", "valid": "true"}, ("news/a.jpg", "a.jpg", "static/a.jpg")),
        ({"asset": {"url": "a.jpg"}}, ("news/a.jpg", "a.jpg", "static/a.jpg")),
        ({"src": {"x": "1"}, "image": {"src": "a.jpg"}}, ("news/a.jpg", "a.jpg", "static/a.jpg")),
        ([None, {"src": "../../../x.jpg"}, "b.jpg"], ("news/b.jpg", "b.jpg", "static/b.jpg")),
    ],
)
def test_local_images_are_looked_for_beside_the_item_at_the_root_and_in_folders(
    value: Value, paths: tuple[str, ...]
) -> None:
    assert image(value).paths == paths


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ("/images/a.jpg", "../static/images/a.jpg"),
        ("/static/a.jpg", "../static/a.jpg"),
        ("~/assets/a.jpg", "../../assets/a.jpg"),
        ("@/assets/a.jpg", "../../assets/a.jpg"),
        ("@assets/a.jpg", "../../assets/a.jpg"),
        ("../../../assets/a.jpg", "../../assets/a.jpg"),
        ("../../static/a.jpg", "../static/a.jpg"),
        ("a.jpg", "/srv/media/a.jpg"),
    ],
)
def test_folders_beside_the_store_are_looked_into_when_they_are_named(value: str, place: str) -> None:
    assert place in image(value, BESIDE).paths


@pytest.mark.parametrize(
    "value", ["../../secret/a.jpg", "../../../../static/a.jpg", "/../static/../x", "../../static/../x"]
)
def test_nothing_else_beside_the_store_is_looked_at(value: str) -> None:
    for place in image(value, BESIDE).paths:
        folder = next((folder for folder in BESIDE.folders if place.startswith(f"{folder}/")), "")
        assert ".." not in place.removeprefix(folder).split("/")


@pytest.mark.parametrize(
    "value", [None, "", {"href": None, "valid": "true"}, [], {"alt": "only"}, "false", {"path": "no"}, {"src": {}}]
)
def test_blank_references_are_no_image(value: Value) -> None:
    assert featured_of(value, path="x.md", search=STATIC, title="T") is None


@pytest.mark.parametrize(
    ("value", "alt"),
    [
        ("a.jpg", "T"),
        ({"href": "a.jpg", "alt": " A &amp; B "}, "A & B"),
        ({"href": "a.jpg", "alt": " ", "caption": "C"}, "C"),
        ({"href": "a.jpg", "imagealt": "C"}, "C"),
        ({"href": "a.jpg", "alt": None}, "T"),
    ],
)
def test_alt_text_falls_back_to_caption_and_title(value: Value, alt: str) -> None:
    assert image(value).alt == alt


@pytest.mark.parametrize(
    ("value", "url"),
    [("https://c.example/a b.jpg", "https://c.example/a%20b.jpg"), ("//c.example/a", "https://c.example/a")],
)
def test_remote_images_keep_their_address(value: Value, url: str) -> None:
    assert (image(value).url, image(value).paths) == (url, ())


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"href": "a.jpg", "valid": "false"}, "W-IMAGE-INVALID"),
        ({"uid": "a", "valid": "false"}, "W-IMAGE-INVALID"),
        ("../../etc/passwd", "W-IMAGE-UNSAFE"),
        ("%2e%2e/%2e%2e/x", "W-IMAGE-UNSAFE"),
        ("a\\..\\b.jpg", "W-IMAGE-UNSAFE"),
        ("/", "W-IMAGE-UNSAFE"),
        ("file:///etc/passwd", "W-IMAGE-UNSAFE"),
        ("data:image/png;base64,AAAA", "W-IMAGE-UNSAFE"),
        (["../../x", {"href": "y", "valid": "no"}], "W-IMAGE-UNSAFE"),
        ({"uid": "abc"}, "W-IMAGE-UNKNOWN"),
    ],
)
def test_unsafe_and_invalid_images_are_refused_with_a_code(value: Value, code: str) -> None:
    refusal = image(value, path="x.md").refusal

    assert refusal is not None
    assert refusal[0] == code


@pytest.mark.parametrize(
    ("value", "url", "alt"),
    [
        ({"uid": "abc"}, "https://img.example/abc.jpg", "Known"),
        ({"uid": "abc", "format": "webp", "alt": "Own"}, "https://img.example/abc.webp", "Own"),
        ("abc", "https://img.example/abc.jpg", "Known"),
        ({"uid": "x/y", "format": "png"}, "https://img.example/x%2Fy.png", "T"),
    ],
)
def test_an_image_by_uid_is_found_by_the_template_and_the_table(value: Value, url: str, alt: str) -> None:
    assert (image(value, BY_UID).url, image(value, BY_UID).alt) == (url, alt)


def test_a_uid_of_which_too_little_is_known_says_what_is_missing() -> None:
    assert image({"uid": "bad"}, BY_UID).refusal == (
        "W-IMAGE-UNKNOWN",
        "the image bad cannot be found: nothing tells its format",
    )
    refusal = image({"uid": "bad"}, ImageSearch(template="ftp://x/{uid}")).refusal
    assert refusal is not None
    assert refusal[0] == "W-IMAGE-UNSAFE"


BUNDLE = ImageSearch(bundle=("*cover*",), takes_first=True)


@pytest.mark.parametrize(
    ("first", "path", "search", "found"),
    [
        (("", ""), "a/index.md", BUNDLE, Featured("T", paths=("a/*cover*",), is_optional=True)),
        (("", ""), "a/b.md", BUNDLE, None),
        (("", ""), "a/index.md", STATIC, None),
        (("b.png", "B"), "a/c.md", BUNDLE, Featured("B", paths=("a/b.png", "b.png"), is_optional=True)),
        (
            ("b.png", ""),
            "a/index.de.md",
            BUNDLE,
            Featured("T", paths=("a/*cover*", "a/b.png", "b.png"), is_optional=True),
        ),
        (
            ("https://x.example/b.png", "B"),
            "a/c.md",
            BUNDLE,
            Featured("B", "https://x.example/b.png", is_optional=True),
        ),
        (
            ("https://x.example/b.png", "B"),
            "a/index.md",
            BUNDLE,
            Featured("T", paths=("a/*cover*",), is_optional=True),
        ),
        (("https://img.shields.io/x.svg", ""), "a/c.md", BUNDLE, None),
        (("data:image/png;base64,AA", ""), "a/c.md", BUNDLE, None),
        (("b.png", ""), "a/c.md", STATIC, None),
    ],
)
def test_a_file_that_names_no_image_has_one_of_its_bundle_or_its_body(
    first: tuple[str, str], path: str, search: ImageSearch, found: Featured | None
) -> None:
    assert unnamed(first, path=path, search=search, title="T") == found
