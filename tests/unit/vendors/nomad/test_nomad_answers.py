"""Waiting for the asset manager, and reading whatever it answers."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from polyreel.vendors import errors
from polyreel.vendors.nomad.ads import ad_tags
from polyreel.vendors.nomad.client import NomadClient
from polyreel.vendors.nomad.models import AssetDetail, RelatedAsset
from polyreel.vendors.nomad.models_edits import ShareAsset
from polyreel.vendors.nomad.models_words import AdBreak, SubtitleFormat
from polyreel.vendors.nomad.statuses import AssetStatus
from polyreel.vendors.waiting import Patience


async def test_waiting_goes_on_through_statuses_nobody_documented(client: NomadClient, peer: Any) -> None:
    """And ends when the asset is usable."""
    statuses = [21, "Registering", 99, "Daydreaming", "restored"]

    async def script(seen: Any, writer: asyncio.StreamWriter) -> None:
        body = {"token": "first"} if "login" in seen.target else {"id": "a", "assetStatus": statuses.pop(0)}
        data = json.dumps(body).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(data) + data)
        await writer.drain()

    peer.will(script)
    assert (await client.wait_until_usable("a")).status is AssetStatus.RESTORED


@pytest.mark.parametrize("status", ["Error", "Archived", "Deleting"])
async def test_waiting_ends_where_nothing_will_come(client: NomadClient, manager: Any, status: str) -> None:
    """With the vendor's word."""
    manager.plain["/admin/asset/a"] = manager.answer(200, {"id": "a", "status": status, "errorMessage": "no codec"})
    with pytest.raises(errors.JobFailed) as caught:
        await client.wait_until_usable("a")
    assert caught.value.vendor_code == status
    assert "no codec" in str(caught.value)


async def test_waiting_is_not_for_ever(client: NomadClient, manager: Any) -> None:
    """Nothing is lost: look again later."""
    manager.plain["/admin/asset/a"] = manager.answer(200, {"id": "a", "status": "Creating"})
    with pytest.raises(errors.StillWorking):
        await client.wait_until_usable("a", Patience(first=1, total=0))


@pytest.mark.parametrize("body", [b"<html>", b'{"name": "no id"}', b"[1]", b"null"])
async def test_a_malformed_answer_is_said_to_be_one(client: NomadClient, manager: Any, body: bytes) -> None:
    """Whatever it is."""
    manager.plain["/admin/asset/a"] = manager.answer(200, body)
    with pytest.raises(errors.Malformed):
        await client.get_asset("a")


async def test_a_list_that_is_none_is_malformed_and_an_empty_answer_is_empty(client: NomadClient, manager: Any) -> None:
    """A silent loss would look like *no annotations*."""
    manager.plain["/asset/a/annotation"] = manager.answer(200, {"message": "try later"})
    with pytest.raises(errors.Malformed):
        await client.list_annotations("a")
    manager.plain["/asset/a/annotation"] = manager.answer(200, b"")
    assert await client.list_annotations("a") == ()


async def test_a_subtitle_form_that_is_not_supported_is_invalid(client: NomadClient, manager: Any) -> None:
    """204 at the vendor; nothing to export is 400."""
    at = "/asset/a/subtitle/s/export"
    for status in (204, 400):
        manager.plain[at] = manager.answer(status, b"")
        with pytest.raises(errors.Invalid):
            await client.export_subtitle("a", "s", SubtitleFormat.DOCX)


@pytest.mark.parametrize(
    "body",
    [
        {"cookies": {"CloudFront-Policy": "p1"}, "url": "u"},
        {"Cookies": [{"Name": "CloudFront-Policy", "Value": "p1"}]},
        {"cookies": ["CloudFront-Policy=p1; Path=/; Secure"]},
        {"CloudFront-Policy": "p1", "expires": "soon"},
        ["CloudFront-Policy=p1"],
    ],
)
async def test_streaming_cookies_are_read_from_header_and_body(client: NomadClient, manager: Any, body: object) -> None:
    """In every form seen; the header's win."""
    at = "/admin/asset/a/set-cookies/r"
    manager.plain[at] = manager.answer(200, body, Set_Cookie="CloudFront-Signature=s1; Path=/; HttpOnly")
    cookies = await client.get_streaming_cookies("a", "r")
    assert cookies.cookies == {"CloudFront-Policy": "p1", "CloudFront-Signature": "s1"}
    assert "p1" not in repr(cookies)


@pytest.mark.parametrize(
    "body", [b'"https://cdn/x?sig=1"', b"https://cdn/x?sig=1", b'{"fullUrl":"https://cdn/x?sig=1"}']
)
async def test_a_resolved_address_is_read_from_text_and_json(client: NomadClient, manager: Any, body: bytes) -> None:
    """The page doesn't say which."""
    manager.plain["/admin/asset/a/resolve-full-url"] = manager.answer(200, body)
    assert await client.resolve_full_url("a", "x") == "https://cdn/x?sig=1"


async def test_ads_are_asked_for_without_credentials(client: NomadClient, manager: Any) -> None:
    """They are public; what is no XML is malformed."""
    manager.good = {""}
    manager.plain["/ads/vmap/a"] = manager.answer(200, b"\xef\xbb\xbf<?xml version='1.0'?><vmap:VMAP/>")
    assert "VMAP" in await client.get_vmap("a")
    manager.plain["/ads/vmap/a"] = manager.answer(200, b"not found")
    with pytest.raises(errors.Malformed):
        await client.get_vmap("a")


async def test_the_bytes_kept_are_held_against_the_bytes_sent(client: NomadClient, manager: Any, file: Path) -> None:
    """A multipart ETag proves them, another contradicts them, one of another kind says nothing."""
    done = await client.upload(file)

    def kept(**facts: object) -> None:
        manager.plain["/admin/asset/a/detail"] = manager.answer(200, {"id": "a", **facts})

    kept(contentLength=done.bytes, eTag=f'"{done.etag}"')
    assert await client.check_uploaded(done) is True
    kept(contentLength=done.bytes, eTag="opaque")
    assert await client.check_uploaded(done) is False
    for wrong in ({"contentLength": done.bytes + 1}, {"eTag": f"{'0' * 32}-4"}):
        kept(**wrong)
        with pytest.raises(errors.Damaged):
            await client.check_uploaded(done)


@pytest.mark.parametrize("url", [None, "", "  ", 0])
async def test_an_asset_without_an_address_is_unusable(
    client: NomadClient, manager: Any, url: object, tmp_path: Path
) -> None:
    """A typed error before anything is fetched: `<base>/None` is no address."""
    manager.plain["/admin/asset/a/detail"] = manager.answer(200, {"id": "a", "status": "Available", "fullUrl": url})
    for body in (b"null", b'""', b"", b'{"url": null}', b"None", b"[" * 100_000):
        manager.plain["/admin/asset/a/resolve-full-url"] = manager.answer(200, body)
        manager.plain["/admin/asset/a"] = manager.answer(200, {"id": "a", "status": "Available"})
        with pytest.raises(errors.JobFailed) as caught:
            await client.download("a", tmp_path / "film.mp4")
        assert caught.value.code == "asset_unusable"
    assert not any("None" in line for line in manager.log)


@pytest.mark.parametrize("body", [b'"https://example.com/s/1"', b"https://example.com/s/1", b'{"ShareUrl": "%s"}'])
async def test_a_share_is_its_link_however_it_is_told(client: NomadClient, manager: Any, body: bytes) -> None:
    """In an object, as a JSON string, or as plain text."""
    body = body.replace(b"%s", b"https://example.com/s/1")
    manager.plain["/asset/a/share"] = manager.answer(200, body)
    assert (await client.share("a", ShareAsset(recipients=("ana@example.com",)))).url == "https://example.com/s/1"


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ({"duration": 12.5}, 12.5),
        ({"duration": "12.5"}, 12.5),
        ({"mediaProperties": {"Duration": "00:00:12.500"}}, 12.5),
        ({"mediaProperties": {"durationMs": 12500}}, 12.5),
        ({"MediaProperties": {"General": {"DurationInSeconds": "12.5"}}}, 12.5),
        ({"mediaProperties": [{"Name": "Duration", "Value": "12.5"}]}, 12.5),
        ({"duration": "soon", "mediaProperties": {"codec": "h264"}}, None),
    ],
)
async def test_a_length_is_read_wherever_it_stands(
    client: NomadClient, manager: Any, told: dict[str, Any], seconds: float | None
) -> None:
    """Nothing promises it at the top level."""
    manager.plain["/admin/asset/a/detail"] = manager.answer(200, {"id": "a", **told})
    assert (await client.get_detail("a")).seconds == seconds


@pytest.mark.parametrize("vmap", ["<VMAP", "<!DOCTYPE x [<!ENTITY a 'b'>]><VMAP>&a;</VMAP>"])
def test_a_vmap_that_is_none_is_malformed(vmap: str) -> None:
    """A document type could unfold without end."""
    with pytest.raises(errors.Malformed):
        ad_tags(vmap)


def test_only_whole_addresses_are_ad_tags() -> None:
    """In the document's order."""
    tags = "".join(f"<v:AdTagURI>{tag}</v:AdTagURI>" for tag in ("http://a/1?x=1&amp;y=2", "/relative", "https://b/2"))
    vmap = f'<v:VMAP xmlns:v="http://www.iab.net/videosuite/vmap">{tags}</v:VMAP>'
    assert ad_tags(vmap) == ("http://a/1?x=1&y=2", "https://b/2")


@pytest.mark.parametrize(
    ("told", "language"),
    [
        ("es-ES", "es-ES"),
        ({"id": "es-ES", "description": "Spanish"}, "es-ES"),
        ({"id": "3fa85f64-5717", "description": "pt_BR"}, "pt_BR"),
        ({"Id": 12, "Description": "Spanish (Spain)"}, "Spanish (Spain)"),
        (None, ""),
    ],
)
def test_a_language_may_be_a_lookup(told: Any, language: str) -> None:
    asset = AssetDetail.model_validate(
        {"id": "a", "languageId": told, "relatedAssets": [{"id": "b", "language": told}]}
    )
    assert (asset.language, asset.related_assets[0].language) == (language, language)


def test_a_relationship_may_be_a_lookup_and_tags_plain_words() -> None:
    related = RelatedAsset.model_validate({"id": "b", "metadataType": {"id": 3, "description": "Subtitle"}})
    assert related.kind == "Subtitle"
    mixed = AdBreak.model_validate({"id": "c", "tags": ["sport", {"id": "1", "description": "news"}], "labels": None})
    assert [tag["description"] for tag in mixed.tags] == ["sport", "news"]


@pytest.mark.parametrize("refusal", [404, 405])
async def test_an_asset_is_deleted_by_the_page_s_way_where_there_is_no_other(
    client: NomadClient, manager: Any, refusal: int
) -> None:
    """The page has only the batch: what can't be deleted by its own address is still there, and would stay."""
    answers = {"GET": manager.answer(200, {"id": "a"}), "DELETE": manager.answer(refusal, {"title": "no such call"})}
    manager.asset = lambda seen, path: answers.get(seen.method, manager.answer(200, {"results": []}))
    await client.delete_asset("a")
    assert manager.log[-3:] == ["DELETE /api/admin/asset/a", "GET /api/admin/asset/a", "POST /api/admin/asset/Delete"]


async def test_an_asset_that_is_not_there_is_not_found_by_deleting_it(client: NomadClient, manager: Any) -> None:
    """Nothing is sent after it."""
    with pytest.raises(errors.NotFound):
        await client.delete_asset("a")
    assert manager.log[-1] == "GET /api/admin/asset/a"


async def test_an_asset_that_the_batch_leaves_is_said_to_stay(client: NomadClient, manager: Any) -> None:
    """A result for each tells it, whatever the status says."""
    manager.plain["/admin/asset/Delete"] = manager.answer(200, {"results": [{"id": "a", "success": False}]})
    refused = manager.answer(405, {"title": "no such call"})
    there = manager.answer(200, {"id": "a"})
    ask = manager.asset
    manager.asset = lambda seen, path: {"GET": there, "DELETE": refused}.get(seen.method) or ask(seen, path)
    with pytest.raises(errors.Refused):
        await client.delete_asset("a")


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_a_server_without_a_list_of_uploads_knows_none(client: NomadClient, manager: Any, status: int) -> None:
    """No page has that list: a server may take its name for an asset's id."""
    manager.plain["/admin/asset/upload"] = manager.answer(status, {"title": "no"})
    manager.refusal = 401
    assert await client.list_known_uploads() == ()


async def test_an_upload_whose_asset_nobody_tells_is_gone_on_with(
    client: NomadClient, manager: Any, file: Path
) -> None:
    """Parts alone, and no list of uploads to ask: the file arrives all the same."""
    manager.upload = lambda made=manager.upload: made()["parts"]
    done = await client.resume_upload("u", file, asset_id="a")
    assert (done.asset_id, done.bytes) == ("a", file.stat().st_size)
    assert (await client.resume_upload("u", file)).asset_id == ""


async def test_the_queue_is_seen_by_adding_nothing_to_it(client: NomadClient, manager: Any) -> None:
    """400 says that we are let in; where there is no queue, there is no asset manager."""
    manager.plain["/asset-queue"] = manager.answer(400, {"title": "No asset IDs provided"})
    await client.check_queue()
    del manager.plain["/asset-queue"]
    with pytest.raises(errors.NotFound):
        await client.check_queue()
