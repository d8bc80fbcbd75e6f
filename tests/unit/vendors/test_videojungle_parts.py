"""Video Jungle's words: in both spellings, and its ways to say no."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from polyreel.vendors import errors
from polyreel.vendors.videojungle.client import VideoJungleClient, read_error
from polyreel.vendors.videojungle.models import Asset, Generation, NewAsset, NewVideoFile, Script, Search

PAGE_ASSET = {
    "asset_path": None,
    "id": "07f0af3e",
    "created_at": "2024-05-29T17:53:31.542046",
    "key": "756a7f80",
    "project_id": "9c5e9ddd",
    "keyname": "ca8e8db3",
    "asset_type": "generated_video",
    "status": "uploaded",
    "uploaded": True,
    "project": {
        "data": "",
        "name": "horoscope",
        "id": "9c5e9ddd",
        "description": None,
        "created_at": "",
        "owner_id": "6",
    },
}


def test_the_page_s_sample_is_read_whole() -> None:
    """Every field, with nulls as absent."""
    asset = Asset.model_validate(PAGE_ASSET)
    assert (asset.key, asset.keyname, asset.asset_type, asset.uploaded) == (
        "756a7f80",
        "ca8e8db3",
        "generated_video",
        True,
    )
    assert asset.project is not None
    assert asset.project.name == "horoscope"


@pytest.mark.parametrize(
    "told",
    [
        {"id": "a", "upload_url": {"url": "/assets/a/upload", "method": "POST"}},
        {"id": "a", "upload_url": "/assets/a/upload"},
        {"asset": {"id": "a", "keyname": "film.mp4"}, "upload_url": "/assets/a/upload"},
        {"asset": {"id": "a", "upload_url": {"url": "/assets/a/upload"}}},
    ],
)
def test_an_upload_address_is_found_bare_or_wrapped(told: dict[str, Any]) -> None:
    """The published client takes it out of an object."""
    assert NewAsset.model_validate(told).upload_url == "/assets/a/upload"


@pytest.mark.parametrize(
    "told",
    [
        {"video": {"id": "v"}, "url": "https://s3/b", "fields": {"key": "k"}},
        {"id": "v", "upload_url": {"url": "https://s3/b", "fields": {"key": "k"}}},
    ],
)
def test_a_direct_upload_s_form_is_found_where_it_stands(told: dict[str, Any]) -> None:
    """Beside the video, or in an object of its own."""
    made = NewVideoFile.model_validate(told)
    assert (made.video.id, made.url, made.fields) == ("v", "https://s3/b", {"key": "k"})


def test_the_vendor_s_ways_to_say_no_are_read() -> None:
    """An error of its own, or a framework's validation."""
    own = read_error(404, {"type": "not_found", "message": "Asset not found", "documentation_url": "https://x"})
    assert (own.message, own.code) == ("Asset not found", "not_found")
    detail = [{"loc": ["query", "limit"], "msg": "must be positive", "type": "value_error"}, "odd"]
    assert read_error(422, {"detail": detail}).message == "limit: must be positive; odd"
    assert read_error(500, None).message == ""


async def test_the_key_goes_to_the_vendor_and_not_to_the_storage(
    peer: Any, stranger: Any, make_answer: Any, tmp_path: Path
) -> None:
    """Neither with an upload nor with a download; nor is a content type sent, which the signature would cover."""
    file = tmp_path / "film.mp4"
    file.write_bytes(b"film")
    peer.will(make_answer(200, {"id": "a", "download_url": f"{stranger.url}/film?Signature=abc"}))
    stranger.will(make_answer(200, b"film"))
    async with VideoJungleClient("the-api-key", base_url=peer.url) as client:
        generation = Generation(url=f"{stranger.url}/up?Signature=abc", asset_id="a")
        await client.upload_generated(generation, file)
        await client.download_asset("a", tmp_path / "back.mp4")
    assert peer.seen[0].headers["x-api-key"] == "the-api-key"
    assert all("x-api-key" not in seen.headers for seen in stranger.seen)
    assert stranger.seen[0].method == "PUT"
    assert stranger.seen[0].body == b"film"
    assert "content-type" not in stranger.seen[0].headers


async def test_generating_is_not_repeated_by_itself(peer: Any, make_answer: Any) -> None:
    """A lost answer may have made an asset."""
    peer.will(make_answer(502, b""))
    async with VideoJungleClient("the-api-key", base_url=peer.url) as client:
        with pytest.raises(errors.ServerError) as caught:
            await client.generate("p", "s", {"sign": "aries", "seed": 42}, q="x")
    assert len(peer.seen) == 1
    assert not caught.value.safe_to_repeat
    assert peer.seen[0].target == "/projects/p/s/generate?sign=aries&seed=42&q=x"


async def test_a_malformed_answer_is_said_to_be_one(peer: Any, make_answer: Any) -> None:
    """A check that checks nothing, a list that is none."""
    async with VideoJungleClient("the-api-key", base_url=peer.url) as client:
        peer.will(make_answer(200, {"status": "fine"}))
        with pytest.raises(errors.Malformed):
            await client.check_asset("a")
        with pytest.raises(errors.Malformed):
            await client.list_assets("p")


async def test_hits_and_faults_of_another_shape_are_our_errors(peer: Any, make_answer: Any) -> None:
    """Whatever the vendor answers, our caller sees our errors."""
    async with VideoJungleClient("key-1234", base_url=peer.url) as client:
        peer.will(make_answer(200, ["a hit"]))
        with pytest.raises(errors.Malformed):
            await client.search(Search(query="sea"))
        peer.will(make_answer(422, {"detail": [{"loc": None, "msg": "no"}]}))
        with pytest.raises(errors.Invalid, match="no"):
            await client.search(Search(query="sea"))


@pytest.mark.parametrize("told", [{"status": "ok"}, b"", {"video": {"id": "v", "name": "reel"}}])
async def test_an_upload_is_answered_in_any_way(peer: Any, make_answer: Any, tmp_path: Path, told: Any) -> None:
    """No page says how: the file is there by then, so what the answer leaves out is asked for."""
    file = tmp_path / "film.mp4"
    file.write_bytes(b"film")
    peer.will(make_answer(200, told), make_answer(200, {"id": "v", "name": "reel", "analysis": {"status": "queued"}}))
    async with VideoJungleClient("the-api-key", base_url=peer.url) as client:
        assert (await client.upload_video("v", file)).name == "reel"


@pytest.mark.parametrize("told", [{"status": "ok"}, b"", {"asset": {"id": "a", "keyname": "film.mp4"}}])
async def test_an_asset_s_upload_is_answered_in_any_way(peer: Any, make_answer: Any, tmp_path: Path, told: Any) -> None:
    """By the vendor's own path as by a storage."""
    file = tmp_path / "film.mp4"
    file.write_bytes(b"film")
    peer.will(make_answer(200, told), make_answer(200, {"id": "a", "keyname": "film.mp4"}))
    created = NewAsset.model_validate({"id": "a", "upload_url": "/projects/p/asset/a/upload"})
    async with VideoJungleClient("the-api-key", base_url=peer.url) as client:
        assert (await client.upload_asset(created, file)).keyname == "film.mp4"


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A file to upload."""
    file = tmp_path / "film.mp4"
    file.write_bytes(b"film")
    return file


async def test_a_path_of_the_api_that_is_told_as_a_whole_address_gets_the_key_once_it_asks(
    peer: Any, make_answer: Any, film: Path
) -> None:
    """At first without: a storage at the same origin would refuse it."""
    peer.will(make_answer(401, {"message": "no key"}), make_answer(200, {"id": "a", "keyname": "film.mp4"}))
    created = NewAsset.model_validate({"id": "a", "upload_url": {"url": f"{peer.url}/assets/a/upload", "fields": {}}})
    async with VideoJungleClient("the-api-key", base_url=peer.url) as client:
        assert (await client.upload_asset(created, film)).id == "a"
    assert [seen.headers.get("x-api-key") for seen in peer.seen] == [None, "the-api-key"]
    assert all(b"film" in seen.body for seen in peer.seen)


@pytest.mark.parametrize("query", ["X-Amz-Signature=1", "Signature=1&Expires=2", "sig=1"])
async def test_a_signed_address_at_the_apis_own_origin_gets_no_key_after_a_401(
    peer: Any, make_answer: Any, film: Path, query: str
) -> None:
    peer.will(make_answer(401, {"message": "no"}))
    created = NewAsset.model_validate({"id": "a", "upload_url": f"{peer.url}/assets/a/upload?{query}"})
    async with VideoJungleClient("the-api-key", base_url=peer.url) as client:
        with pytest.raises(errors.LinkExpired):
            await client.upload_asset(created, film)
    assert [seen.headers.get("x-api-key") for seen in peer.seen] == [None]


async def test_a_signed_form_at_the_apis_own_origin_gets_no_key_after_a_401(
    peer: Any, make_answer: Any, film: Path
) -> None:
    """Its permission stands in its fields."""
    peer.will(make_answer(401, {"message": "no"}))
    form = {"url": f"{peer.url}/storage", "fields": {"policy": "p", "x-amz-signature": "s"}}
    created = NewAsset.model_validate({"id": "a", "upload_url": form})
    async with VideoJungleClient("the-api-key", base_url=peer.url) as client:
        with pytest.raises(errors.LinkExpired):
            await client.upload_asset(created, film)
    assert [seen.headers.get("x-api-key") for seen in peer.seen] == [None]


async def test_a_foreign_address_gets_no_key_whatever_it_answers(
    peer: Any, stranger: Any, make_answer: Any, film: Path
) -> None:
    """Another port is another origin; so is where the API's own address redirects to."""
    stranger.will(make_answer(401, {"message": "no key"}))
    peer.will(make_answer(303, b"", location=f"{stranger.url}/elsewhere"))
    async with VideoJungleClient("the-api-key", base_url=peer.url) as client:
        for at in (f"{stranger.url}/assets/a/upload", f"{peer.url}/assets/a/upload"):
            with pytest.raises(errors.CallError):
                await client.upload_asset(NewAsset.model_validate({"id": "a", "upload_url": at}), film)
    assert len(stranger.seen) >= 2
    assert all("x-api-key" not in seen.headers and "the-api-key" not in str(seen.headers) for seen in stranger.seen)


def test_what_may_be_a_list_may_stand_alone() -> None:
    """A script's inputs go out as an object, and may come back as one."""
    assert Script.model_validate({"id": "s", "inputs": {"sign": "text"}}).inputs == ({"sign": "text"},)
    assert Script.model_validate({"id": "s", "inputs": ["sign"]}).inputs == ("sign",)
