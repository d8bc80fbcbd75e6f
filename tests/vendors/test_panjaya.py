"""Panjaya, endpoint by endpoint, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from polyreel.vendors import errors
from polyreel.vendors.panjaya.client import PanjayaClient
from polyreel.vendors.panjaya.models import AddLanguages, Asset, AssetOptions, CreateAsset, Version, VersionStatus
from polyreel.vendors.panjaya.problems import asset_failed
from tests.vendors.elsewhere import skip_there
from tests.vendors.lists import wait_until_listed
from tests.vendors.plain import post_plainly

Url = Callable[[str], str]
PATIENCE = 60.0
SRT = "1\n00:00:00,200 --> 00:00:02,000\nBonjour à tous.\n"


def _request(url: str, **more: object) -> CreateAsset:
    return CreateAsset.model_validate(
        {"media_url": url, "locale": "en-US", "languages": [{"locale": "fr-FR", "srt": SRT}], **more}
    )


async def _until(look: Callable[[], Awaitable[object]], done: Callable[[object], bool]) -> object:
    """Look again and again until it is as wanted, or patience ends; then what it is."""
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE
    seen = await look()
    while not done(seen) and loop.time() < end:
        await asyncio.sleep(0.1)
        seen = await look()
    return seen


async def _version(panjaya: PanjayaClient, asset: Asset, locale: str = "fr-FR") -> Version:
    async def listed() -> object:
        return (await panjaya.get_asset(asset.asset_id)).dubs_of(locale)

    versions = await _until(listed, bool)
    assert isinstance(versions, list), f"no version for {locale}"
    return versions[0]


async def _generated(panjaya: PanjayaClient, asset: Asset, locale: str = "fr-FR") -> Version:
    first = await _version(panjaya, asset, locale)
    ends = (VersionStatus.COMPLETED, VersionStatus.FAILED)

    async def look() -> object:
        return await panjaya.get_version(first.version_id)

    version = await _until(look, lambda seen: isinstance(seen, Version) and seen.status in ends)
    assert isinstance(version, Version)
    if version.status is VersionStatus.READY_TO_EDIT:
        skip_there("this server waits for a person in the studio")
    assert version.status is VersionStatus.COMPLETED
    return version


async def _failed(panjaya: PanjayaClient, asset: Asset) -> Asset:
    async def look() -> object:
        return await panjaya.get_asset(asset.asset_id)

    seen = await _until(look, lambda seen: isinstance(seen, Asset) and seen.failed)
    assert isinstance(seen, Asset)
    assert seen.failed
    return seen


async def test_a_created_asset_is_dubbed_and_its_video_fetched(
    panjaya: PanjayaClient, media_url: Url, tmp_path: Path
) -> None:
    """Create by URL with every documented option, wait, download: a real video comes back."""
    asset = await panjaya.create_asset(
        _request(
            media_url("film.mp4"),
            speakers_count=1,
            start_time=0.5,
            end_time=2.5,
            lips_model="real_face_turbo",
            voice_anonymization=0.25,
            background_url=media_url("sound.wav"),
        )
    )
    version = await _generated(panjaya, asset)
    assert version.result_url
    result = await panjaya.download_result(version.version_id, tmp_path / "dub.mp4")
    assert result.bytes > 1000
    assert b"ftyp" in result.path.read_bytes()[:64]


async def test_an_upload_streams_video_and_background(
    panjaya: PanjayaClient, media_folder: Path, film: Path, tmp_path: Path
) -> None:
    """Multipart `request`, `video`, `background`; progress ends at the whole length."""
    told: list[tuple[int, int]] = []
    options = AssetOptions.model_validate({"locale": "en-US", "languages": [{"locale": "de-DE"}]})
    asset = await panjaya.upload_asset(
        options, film, media_folder / "sound.wav", tell=lambda done, total: told.append((done, total))
    )
    assert told[-1][0] == told[-1][1] > film.stat().st_size
    version = await _generated(panjaya, asset, "de-DE")
    assert (await panjaya.download_result(version.version_id, tmp_path / "dub.mp4")).bytes > 1000


async def test_languages_are_added_to_an_asset(panjaya: PanjayaClient, media_url: Url) -> None:
    """Each becomes a dubbing with a version of its own."""
    asset = await panjaya.create_asset(_request(media_url("film.mp4")))
    await panjaya.add_languages(
        asset.asset_id,
        AddLanguages.model_validate({"languages": [{"locale": "es-MX", "srt": SRT}, {"locale": "ja-JP"}]}),
    )
    known = await panjaya.get_asset(asset.asset_id)
    assert {"fr-FR", "es-MX", "ja-JP"} <= known.locales()
    assert (await _version(panjaya, asset, "ja-JP")).version_id


async def test_assets_are_listed_once_each_page_after_page(panjaya: PanjayaClient, media_url: Url) -> None:
    """Also those beyond the first page."""
    made = {(await panjaya.create_asset(_request(media_url("film.mp4")))).asset_id for _ in range(25)}

    async def look() -> list[str]:
        return [asset.asset_id async for asset in panjaya.get_assets()]

    listed = await wait_until_listed(look, made)
    assert len(listed) == len(set(listed))


async def test_a_lost_asset_is_found_by_what_it_is(panjaya: PanjayaClient, media_url: Url) -> None:
    """There is no name or key: an asset is found again by its languages and times."""
    request = _request(media_url("film.mp4"), languages=[{"locale": "fi-FI"}, {"locale": "el-GR"}])
    asset = await panjaya.create_asset(request)

    async def look() -> list[str]:
        found = await panjaya.find_assets(lambda seen: seen.locales() == {"fi-FI", "el-GR"})
        return [each.asset_id for each in found]

    assert await wait_until_listed(look, {asset.asset_id})


async def test_a_revised_version_is_ready_to_edit_and_its_video_is_gone(panjaya: PanjayaClient, media_url: Url) -> None:
    """For good: fetch it first."""
    version = await _generated(panjaya, await panjaya.create_asset(_request(media_url("film.mp4"))))
    await panjaya.revise_version(version.version_id)
    revised = await panjaya.get_version(version.version_id)
    assert revised.status is VersionStatus.READY_TO_EDIT
    assert not revised.result_url
    with pytest.raises(errors.JobFailed, match="no result"):
        await panjaya.download_result(version.version_id, Path("never.mp4"))


@pytest.mark.parametrize(
    ("file", "trim", "code"),
    [
        ("film.mp4", {"start_time": 1.0, "end_time": 600.0}, "time_out_of_range"),
        ("mute.mp4", {}, "missing_audio_track"),
        ("nonsense.mp4", {}, "unsupported_media"),
        ("sound.wav", {}, "unsupported_media"),
        ("silent.mp4", {}, "empty_transcript"),
    ],
)
async def test_trouble_with_the_media_comes_later_and_typed(
    panjaya: PanjayaClient, media_url: Url, file: str, trim: dict[str, float], code: str
) -> None:
    """The asset is taken and then `Failed`, with one of the documented codes."""
    asset = await panjaya.create_asset(_request(media_url(file), **trim))
    error = asset_failed(await _failed(panjaya, asset))
    assert error.code == code
    assert error.remedy


async def test_a_missing_file_fails_the_asset(panjaya: PanjayaClient, media_url: Url) -> None:
    """A 404 at the source's address."""
    asset = await panjaya.create_asset(_request(media_url("no-such-film.mp4")))
    assert asset_failed(await _failed(panjaya, asset)).message


async def test_what_does_not_exist_is_not_found(panjaya: PanjayaClient) -> None:
    """Assets and versions alike."""
    nowhere = "00000000-0000-4000-8000-000000000000"
    add = AddLanguages.model_validate({"languages": [{"locale": "fr-FR"}]})
    for call in (
        panjaya.get_asset(nowhere),
        panjaya.get_version(nowhere),
        panjaya.revise_version(nowhere),
        panjaya.add_languages(nowhere, add),
    ):
        with pytest.raises(errors.NotFound) as caught:
            await call
        assert caught.value.status == 404


async def test_a_wrong_key_is_unauthorized(vendor_url: str) -> None:
    """And the key is not in the error."""
    async with PanjayaClient("wrong-key-12345", base_url=f"{vendor_url}/panjaya") as stranger:
        with pytest.raises(errors.Unauthorized) as caught:
            await anext(stranger.get_assets())
    assert "wrong-key-12345" not in str(caught.value) + repr(caught.value.facts)


async def test_the_slash_of_the_collection_matters_to_nobody(panjaya: PanjayaClient, vendor_url: str) -> None:
    """Without it the vendor redirects, and the key follows within its own origin."""
    from polyreel.vendors.calls import Call

    reply = await panjaya.transport.fetch_reply(Call("get assets", "GET", "/v1/assets"))
    assert reply.status == 200


async def test_what_the_page_rules_out_is_refused_by_the_vendor(vendor_url: str) -> None:
    """Our models never send it; what the vendor says to it is `{"detail": ...}` with a 4xx."""
    headers = {"Authorization": "Bearer panjaya-sandbox"}
    base = {"media_url": "http://127.0.0.1:9/x.mp4", "locale": "en-US", "languages": [{"locale": "fr-FR"}]}
    at = f"{vendor_url}/panjaya/v1/assets/"
    for wrong in ({"voice_anonymization": 2}, {"languages": [{"locale": "he-IL"}]}, {"locale": 5}):
        response = await asyncio.to_thread(post_plainly, at, {**base, **wrong}, headers)
        assert response.status_code in (400, 422)
        assert "detail" in response.json()


async def test_callbacks_tell_what_happens(panjaya: PanjayaClient, media_url: Url) -> None:
    """Each is a signed POST with the asset's id and a documented event."""
    from polyreel.vendors.panjaya.models import Callback, CallbackEvent

    inbox: list[tuple[dict[str, str], bytes]] = []

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")[1:]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head)}
        inbox.append((headers, await reader.readexactly(int(headers["content-length"]))))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(receive, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/callback"
    asset = await panjaya.create_asset(_request(media_url("film.mp4"), callback_url=address))
    await _generated(panjaya, asset)

    def finished() -> bool:
        return any(Callback.model_validate_json(body).event is CallbackEvent.VERSION_GENERATED for _, body in inbox)

    async def look() -> object:
        return finished()

    assert await _until(look, bool)
    server.close()
    for headers, body in inbox:
        callback = Callback.model_validate_json(body)
        assert callback.asset_id == asset.asset_id
        assert callback.event is not CallbackEvent.UNKNOWN
        assert headers["x-signature"]
        assert callback.version_id
