from typing import Any

from sandbox_rig import RKEY, Caller, image_bytes, post_record
from syndicate.sandbox.page import MOST_SHOWN, facet_runs


async def page(caller: Caller) -> str:
    reply = await caller.control("GET", "/")
    assert reply.status == 200
    assert reply.headers["Content-Security-Policy"].startswith("default-src 'none'")
    return str(reply.body, "utf-8")


async def test_an_empty_sandbox_says_how_to_begin(caller: Caller) -> None:
    assert "begins with <code>sandbox-</code>" in await page(caller)


async def test_a_status_is_shown_with_link_image_and_alt_text(caller: Caller) -> None:
    medium = await caller.medium(description='A "teal" box')
    await caller.status("News https://example.org/a", media_ids=[medium.json["id"]], visibility="unlisted")
    html = await page(caller)

    assert '<a href="https://example.org/a" rel="nofollow noopener">https://example.org/a</a>' in html
    assert 'alt="A &#34;teal&#34; box"' in html
    assert "<b>ALT</b> A &#34;teal&#34; box" in html
    assert "unlisted" in html


async def test_an_image_on_the_page_can_be_loaded_and_uses_up_no_fault(caller: Caller) -> None:
    medium = await caller.medium()
    await caller.status("Image", media_ids=[medium.json["id"]])
    await caller.plan({"network": "*", "effect": "error_500_before"})
    source = (await page(caller)).partition('<img src="/sandbox')[2].partition('"')[0]
    image = await caller.control("GET", source)

    assert image.body == image_bytes()
    assert image.headers["Content-Type"] == "image/jpeg"
    assert (await caller.control("GET", "/images/unknown.jpeg")).status == 404
    assert (await caller.control("GET", "/plan")).json["faults"][0]["fired"] == 0


async def test_a_bluesky_card_is_shown_with_its_thumb(caller: Caller) -> None:
    session = await caller.login()
    blob = (await caller.blob(session, image_bytes())).json["blob"]
    external = {"uri": "https://example.org/a", "title": "A <title>", "description": "Told", "thumb": blob}
    await caller.put(session, post_record("Text", embed={"$type": "app.bsky.embed.external", "external": external}))
    html = await page(caller)

    assert "A &lt;title&gt;" in html
    assert "<p>Told</p>" in html
    assert "<p>example.org</p>" in html
    assert '<div class="card"><img src="/sandbox/images/' in html


async def test_a_bluesky_image_is_shown_with_its_alt_text(caller: Caller) -> None:
    session = await caller.login()
    blob = (await caller.blob(session, image_bytes())).json["blob"]
    images = [{"image": blob, "alt": "A box"}]
    await caller.put(session, post_record("Text", embed={"$type": "app.bsky.embed.images", "images": images}))

    assert "<b>ALT</b> A box" in await page(caller)


async def test_an_event_is_shown_with_its_body(caller: Caller) -> None:
    await caller.webhook()
    html = await page(caller)

    assert "item.published" in html
    assert "&#34;url&#34;: &#34;https://example.org/a&#34;" in html


async def test_hostile_text_stays_text(caller: Caller) -> None:
    session = await caller.login()
    external = {"uri": "javascript:alert(1)", "title": "<script>", "description": ""}
    await caller.put(session, post_record("<script>", embed={"$type": "app.bsky.embed.external", "external": external}))
    await caller.status('<img src=x onerror="alert(1)">')
    html = await page(caller)

    assert "<script" not in html
    assert 'href="javascript' not in html
    assert "<img src=x" not in html


async def test_faults_duplicates_and_pending_commits_are_told(caller: Caller) -> None:
    await caller.status("One https://example.org/a")
    await caller.status("Two https://example.org/a")
    await caller.plan({"network": "bluesky", "route": "post", "effect": "lost_after"})
    html = await page(caller)

    assert '<li class="bad">links posted twice <b>1</b></li>' in html
    assert "<td>lost_after</td><td>bluesky</td>" in html


async def test_only_the_newest_posts_are_shown(caller: Caller) -> None:
    for number in range(MOST_SHOWN + 1):
        await caller.status(f"Number {number}")
    html = await page(caller)

    assert f"posts: {MOST_SHOWN + 1}, newest {MOST_SHOWN} shown" in html
    assert html.count("<article") == MOST_SHOWN


async def test_the_addresses_in_posts_lead_to_pages(caller: Caller) -> None:
    await caller.put(await caller.login(), post_record("A record"))
    posted = await caller.status("A status")
    await caller.status("Another")
    status = await caller.send("GET", posted.json["url"])
    record = await caller.send("GET", f"{caller.addresses.bluesky_url}/profile/news.test/post/{RKEY}")
    unknown = await caller.send("GET", f"{caller.addresses.bluesky_url}/profile/news.test/post/none")

    assert b"A status" in status.body
    assert b"Another" not in status.body
    assert b"A record" in record.body
    assert unknown.status == 404


async def test_the_root_leads_to_the_page_and_accounts_have_a_picture(caller: Caller) -> None:
    for path in ("/", "/sandbox"):
        reply = await caller.send("GET", caller.addresses.mastodon_url + path)
        assert (reply.status, reply.headers["Location"]) == (302, "/sandbox/")
    picture = await caller.send("GET", f"{caller.addresses.mastodon_url}/avatars/missing.svg")
    assert picture.headers["Content-Type"].startswith("image/svg+xml")


def facet(start: int, end: int, uri: str | None = "https://example.org/a") -> dict[str, Any]:
    feature = {"$type": "x"} if uri is None else {"$type": "app.bsky.richtext.facet#link", "uri": uri}
    return {"index": {"byteStart": start, "byteEnd": end}, "features": [feature]}


def test_facets_are_cut_at_bytes() -> None:
    runs = [(run.text, run.href) for run in facet_runs("Grüße hier", [facet(8, 12)])]

    assert runs == [("Grüße ", None), ("hier", "https://example.org/a"), ("", None)]


def test_facets_that_overlap_stray_or_do_not_link_stay_plain() -> None:
    facets = [facet(0, 3), facet(2, 4), facet(9, 99), facet(5, 6, None)]

    assert "".join(run.text for run in facet_runs("abcdefgh", facets)) == "abcdefgh"
    assert sum(run.href is not None for run in facet_runs("abcdefgh", facets)) == 1
