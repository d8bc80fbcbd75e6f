"""What only one library has: two-letter codes, covers and protection; related assets, marks, ad breaks, archive."""

from __future__ import annotations

import hashlib
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest

from polyreel.delivery.places import make_delivery
from polyreel.delivery.tpstreams_tracks import choose_codes
from polyreel.errors import InvalidJob, MediaError, VendorError
from polyreel.job import NomadDelivery, TPStreamsDelivery
from polyreel.media.still import take_still
from polyreel.outcome import StoredFile
from polyreel.vendors.errors import Invalid
from polyreel.vendors.nomad.models_words import AdBreakDraft, SubtitleFormat
from polyreel.vendors.nomad.statuses import AssetStatus
from polyreel.vendors.waiting import Patience, wait_for
from tasks.deliver import deliver_with_patience

SOON = Patience(first=0.1, cap=0.5, total=60)


def test_of_two_locales_with_one_code_the_film_s_own_goes_first() -> None:
    """Then the job's order; the note says what stays out, and what has no code at all."""
    texts = {"pt-BR": b"", "es-ES": b"", "pt-PT": b"", "fil-PH": b""}
    chosen, notes = choose_codes(texts, "pt-PT")
    assert chosen == {"pt": "pt-PT", "es": "es-ES"}
    assert any("pt-BR" in note for note in notes)
    assert any("fil-PH" in note for note in notes)
    assert choose_codes(texts, "es-ES")[0] == {"es": "es-ES", "pt": "pt-BR"}


async def test_every_film_at_tpstreams_has_every_language_s_subtitles_and_a_cover(
    clients: Any, access: Any, make_parcel: Any
) -> None:
    """Protected as asked; a repeat leaves one track per code, with the newest words."""
    options = TPStreamsDelivery(to="tpstreams", credentials="x", folder=None, resolutions=("240p",), protection="aes")
    async with clients("tpstreams") as client:
        for words in ("Um", "Um", "Dois"):
            parcel = make_parcel("pt-BR", "pt-PT", words=words)
            done = await make_delivery(options, access(client, "tpstreams")).deliver(parcel)
        assert len(done.notes) == 2
        for locale in ("pt-BR", "pt-PT"):
            asset = await client.get_asset(done.ids[locale])
            assert asset.video.content_protection_type == "aes"
            assert asset.video.cover_thumbnail_url
            assert "?" not in done.urls[locale]
            (track,) = [each for each in await client.list_subtitles(asset.id) if each.language]
            assert track.language == "pt"
            assert track.id == done.ids[f"{locale}.pt.vtt"]


def _film_noise(out: Path) -> Path:
    """Two seconds of a tall picture of nothing but noise, which no JPEG makes small."""
    noise = "geq=lum='random(1)*255':cb='random(2)*255':cr='random(3)*255'"
    still = f"nullsrc=s=1280x2560:r=25:d=0.04,{noise},loop=49:1:0,setpts=N/25/TB"
    coded = ["-c:v", "libx264", "-qp", "12", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest"]
    tone = ["-f", "lavfi", "-i", "sine=frequency=330:duration=2"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", still, *tone]
    subprocess.run([*command, *coded, str(out)], check=True, timeout=120)
    return out


async def test_a_film_whose_picture_is_too_large_for_a_cover_has_a_coarser_one(
    clients: Any, access: Any, make_parcel: Any, tmp_path: Path
) -> None:
    """TPStreams takes less than 2 MB: the language failed by it."""
    film = _film_noise(tmp_path / "noise.mp4")
    with pytest.raises(MediaError, match="no picture of it"):
        await take_still(film, 0.3, tmp_path / "still.jpg", most_bytes=1000)
    content = film.read_bytes()
    stored = StoredFile(uri=film.as_uri(), sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
    parcel = make_parcel("es-ES")
    items = tuple(
        each.model_copy(update={"stored_file": stored}) if each.role == "video" else each for each in parcel.items
    )
    options = TPStreamsDelivery(to="tpstreams", credentials="x", resolutions=("240p",), protection="none")
    async with clients("tpstreams") as client:
        changed = parcel.model_copy(update={"items": items})
        done = await make_delivery(options, access(client, "tpstreams")).deliver(changed)
        asset = await client.get_asset(done.ids["es-ES"])
    assert not done.notes
    assert "cover_" in asset.video.cover_thumbnail_url


async def test_a_cover_that_is_refused_is_left_out_with_a_note(
    clients: Any, access: Any, make_parcel: Any, arm: Any
) -> None:
    await arm(kind="status", status=400, vendor="tpstreams", method="POST", path="*/upload_thumbnail/")
    options = TPStreamsDelivery(to="tpstreams", credentials="x", resolutions=("240p",), protection="none")
    async with clients("tpstreams") as client:
        done = await make_delivery(options, access(client, "tpstreams")).deliver(make_parcel("es-ES"))
    assert "es-ES" in done.ids
    assert any("TPStreams' own cover" in note for note in done.notes)


async def _source(client: Any, film: Any) -> str:
    return str((await client.wait_until_usable((await client.upload(film)).asset_id, SOON)).id)


async def test_dubs_hang_on_the_source_s_asset_where_no_folder_is_asked_for(
    clients: Any, access: Any, make_parcel: Any, films: Any
) -> None:
    """Films and subtitles as related assets, each once, replaced in place."""
    async with clients("nomad") as client:
        source = await _source(client, films(9))
        options = NomadDelivery(to="nomad", credentials="x")
        for words in ("Hola", "Hola", "Adiós"):
            parcel = make_parcel("es-ES", words=words, source_media=f"nomad:{source}")
            done = await make_delivery(options, access(client, "nomad")).deliver(parcel)
        related = {each.id: each for each in (await client.get_detail(source)).related_assets}
        assert set(done.ids.values()) == set(related)
        assert {each.language for each in related.values()} == {"es-ES"}
        assert related[done.ids["es-ES"]].kind == "Dub"
        assert related[done.ids["es-ES.vtt"]].kind == "Subtitle"


async def test_words_hang_on_a_film_and_never_take_its_place(
    clients: Any, access: Any, make_parcel: Any, films: Any
) -> None:
    """Also at a server to which `existingAssetId` is what is replaced, as it is where other uploads begin."""
    async with clients("nomad") as client:
        source = await _source(client, films(9))
        size = (await client.get_detail(source)).size
        parcel = make_parcel("es-ES", source_media=f"nomad:{source}")
        done = await make_delivery(NomadDelivery(to="nomad", credentials="x"), access(client, "nomad")).deliver(parcel)
        assert (await client.wait_until_usable(source, SOON)).id == source
        detail = await client.get_detail(source)
        assert detail.size == size
        assert {done.ids["es-ES.vtt"], done.ids["es-ES.srt"]} <= {each.id for each in detail.related_assets}


async def test_words_that_were_replaced_are_there_again_where_a_job_goes_back_to_them(
    clients: Any, access: Any, make_parcel: Any
) -> None:
    """A related asset's receipt is no sign of its content: other words have taken its place since."""
    said = []
    async with clients("nomad") as client:
        for words in ("Hola", "Adiós", "Hola"):
            parcel = make_parcel("es-ES", words=words)
            options = NomadDelivery(to="nomad", credentials="x", path=f"Back/{parcel.name}")
            done = await make_delivery(options, access(client, "nomad")).deliver(parcel)

            async def export(ids: dict[str, str] = done.ids) -> bytes:
                with suppress(Invalid):
                    return bytes(await client.export_subtitle(ids["es-ES"], ids["es-ES.srt"], SubtitleFormat.SRT))
                return b""

            said.append(await wait_for(export, bool, "words that are processed", SOON))
    assert [words in text.decode() for words, text in zip(("Hola", "Adiós", "Hola"), said, strict=True)] == [True] * 3


async def test_texts_go_up_once_also_where_the_library_tells_the_owner_s_id_for_them(
    clients: Any, access: Any, make_parcel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No page says whose id the start of a related upload tells: a repeat must not send the text again."""
    async with clients("nomad") as client:
        start, begun = client.start_related_upload, []

        async def tell_owner(request: Any) -> Any:
            begun.append(request.relative_path)
            return (await start(request)).model_copy(update={"asset_id": request.parent_asset_id})

        monkeypatch.setattr(client, "start_related_upload", tell_owner)
        options = NomadDelivery(to="nomad", credentials="x", path="Owners")
        for _ in range(2):
            await make_delivery(options, access(client, "nomad")).deliver(make_parcel("es-ES"))
        assert begun
        assert len(begun) == len(set(begun))


async def test_a_dub_in_a_folder_carries_what_is_known_of_it(
    clients: Any, access: Any, make_parcel: Any, films: Any
) -> None:
    """Failed checks as annotations, ad breaks moved with the trim, the source archived; twice is as once."""
    async with clients("nomad") as client:
        source = await _source(client, films(9))
        for timecode in ("00:00:00;10", "00:00:01;15", "00:00:59;00"):
            await client.create_ad_break(source, AdBreakDraft(timecode=timecode))
        options = NomadDelivery(to="nomad", credentials="x", path="Marks", tags=("dubbed",), archive_source=True)
        for _ in range(2):
            parcel = make_parcel("es-ES", source_media=f"nomad:{source}", start="1")
            done = await make_delivery(options, access(client, "nomad")).deliver(parcel)
        dub = done.ids["es-ES"]
        (note,) = await client.list_annotations(dub)
        assert note.properties["title"] == "Check failed: fit"
        assert [each.timecode for each in await client.list_ad_breaks(dub)] == ["00:00:00;15"]
        assert any("ad breaks" in each for each in done.notes)

        async def look() -> Any:
            return await client.get_asset(source)

        await wait_for(look, lambda seen: seen.status is AssetStatus.ARCHIVED, "archived", SOON)


@pytest.mark.parametrize(
    ("path", "status", "tries"),
    [
        ("*/transcript/*", 503, 1), ("*/annotation", 503, 2), ("*/AddTag", 503, 2), ("*/adbreak", 503, 2),
        ("*/archive", 503, 2), ("*/annotation", 429, 1), ("*/archive", 429, 1),
    ],
)  # fmt: skip
async def test_what_is_refused_for_a_moment_is_asked_for_again_and_not_only_noted(
    clients: Any, access: Any, make_parcel: Any, films: Any, arm: Any, path: str, status: int, tries: int
) -> None:
    """The call is repeated by the client where it is harmless (too many calls always are), else with the delivery."""
    tried = 0
    async with clients("nomad") as client:
        source = await _source(client, films(8))
        await client.create_ad_break(source, AdBreakDraft(timecode="00:00:01;15"))
        options = NomadDelivery(to="nomad", credentials="x", path="Marks", tags=("dubbed",), archive_source=True)
        parcel = make_parcel("es-ES", source_media=f"nomad:{source}")

        async def bring() -> Any:
            nonlocal tried
            tried += 1
            return await make_delivery(options, access(client, "nomad")).deliver(parcel)

        await arm(kind="status", status=status, retry_after="1", vendor="nomad", method="POST", path=path)
        done = await deliver_with_patience(bring, (0.0, 0.0))
        assert tried == tries
        assert not [each for each in done.notes if "refused" in each or "not archived" in each]
        dub = done.ids["es-ES"]
        assert [each.properties["title"] for each in await client.list_annotations(dub)] == ["Check failed: fit"]
        assert [each.timecode for each in await client.list_ad_breaks(dub)] == ["00:00:01;15"]


async def test_an_owner_that_isn_t_is_refused_before_anything_is_sent(
    clients: Any, access: Any, make_parcel: Any
) -> None:
    """The id is named."""
    options = NomadDelivery(to="nomad", credentials="x", related_to="00000000-0000-4000-8000-000000000000")
    async with clients("nomad") as client:
        with pytest.raises(InvalidJob, match="no asset"):
            await make_delivery(options, access(client, "nomad")).deliver(make_parcel("es-ES"))


async def test_an_asset_that_the_library_could_not_process_is_made_anew(
    clients: Any, access: Any, make_parcel: Any, arm: Any
) -> None:
    """Said at once, and sent once more by the next run; nothing unusable stays behind."""
    options = NomadDelivery(to="nomad", credentials="x", path="Broken")
    parcel = make_parcel("es-ES")
    async with clients("nomad") as client:
        await arm(kind="job_fails", vendor="nomad", path="process")
        with pytest.raises(VendorError) as caught:
            await make_delivery(options, access(client, "nomad")).deliver(parcel)
        assert caught.value.code == "asset_unusable"
        done = await make_delivery(options, access(client, "nomad")).deliver(parcel)
        (folder,) = [each.id for each in await client.list_children("root") if each.name == "Broken"]
        assert [each.id for each in await client.list_children(folder)] == [done.ids["es-ES"]]
        assert (await client.get_asset(done.ids["es-ES"])).usable
