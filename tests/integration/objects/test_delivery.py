"""Delivery into an object store: laid out as a folder is, the manifest last, and what broke off is completed."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polyreel.delivery.objects import ObjectsDelivery, is_proven
from polyreel.delivery.port import Access, Item, Parcel
from polyreel.errors import DeliveryError
from polyreel.job import S3Delivery
from polyreel.objects.bucket import PIECE, Bucket, ObjectFacts
from polyreel.objects.connection import Connection
from polyreel.outcome import StoredFile

Made = Callable[..., Parcel]


@pytest.fixture
def make_parcel(tmp_path: Path) -> Made:
    """A parcel of these paths, each holding ``content`` and its own path."""

    def make(*paths: str, content: bytes = b"film ", large: str = "") -> Parcel:
        items = []
        for number, path in enumerate(paths):
            file = tmp_path / f"{hashlib.sha256(content + path.encode()).hexdigest()[:8]}-{number}"
            file.write_bytes(content + path.encode() + (bytes(PIECE * 2) if path == large else b""))
            whole = file.read_bytes()
            stored = StoredFile(uri=file.as_uri(), sha256=hashlib.sha256(whole).hexdigest(), bytes=len(whole))
            items.append(Item(path=path, stored_file=stored, role="video", locale="es-ES"))
        return Parcel(name="welcome", items=tuple(items))

    return make


def _delivery(bucket: Any) -> ObjectsDelivery:
    return ObjectsDelivery(S3Delivery(to="s3", path=bucket.url("dubs")), Access())


def _no_puts_of(name: str) -> Callable[[Any], tuple[str, str] | None]:
    refused = "403 Forbidden", "AccessDenied"
    return lambda asked: refused if asked.method == "PUT" and asked.path.endswith(name) else None


async def test_a_parcel_is_laid_out_as_in_a_folder_and_the_manifest_comes_last(
    bucket: Any, s3: Any, make_parcel: Made
) -> None:
    """Large files in parts; every object proven by its hash; the journal is gone."""
    parcel = make_parcel("es-ES/welcome.es-ES.mp4", "report.html", large="es-ES/welcome.es-ES.mp4")
    told: list[float] = []
    done = await _delivery(bucket).deliver(parcel, told.append)
    assert bucket.keys() == [
        "dubs/welcome/es-ES/welcome.es-ES.mp4",
        "dubs/welcome/manifest.json",
        "dubs/welcome/report.html",
    ]
    assert done.location == bucket.url("dubs/welcome")
    assert not done.notes
    assert told[-1] == 1
    manifest = json.loads(bucket.get("dubs/welcome/manifest.json"))
    assert {each["path"]: each["sha256"] for each in manifest["files"]} == {
        item.path: item.stored_file.sha256 for item in parcel.items
    }
    puts = [asked.path for asked in s3.asked if asked.method == "PUT"]
    assert puts[-1].endswith("manifest.json")


async def test_a_repeat_puts_nothing(bucket: Any, s3: Any, make_parcel: Made) -> None:
    """Everything is kept."""
    parcel = make_parcel("a.mp4", "b.mp4")
    await _delivery(bucket).deliver(parcel)
    s3.asked.clear()
    done = await _delivery(bucket).deliver(parcel)
    assert (done.written, set(done.kept)) == ((), {"a.mp4", "b.mp4"})
    assert not {"PUT", "POST", "DELETE"} & set(s3.methods())


async def test_new_content_replaces_and_what_is_no_longer_wanted_goes(bucket: Any, make_parcel: Made) -> None:
    """The manifest says so afterwards."""
    await _delivery(bucket).deliver(make_parcel("a.mp4", "b.mp4"))
    done = await _delivery(bucket).deliver(make_parcel("a.mp4", content=b"other"))
    assert (done.written, done.removed) == (("a.mp4",), ("b.mp4",))
    assert bucket.keys() == ["dubs/welcome/a.mp4", "dubs/welcome/manifest.json"]
    assert bucket.get("dubs/welcome/a.mp4") == b"othera.mp4"


@pytest.mark.parametrize("correction", [b"corrected by hand", b"fILM a.srt"], ids=["longer", "as-long"])
async def test_a_corrected_script_is_kept_beside_and_the_run_says_so(
    bucket: Any, make_parcel: Made, correction: bytes
) -> None:
    """Delivered again with other content; a third time nothing is left to keep."""
    await _delivery(bucket).deliver(make_parcel("a.srt", "b.mp4"))
    bucket.put("dubs/welcome/a.srt", correction)
    done = await _delivery(bucket).deliver(make_parcel("a.srt", "b.mp4", content=b"other "))
    assert bucket.get("dubs/welcome/a.corrected.srt") == correction
    assert bucket.get("dubs/welcome/a.srt") == b"other a.srt"
    assert [note for note in done.notes if "a.corrected.srt" in note and "es-ES" in note]
    again = await _delivery(bucket).deliver(make_parcel("a.srt", "b.mp4", content=b"third "))
    assert not [note for note in again.notes if "corrected" in note]
    assert bucket.get("dubs/welcome/a.corrected.srt") == correction


@pytest.mark.parametrize("is_stated", [True, False], ids=["etag", "age"])
async def test_a_film_that_was_corrected_to_the_same_length_is_kept_beside(
    bucket: Any, make_parcel: Made, is_stated: bool
) -> None:
    """By the store's ETag, also within the second that it was delivered in; by its age under an older manifest."""
    large = "es-ES/a.mp4"
    await _delivery(bucket).deliver(make_parcel(large, large=large))
    done = await _delivery(bucket).deliver(make_parcel(large, content=b"FILM ", large=large))
    assert not done.notes
    if not is_stated:
        manifest = json.loads(bucket.get("dubs/welcome/manifest.json"))
        assert manifest.pop("etags").keys() == {large}
        bucket.put("dubs/welcome/manifest.json", json.dumps(manifest).encode())
        await asyncio.sleep(1.1)  # stores tell whole seconds
    correction = bytes(len(bucket.get(f"dubs/welcome/{large}")))
    bucket.put(f"dubs/welcome/{large}", correction)
    done = await _delivery(bucket).deliver(make_parcel(large, content=b"other ", large=large))
    assert bucket.get("dubs/welcome/es-ES/a.corrected.mp4") == correction
    assert [note for note in done.notes if "a.corrected.mp4" in note]


async def test_a_corrected_script_is_not_removed_either(bucket: Any, make_parcel: Made) -> None:
    """Though the job no longer asks for it."""
    await _delivery(bucket).deliver(make_parcel("a.srt", "b.mp4"))
    bucket.put("dubs/welcome/a.srt", b"corrected by hand")
    assert (await _delivery(bucket).deliver(make_parcel("b.mp4"))).removed == ()
    assert bucket.get("dubs/welcome/a.srt") == b"corrected by hand"


async def test_another_job_of_the_same_name_removes_no_language(bucket: Any, make_parcel: Made) -> None:
    """Refused before anything is changed; once the other's files are gone, it may."""
    spanish = make_parcel("es-ES/a.mp4")
    await _delivery(bucket).deliver(spanish)
    item = spanish.items[0].model_copy(update={"path": "fr-FR/a.mp4", "locale": "fr-FR"})
    french = Parcel(name="welcome", items=(item,), asked=("fr-FR",))
    with pytest.raises(DeliveryError) as caught:
        await _delivery(bucket).deliver(french)
    assert caught.value.code == "name_taken"
    assert "es-ES" in str(caught.value)
    assert bucket.keys() == ["dubs/welcome/es-ES/a.mp4", "dubs/welcome/manifest.json"]
    grown = french.model_copy(update={"items": (*spanish.items, item), "asked": ("es-ES", "fr-FR")})
    assert set((await _delivery(bucket).deliver(grown)).written) == {"fr-FR/a.mp4"}


async def test_a_delivery_that_broke_off_makes_no_statement_and_is_completed(
    bucket: Any, s3: Any, make_parcel: Made
) -> None:
    """The old manifest is gone before anything that it names changes; the next run knows what is its own."""
    await _delivery(bucket).deliver(make_parcel("a.mp4", "b.mp4"))
    s3.answer = _no_puts_of("c.mp4")
    changed = make_parcel("a.mp4", "c.mp4", content=b"newer")
    with pytest.raises(DeliveryError):
        await _delivery(bucket).deliver(changed)
    assert "dubs/welcome/manifest.json" not in bucket.keys()  # noqa: SIM118 - a bucket is no mapping
    s3.reset()
    done = await _delivery(bucket).deliver(changed)
    assert "b.mp4" in done.removed
    assert bucket.keys() == ["dubs/welcome/a.mp4", "dubs/welcome/c.mp4", "dubs/welcome/manifest.json"]
    assert bucket.get("dubs/welcome/a.mp4") == b"newera.mp4"


async def test_what_is_stated_is_not_believed_after_a_break(bucket: Any, s3: Any, make_parcel: Made) -> None:
    """Same lengths, other bytes: going back to the first parcel after a broken second one puts the first again."""
    first, second = make_parcel("a.mp4", "b.mp4", content=b"1st"), make_parcel("a.mp4", "b.mp4", content=b"2nd")
    await _delivery(bucket).deliver(first)
    s3.answer = _no_puts_of("b.mp4")
    with pytest.raises(DeliveryError):
        await _delivery(bucket).deliver(second)
    s3.reset()
    await _delivery(bucket).deliver(first)
    assert bucket.get("dubs/welcome/a.mp4") == b"1sta.mp4"


async def test_somebody_else_s_object_is_never_replaced(bucket: Any, make_parcel: Made) -> None:
    """Refused before anything is put; the same bytes are no conflict."""
    bucket.put("dubs/welcome/a.mp4", b"not ours")
    with pytest.raises(DeliveryError) as caught:
        await _delivery(bucket).deliver(make_parcel("a.mp4", "b.mp4"))
    assert caught.value.code == "name_taken"
    assert bucket.keys() == ["dubs/welcome/a.mp4"]
    bucket.put("dubs/welcome/a.mp4", b"film a.mp4")
    assert "a.mp4" in (await _delivery(bucket).deliver(make_parcel("a.mp4", "b.mp4"))).kept


def test_an_etag_that_is_no_hash_proves_nothing(tmp_path: Path) -> None:
    """An encrypting store's."""
    file = tmp_path / "a"
    file.write_bytes(b"a")
    assert is_proven(ObjectFacts("a", 1, f'"{hashlib.md5(b"a").hexdigest()}"'), file)
    assert not is_proven(ObjectFacts("a", 1, '"0123456789abcdef0123456789abcdef"'), file)
    assert not is_proven(ObjectFacts("a", 1, ""), file)


def test_a_signed_link_gives_the_object_to_anybody(bucket: Any, s3: Any) -> None:
    """For as long as it says."""
    bucket.put("a b.mp4", b"film")
    link = Bucket(bucket.name, Connection(), DeliveryError).sign_link("a b.mp4", seconds=3 * 24 * 3600)
    assert "X-Amz-Expires=259200" in link
    assert "a%20b.mp4" in link
