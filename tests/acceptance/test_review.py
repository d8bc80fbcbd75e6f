"""A job that waits for people: held before speech and before delivery, gone on with by a decision and a re-run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from polyreel.packaging.provenance import c2pa


def test_a_script_waits_is_edited_approved_and_then_the_dub_waits(
    work: Any, polyreel: Any, polyreel_home: Path
) -> None:
    """Nothing is spoken before the script is approved, the other language goes on, and each decision is kept."""
    job = work("es-ES", "fr-FR", review=["script", "final"], reviewers={"es-ES": "Ana"}, provenance={})
    first = polyreel("run", job, "--json")
    assert (first.code, first.json["status"]) == (4, "held")
    held = first.json["languages"]["es-ES"]
    assert (held["status"], held["error"]["code"]) == ("held", "review_script")
    assert "Ana" in held["error"]["message"]
    assert not list((polyreel_home / "store" / "records").glob("speech-*/*.json"))

    waiting = polyreel("review", "--json").json
    assert {(each["locale"], each["stage"], each["standing"]) for each in waiting} == {
        ("es-ES", "script", "waiting"),
        ("fr-FR", "script", "waiting"),
    }
    refused = polyreel("review", job, "es-ES", "--approve", "--by", "Luis")
    assert refused.code == 1
    assert "names Ana" in refused.stderr
    assert polyreel("review", "narrated", "es-ES", "--line", "1=Buenas a todos.", "--approve", "--by", "Ana").code == 0
    shown = polyreel("review", job, "es-ES", "--json").json
    assert (shown["standing"], shown["lines"][0]["text"]) == ("approved", "Buenas a todos.")
    assert shown["lines"][0]["source"]

    second = polyreel("run", job, "--json")
    assert second.code == 4
    assert {locale: each["error"]["code"] for locale, each in second.json["languages"].items()} == {
        "es-ES": "review_final",
        "fr-FR": "review_script",
    }
    assert "fit" in {check["name"] for check in second.json["languages"]["es-ES"]["checks"]}
    assert not (job.parent / "out").exists()

    assert polyreel("review", job, "es-ES", "--approve", "--by", "Ana", "--comment", "suena bien").code == 0
    third = polyreel("run", job, "--json")
    assert third.code == 4
    done = third.json["languages"]["es-ES"]
    assert done["status"] == "delivered"
    assert [(each["did"], each["stage"], each["by"]) for each in done["reviews"]] == [
        ("edited", "script", "Ana"),
        ("approved", "script", "Ana"),
        ("approved", "final", "Ana"),
    ]
    assert "Buenas a todos." in Path(done["subtitles"]["srt"]).read_text("utf-8")
    assert [each["locale"] for each in polyreel("review", "--json").json] == ["fr-FR"]

    again = polyreel("run", job, "--json")
    assert set(again.json["languages"]["es-ES"]["stages"].values()) == {"cached"}
    manifest = json.loads(Path(again.json["manifest"]).read_text())
    assert {file["locale"] for file in manifest["files"] if file["locale"]} == {"es-ES"}
    signed = c2pa.read(Path(done["video"]))
    assert signed
    for dub in (signed.facts["dubs"][0], manifest["provenance"][0]["dubs"][0]):
        assert [(each["did"], each["stage"], each["by"], each.get("reason")) for each in dub["reviews"]] == [
            ("edited", "script", "Ana", None),
            ("approved", "script", "Ana", None),
            ("approved", "final", "Ana", "suena bien"),
        ]
        assert [each["at"] for each in dub["reviews"]] == [each["at"] for each in done["reviews"]]


def test_a_revision_does_the_changed_line_again_in_place_and_goes_back(
    work: Any, polyreel: Any, polyreel_home: Path
) -> None:
    """One line of a trimmed reel's delivered file is changed: one sentence is spoken, the same files are replaced, the
    version before is kept, and going back speaks nothing."""
    job = work("es-ES", "it-IT", trim={"start": 5, "end": 35})
    assert polyreel("run", job).code == 0
    delivered = job.parent / "out" / "narrated" / "es-ES"
    first = (delivered / "narrated.es-ES.mp4").read_bytes()
    script = (delivered / "narrated.es-ES.srt").read_text("utf-8")
    text = script.split("\n\n")[1].split("\n", 2)[2]
    edited = job.parent / "edited.srt"
    edited.write_text(script.replace(text, f"{text} De verdad."), "utf-8")
    spoken = polyreel_home / "store" / "records"
    before = {record.name for record in spoken.glob("speech-*/*.json")}

    revised = polyreel("revise", job, "es-ES", edited, "--by", "Ana", "--why", "missing words", "--json")
    assert revised.code == 0, revised.stderr
    assert len({record.name for record in spoken.glob("speech-*/*.json")} - before) <= 2  # at its own pace, and fitted
    assert set(revised.json["languages"]["it-IT"]["stages"].values()) == {"cached"}
    assert "De verdad." in (delivered / "narrated.es-ES.srt").read_text("utf-8")
    assert (delivered / "narrated.es-ES.mp4").read_bytes() != first
    assert {file.name for file in delivered.iterdir()} == {f"narrated.es-ES.{kind}" for kind in ("mp4", "srt", "vtt")}

    (listed,) = polyreel("versions", job, "es-ES", "--json").json
    assert [(each["by"], each["reason"]) for each in listed["versions"]] == [("", ""), ("Ana", "missing words")]
    (difference,) = polyreel("versions", job, "es-ES", "--compare", "1", "2", "--json").json
    assert difference["after"] == f"{difference['before']} De verdad."

    spoken_by_now = {record.name for record in spoken.glob("speech-*/*.json")}
    back = polyreel("versions", job, "es-ES", "--back", "1", "--by", "Ana", "--json")
    assert back.code == 0, back.stderr
    assert set(back.json["languages"]["es-ES"]["stages"].values()) == {"cached"}
    assert (delivered / "narrated.es-ES.mp4").read_bytes() == first
    assert {record.name for record in spoken.glob("speech-*/*.json")} == spoken_by_now


def test_a_revision_that_waits_for_approval_leaves_what_is_delivered(work: Any, polyreel: Any) -> None:
    """The earlier version stays out, and is seen to be stale, until somebody approves the new one."""
    job = work("es-ES", "it-IT", review="final")
    assert polyreel("run", job).code == 4
    for locale in ("es-ES", "it-IT"):
        assert polyreel("review", job, locale, "--approve").code == 0
    assert polyreel("run", job).code == 0
    delivered = job.parent / "out" / "narrated" / "es-ES"
    files = {file.name: file.read_bytes() for file in delivered.iterdir()}
    edited = job.parent / "edited.srt"
    script = (delivered / "narrated.es-ES.srt").read_text("utf-8")
    edited.write_text(script.replace("Hola", "Buenas"), "utf-8")
    revised = polyreel("revise", job, "es-ES", edited, "--json")
    assert (revised.code, revised.json["languages"]["es-ES"]["error"]["code"]) == (4, "review_final")
    assert {file.name: file.read_bytes() for file in delivered.iterdir()} == files
    assert "STALE, the new dub waits to be approved" in polyreel("versions", job, "es-ES").stdout
    assert polyreel("review", job, "es-ES", "--approve").code == 0
    assert polyreel("run", job).code == 0
    assert "Buenas" in (delivered / "narrated.es-ES.srt").read_text("utf-8")
