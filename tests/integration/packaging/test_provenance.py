"""Marks of origin: signed, read back by the public library, and gone wrong where a file was changed."""

from __future__ import annotations

import dataclasses
import json

import c2pa as public
import pytest
from click.testing import CliRunner

from deployments.commands.provenance import provenance
from polyreel.errors import ToolError
from polyreel.media.probe import probe
from polyreel.outcome import RecordedLine, ReviewRecord, StoredFile
from polyreel.packaging.provenance import c2pa
from polyreel.packaging.provenance.manifest import Dub, Story, manifest_of
from polyreel.packaging.provenance.notices import notice_in
from polyreel.packaging.provenance.signer import TEST_NAME, make_test_key
from tasks import sign

DUB = Dub("es-ES", "the embedded engine", (("Ana", "kokoro:ef_dora"),), is_trained=True, is_machine_text=True)
STORY = Story("reel.es-ES.mp4", "en-US", "reel.mp4", "ab" * 32, (DUB,), is_test=True)


def test_lines_that_people_recorded_are_told_with_whose_they_are():
    """Beside synthetic voices, and alone: then nothing of the speech is synthetic. Names are text."""
    by = ["Luis", *["Ana <b>"] * 699]
    lines = tuple(RecordedLine(at_ms=n * 1000, until_ms=n * 1000 + 500, by=who) for n, who in enumerate(by))
    some = dataclasses.replace(DUB, recordings=lines[:2])
    assert some.facts()["recorded_lines"] == [
        {"at_ms": 0, "until_ms": 500, "by": "Luis"},
        {"at_ms": 1000, "until_ms": 1500, "by": "Ana ‹b›"},
    ]
    assert some.source_type.endswith("/compositeWithTrainedAlgorithmicMedia")
    dubbed = manifest_of(dataclasses.replace(STORY, dubs=(some,)))["assertions"][0]["data"]["actions"][-1]
    told = "Speech in es-ES: 2 lines recorded by Luis, Ana ‹b›; the rest by synthetic voices"
    assert dubbed["description"] == told
    every = dataclasses.replace(DUB, voices=(), recordings=lines)
    assert every.source_type.endswith("/composite")
    assert len(every.facts()["recorded_lines"]) == 500
    assert "recorded_lines" not in DUB.facts()


@pytest.fixture(scope="module")
def key():
    return make_test_key()


@pytest.fixture
def signed(reel, key, tmp_path):
    """A film, signed."""
    c2pa.sign(reel, tmp_path / "signed.mp4", reel, STORY, key)
    return tmp_path / "signed.mp4"


def test_a_signed_film_says_who_made_it_of_what_and_plays_as_before(signed, reel, frames):
    with public.Reader(signed) as reader:
        said = json.loads(reader.json())
    active = said["manifests"][said["active_manifest"]]
    assert said["validation_state"] == "Valid"
    found = c2pa.read(signed)
    assert found
    assert found.is_whole
    assert (found.signer, found.is_test, found.title) == (TEST_NAME, True, "reel.es-ES.mp4")
    assert [each["action"] for each in found.actions] == ["c2pa.opened", "c2pa.translated", "c2pa.dubbed"]
    assert found.actions[1]["parameters"] == {"sourceLanguage": "en-US", "targetLanguage": "es-ES"}
    assert found.actions[2]["digitalSourceType"].endswith("compositeWithTrainedAlgorithmicMedia")
    assert [(each["title"], each["relationship"]) for each in active["ingredients"]] == [("reel.mp4", "parentOf")]
    assert found.facts["signed_with"] == "A TEST KEY: IT PROVES NOTHING"
    assert found.facts["dubs"][0]["voices"] == {"Ana": "kokoro:ef_dora"}
    assert (frames(signed, 160, 120) == frames(reel, 160, 120)).all()
    assert probe(signed).audio == probe(reel).audio


def test_who_approved_stands_in_it_and_hostile_names_are_bounded_words(reel, key, tmp_path):
    hostile = "\x1b[31m<script>alert(1)</script>\n\u202eAna" + "a" * 500
    reviews = (
        ReviewRecord(did="approved", stage="script", by="Ana", at="2026-11-29T10:00:00+00:00"),
        ReviewRecord(did="approved", stage="final", by=hostile, at="2026-11-29T11:00:00+00:00", reason="<b>good</b>"),
    )
    story = dataclasses.replace(STORY, dubs=(dataclasses.replace(DUB, reviews=reviews),))
    c2pa.sign(reel, tmp_path / "x.mp4", reel, story, key)
    with public.Reader(tmp_path / "x.mp4") as reader:
        said = json.loads(reader.json())
    (facts,) = (
        each["data"]
        for each in said["manifests"][said["active_manifest"]]["assertions"]
        if each["label"] == "org.polyreel.localisation"
    )
    first, second = facts["dubs"][0]["reviews"]
    assert first == {"did": "approved", "stage": "script", "by": "Ana", "at": "2026-11-29T10:00:00+00:00"}
    assert (second["stage"], second["at"], second["reason"]) == ("final", "2026-11-29T11:00:00+00:00", "‹b›good‹/b›")
    assert second["by"].startswith("[31m‹script›alert(1)‹/script› Anaaa")
    assert len(second["by"]) == 100
    told = CliRunner().invoke(provenance, [str(tmp_path / "x.mp4")]).output
    assert "es-ES: approved (script) by Ana, 2026-11-29T10:00:00+00:00" in told
    assert not {"\x1b", "<", "\u202e"} & set(told)


def test_a_changed_approval_signs_anew_and_no_review_changes_no_key():
    def key_of(*reviews):
        file = StoredFile(uri="file:///x.mp4", sha256="ab" * 32, bytes=1)
        story = dataclasses.replace(STORY, dubs=(dataclasses.replace(DUB, reviews=reviews),))
        return sign._make_key({"files": [(file, ".mp4", story)], "signer": "test"})

    by_ana = ReviewRecord(did="approved", stage="final", by="Ana", at="2026-11-29T11:00:00+00:00")
    plain, approved = key_of(), key_of(by_ana)
    assert "reviews" not in STORY.facts()["dubs"][0]
    assert key_of(by_ana) == approved
    assert len({plain, approved, key_of(by_ana.model_copy(update={"by": "Luis"}))}) == 3


def test_a_changed_film_no_longer_fits_what_it_says(signed):
    content = bytearray(signed.read_bytes())
    content[len(content) // 2] ^= 1
    signed.write_bytes(content)
    found = c2pa.read(signed)
    assert found
    assert not found.is_whole
    assert "bmffHash.mismatch" in found.problems[0]


def test_what_a_source_said_of_itself_is_kept(signed, reel, key, tmp_path):
    c2pa.sign(reel, tmp_path / "again.mp4", signed, STORY, key)
    with public.Reader(tmp_path / "again.mp4") as reader:
        said = json.loads(reader.json())
    assert len(said["manifests"]) == 2
    assert said["manifests"][said["active_manifest"]]["ingredients"][0]["active_manifest"] in said["manifests"]


def test_a_source_of_another_kind_is_named(reel, key, tmp_path):
    c2pa.sign(reel, tmp_path / "x.mp4", reel, dataclasses.replace(STORY, source_title="reel.mkv"), key)
    found = c2pa.read(tmp_path / "x.mp4")
    assert found
    assert found.is_whole
    assert found.ingredients[0]["title"] == "reel.mkv"
    assert found.facts["source"]["sha256"] == "ab" * 32


def test_the_command_says_it_in_words_and_by_its_code(signed, reel, tmp_path):
    told = CliRunner().invoke(provenance, [str(signed)])
    assert told.exit_code == 0
    for part in ("TEST KEY", "as it was signed", "translated from en-US into es-ES", "made from reel.mp4"):
        assert part in told.output
    assert notice_in("es-ES") in told.output
    plain = CliRunner().invoke(provenance, [str(reel), "--json"])
    assert (plain.exit_code, json.loads(plain.output)["c2pa"]) == (1, None)
    (tmp_path / "notes.txt").write_text("no media")
    assert CliRunner().invoke(provenance, [str(tmp_path / "notes.txt")]).exit_code == 1


def test_a_key_is_not_shown(key):
    assert key.private_key.decode() not in repr(key)


def test_a_machine_without_the_library_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "c2pa", None)
    with pytest.raises(ToolError, match=r"polyreel\[provenance\]"):
        c2pa.require_library()
