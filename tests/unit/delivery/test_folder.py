import hashlib
import json
import os
from pathlib import Path

import pytest

from polyreel.delivery import copying
from polyreel.delivery.folder import FolderDelivery
from polyreel.delivery.port import Item, Parcel
from polyreel.errors import DeliveryError, StoreError
from polyreel.outcome import StoredFile
from polyreel.store.local import path_of
from tests.unit.delivery.conftest import FRENCH, SPANISH, assert_true, files, manifest


def touch_later(out: Path, path: str) -> None:
    """As if a person had edited a file some time after it was delivered."""
    later = (out / "welcome/manifest.json").stat().st_mtime_ns + 10**9
    os.utime(out / "welcome" / path, ns=(later, later))


def speaking(parcel: Parcel, locale: str) -> Parcel:
    """The same parcel in another language, which is all that its job asks for."""
    items = tuple(item.model_copy(update={"locale": locale}) for item in parcel.items)
    return parcel.model_copy(update={"items": items, "asked": (locale,)})


class TestFirst:
    async def test_a_parcel_is_placed_with_a_manifest_that_is_true(self, out, parcel):
        done = await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola", "report.html": "<p>"}))
        assert files(out) == {SPANISH: "hola", "report.html": "<p>"}
        assert set(done.written) == {SPANISH, "report.html"}
        assert done.manifest == str(out / "welcome/manifest.json")
        assert_true(out)
        assert manifest(out)["files"][0] == {
            "path": SPANISH,
            "bytes": 4,
            "sha256": hashlib.sha256(b"hola").hexdigest(),
            "role": "subtitles",
            "locale": "es-ES",
        }
        assert manifest(out)["job"] == "welcome"
        assert manifest(out)["polyreel"]
        assert manifest(out)["made_at"].endswith("+00:00")

    async def test_editing_what_was_delivered_leaves_the_store_as_it_is(self, out, parcel):
        packed = parcel(**{SPANISH: "hola"})
        await FolderDelivery(out).deliver(packed)
        (out / "welcome" / SPANISH).write_text("edit")
        assert path_of(packed.items[0].stored_file).read_text() == "hola"
        assert (out / "welcome" / SPANISH).stat().st_mode & 0o200

    async def test_a_damaged_artefact_is_never_delivered(self, out, parcel):
        packed = parcel(**{SPANISH: "hola"})
        path_of(packed.items[0].stored_file).write_text("holx")
        with pytest.raises(StoreError, match="is not what it was"):
            await FolderDelivery(out).deliver(packed)
        assert list((out / "welcome").iterdir()) == []

    async def test_a_missing_artefact_is_said(self, out, parcel):
        packed = parcel(**{SPANISH: "hola"})
        path_of(packed.items[0].stored_file).unlink()
        with pytest.raises(StoreError, match="is gone"):
            await FolderDelivery(out).deliver(packed)


def identities(folder):
    """What every file is and when it was written; not when it was looked at, which looking changes."""
    facts = {path: path.stat() for path in folder.rglob("*")}
    return {path: (each.st_ino, each.st_size, each.st_mtime_ns) for path, each in facts.items()}


class TestAgain:
    async def test_what_is_there_already_is_neither_written_nor_read(self, out, parcel, monkeypatch):
        packed = parcel(**{SPANISH: "hola", FRENCH: "salut"})
        await FolderDelivery(out).deliver(packed)
        before = identities(out / "welcome")
        monkeypatch.setattr(copying, "_read_chunk", lambda *_: pytest.fail("read"))
        done = await FolderDelivery(out).deliver(packed)
        assert set(done.kept) == {SPANISH, FRENCH}
        assert identities(out / "welcome") == before

    async def test_only_what_changed_is_replaced(self, out, parcel):
        await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola", FRENCH: "salut"}))
        done = await FolderDelivery(out).deliver(parcel(**{SPANISH: "buen", FRENCH: "salut"}))
        assert (done.written, done.kept) == ((SPANISH,), (FRENCH,))
        assert files(out) == {SPANISH: "buen", FRENCH: "salut"}
        assert_true(out)

    async def test_what_left_the_job_leaves_the_folder(self, out, parcel):
        await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola", FRENCH: "salut"}))
        done = await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola"}))
        assert done.removed == (FRENCH,)
        assert not (out / "welcome/fr-FR").exists()
        assert_true(out)

    async def test_what_somebody_edited_is_not_removed(self, out, parcel):
        await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola", FRENCH: "salut"}))
        (out / "welcome" / FRENCH).write_text("coucou")
        await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola"}))
        assert files(out) == {SPANISH: "hola", FRENCH: "coucou"}

    @pytest.mark.parametrize("new", ["hola", "buen", "buenos dias"])
    async def test_a_correction_is_kept_beside_and_the_run_says_how_to_take_it_in(self, out, parcel, new):
        """Whether the job has made something new or not; a second correction does not replace the first one."""
        await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola"}))
        for text, kept in (("Hola!", "welcome.es-ES.corrected.srt"), ("HOLA", "welcome.es-ES.corrected-2.srt")):
            (out / "welcome" / SPANISH).write_text(text)
            touch_later(out, SPANISH)
            done = await FolderDelivery(out).deliver(parcel(**{SPANISH: new}))
            assert (out / "welcome/es-ES" / kept).read_text() == text
            assert (out / "welcome" / SPANISH).read_text() == new
            assert f"kept as es-ES/{kept}" in done.notes[0]
            assert f"`polyreel revise JOB.yaml es-ES {out / 'welcome/es-ES' / kept}`" in done.notes[0]
            assert_true(out)
        assert (await FolderDelivery(out).deliver(parcel(**{SPANISH: new}))).notes == ()

    async def test_another_job_of_the_same_name_removes_no_language(self, out, parcel):
        """Unless it is the same job grown, or the language's files are gone already."""
        await FolderDelivery(out).deliver(speaking(parcel(**{SPANISH: "hola"}), "es-ES"))
        other = speaking(parcel(**{FRENCH: "salut"}), "fr-FR")
        with pytest.raises(DeliveryError, match="has delivered es-ES here") as refused:
            await FolderDelivery(out).deliver(other)
        assert refused.value.code == "name_taken"
        assert "another `name`" in refused.value.remedy
        assert files(out) == {SPANISH: "hola"}
        assert_true(out)
        failed_here = other.model_copy(update={"asked": ("fr-FR", "es-ES")})
        await FolderDelivery(out).deliver(failed_here)
        grown = speaking(parcel(**{FRENCH: "salut"}), "fr-FR")
        await FolderDelivery(out).deliver(grown)
        assert files(out) == {FRENCH: "salut"}

    async def test_a_language_whose_folder_was_removed_may_leave_the_job(self, out, parcel):
        await FolderDelivery(out).deliver(speaking(parcel(**{SPANISH: "hola"}), "es-ES"))
        (out / "welcome" / SPANISH).unlink()
        await FolderDelivery(out).deliver(speaking(parcel(**{FRENCH: "salut"}), "fr-FR"))
        assert files(out) == {FRENCH: "salut"}

    async def test_an_edit_of_the_same_length_is_noticed_and_replaced(self, out, parcel):
        packed = parcel(**{SPANISH: "hola"})
        await FolderDelivery(out).deliver(packed)
        (out / "welcome" / SPANISH).write_text("HOLA")
        touch_later(out, SPANISH)
        assert (await FolderDelivery(out).deliver(packed)).written == (SPANISH,)
        assert_true(out)

    async def test_foreign_files_are_left_alone(self, out, parcel):
        await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola", FRENCH: "salut"}))
        (out / "welcome/fr-FR/notes.txt").write_text("mine")
        await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola"}))
        assert files(out) == {SPANISH: "hola", "fr-FR/notes.txt": "mine"}

    async def test_a_foreign_file_in_the_way_stops_the_delivery_before_anything_changes(self, out, parcel):
        await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola"}))
        (out / "welcome/fr-FR").mkdir()
        (out / "welcome" / FRENCH).write_text("mine")
        with pytest.raises(DeliveryError, match="something else has this name") as caught:
            await FolderDelivery(out).deliver(parcel(**{SPANISH: "buen", FRENCH: "salut"}))
        assert caught.value.code == "name_taken"
        assert files(out) == {SPANISH: "hola", FRENCH: "mine"}
        assert_true(out)

    async def test_a_folder_whose_manifest_was_lost_is_taken_up_again(self, out, parcel):
        packed = parcel(**{SPANISH: "hola", FRENCH: "salut"})
        await FolderDelivery(out).deliver(packed)
        (out / "welcome/manifest.json").write_text("{ damaged")
        assert (await FolderDelivery(out).deliver(packed)).written == ()
        assert_true(out)

    async def test_an_edited_manifest_cannot_have_files_elsewhere_removed(self, out, parcel):
        await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola"}))
        (out / "precious").write_text("gold")
        said = manifest(out)
        said["files"] += [
            {**said["files"][0], "path": path, "bytes": 4}
            for path in ("../precious", str(out / "precious"), "manifest.json")
        ]
        (out / "welcome/manifest.json").write_text(json.dumps(said))
        await FolderDelivery(out).deliver(parcel(**{SPANISH: "buen"}))
        assert (out / "precious").read_text() == "gold"
        assert_true(out)


class TestNames:
    @pytest.mark.parametrize(
        "name", ["..", ".", "", "a/b", "/etc", "a\\b", "a\0b", ".hidden", "a\nb", "x" * 256, "\udcff"]
    )
    async def test_a_hostile_job_name_goes_nowhere(self, out, parcel, name):
        with pytest.raises(DeliveryError):
            await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola"}).model_copy(update={"name": name}))
        assert not out.exists()

    @pytest.mark.parametrize(
        "path",
        [
            "../x",
            "/etc/x",
            "a/../../x",
            "a//x",
            "a/",
            "./x",
            "a/.x",
            "a\\x",
            "a\0",
            "manifest.json",
            "Manifest.JSON",
            "a/" * 600 + "b",
            "y" * 256,
        ],
    )
    async def test_a_hostile_path_goes_nowhere(self, out, parcel, path):
        with pytest.raises(DeliveryError):
            await FolderDelivery(out).deliver(parcel(**{path: "x"}))
        assert not out.exists()

    @pytest.mark.parametrize(
        "pair", [("a.srt", "A.srt"), ("\u00e9", "e\u0301"), ("a", "a/b"), ("a/b", "a"), ("straße", "STRASSE")]
    )
    async def test_two_files_for_one_name_are_refused(self, out, parcel, pair):
        with pytest.raises(DeliveryError, match="two files want one name"):
            await FolderDelivery(out).deliver(parcel(**dict.fromkeys(pair, "x")))

    async def test_names_of_every_script_are_delivered(self, out, parcel):
        await FolderDelivery(out).deliver(parcel(**{"ar/مرحبا.ar.srt": "x", "ja-JP/ようこそ.srt": "y"}))
        assert_true(out)

    @pytest.mark.parametrize("link", ["welcome", "welcome/es-ES"])
    async def test_a_link_out_of_the_folder_is_not_followed(self, out, parcel, tmp_path, link):
        outside = tmp_path / "outside"
        outside.mkdir()
        (out / link).parent.mkdir(parents=True)
        (out / link).symlink_to(outside)
        with pytest.raises(DeliveryError, match="is a link"):
            await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola"}))
        assert list(outside.iterdir()) == []

    async def test_a_link_in_a_files_place_is_not_written_through(self, out, parcel, tmp_path):
        (tmp_path / "precious").write_text("gold")
        (out / "welcome/es-ES").mkdir(parents=True)
        (out / "welcome" / SPANISH).symlink_to(tmp_path / "precious")
        with pytest.raises(DeliveryError, match="something else"):
            await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola"}))
        assert (tmp_path / "precious").read_text() == "gold"


async def test_a_missing_local_artefact_elsewhere_is_refused(out):
    elsewhere = StoredFile(uri="s3://bucket/key", sha256="0" * 64, bytes=1)
    with pytest.raises(StoreError, match="not in the store on this machine"):
        await FolderDelivery(out).deliver(
            Parcel(name="welcome", items=(Item(path="a", stored_file=elsewhere, role="video"),))
        )
