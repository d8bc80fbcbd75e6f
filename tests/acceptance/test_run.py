"""`polyreel run` as a person uses it: the narrated video, real languages, real files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import av
import pytest

NINE = ("es-ES", "fr-FR", "de-DE", "it-IT", "pt-BR", "ja-JP", "zh-CN", "hi-IN", "ar-SA")
PARTS = ("*.part", "*.tmp", ".*.part*")


def delivered(folder: Path) -> dict[str, str]:
    """Every delivered file and its hash."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def half_made(folder: Path) -> list[Path]:
    return [file for pattern in PARTS for file in folder.rglob(pattern)]


def picture(path: Path) -> str:
    """A hash over the picture's packets."""
    with av.open(str(path)) as container:
        digest = hashlib.sha256()
        for packet in container.demux(video=0):
            digest.update(bytes(packet))
        return digest.hexdigest()


def test_nine_languages_in_one_run_then_nothing_left_to_do(work: Any, polyreel: Any, narrated: Path) -> None:
    """Nine languages come out whole; the same run again finds every stage done and changes no file."""
    job = work(*NINE)
    first = polyreel("run", job, "--json")
    assert first.code == 0, first.stderr
    assert first.json["status"] == "completed"
    assert set(first.json["languages"]) == set(NINE)
    folder = job.parent / "out" / "narrated"
    _manifest_is_true(folder)
    for locale, language in first.json["languages"].items():
        _is_dubbed(locale, language, narrated)
    files = delivered(folder)
    assert not half_made(job.parent)

    again = polyreel("run", job, "--json")
    assert again.code == 0, again.stderr
    for language in again.json["languages"].values():
        assert set(language["stages"].values()) == {"cached"}
    assert delivered(folder) == files


def _manifest_is_true(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    listed = {entry["path"]: entry["sha256"] for entry in manifest["files"]}
    there = delivered(folder)
    del there["manifest.json"]
    assert listed == there


def _is_dubbed(locale: str, language: dict[str, Any], narrated: Path) -> None:
    assert language["status"] == "delivered"
    assert language["error"] is None
    video = Path(language["video"])
    assert video.name == f"narrated.{locale}.mp4"
    assert picture(video) == picture(narrated / "narrated.mp4")
    with av.open(str(video)) as container:
        assert {stream.type for stream in container.streams} == {"video", "audio", "subtitle"}
        audio = container.streams.audio[0]
        assert audio.metadata["language"] != "und"
        assert audio.duration is not None
        assert abs(float(audio.duration * audio.time_base) - 42.4) < 1 / 30
    for suffix in ("srt", "vtt"):
        assert Path(language["subtitles"][suffix]).read_text("utf-8").count("-->") == 6
    names = {check["name"]: check for check in language["checks"]}
    assert {"loudness", "true_peak", "duration", "fit", "subtitles"} <= set(names)
    assert names["loudness"]["status"] == "pass"
    assert names["true_peak"]["value"] <= -1.0


def test_one_bad_script_leaves_the_others_and_the_next_run_does_only_what_is_missing(work: Any, polyreel: Any) -> None:
    """A script that is garbage fails its own language, exit code 3; mended, the next run does that language alone."""
    job = work("es-ES", "fr-FR")
    script = job.parent / "narrated.fr-FR.srt"
    good = script.read_bytes()
    script.write_bytes(b"this is no subtitle file\n" * 20)
    first = polyreel("run", job, "--json")
    assert first.code == 3, first.stderr
    assert first.json["status"] == "partial"
    failed = first.json["languages"]["fr-FR"]
    assert (failed["status"], failed["error"]["code"]) == ("failed", "invalid_subtitles")
    assert "narrated.fr-FR.srt" in failed["error"]["message"]
    assert not (job.parent / "out" / "narrated" / "fr-FR").exists()

    script.write_bytes(good)
    second = polyreel("run", job, "--json")
    assert second.code == 0, second.stderr
    assert set(second.json["languages"]["es-ES"]["stages"].values()) == {"cached"}
    assert "done" in second.json["languages"]["fr-FR"]["stages"].values()
    _manifest_is_true(job.parent / "out" / "narrated")


def test_one_changed_cue_speaks_one_sentence(work: Any, polyreel: Any, polyreel_home: Path) -> None:
    """Only the sentence whose text changed is spoken again; other languages are not touched."""
    job = work("es-ES", "it-IT")
    assert polyreel("run", job, "--json").code == 0
    spoken = polyreel_home / "store" / "records"
    before = {record.name for record in spoken.glob("speech-*/*.json")}
    script = job.parent / "narrated.es-ES.srt"
    script.write_text(script.read_text("utf-8").replace("Hola", "Buenas"), "utf-8")
    again = polyreel("run", job, "--json")
    assert again.code == 0, again.stderr
    assert len({record.name for record in spoken.glob("speech-*/*.json")} - before) == 1
    assert set(again.json["languages"]["it-IT"]["stages"].values()) == {"cached"}
    assert again.json["stages"]["separate"] == "cached"
    assert "Buenas" in Path(again.json["languages"]["es-ES"]["subtitles"]["srt"]).read_text("utf-8")


def test_a_trim_moves_cues_and_cuts_to_the_frame(work: Any, polyreel: Any) -> None:
    """Trimmed from 5 to 17.5 s: 375 frames, and the cues begin where the reel does."""
    job = work("es-ES", trim={"start": 5, "end": 17.5}, packaging=[])
    done = polyreel("run", job, "--json")
    assert done.code == 0, done.stderr
    language = done.json["languages"]["es-ES"]
    with av.open(language["video"]) as container:
        assert sum(1 for packet in container.demux(video=0) if packet.size) == 375
    text = Path(language["subtitles"]["srt"]).read_text("utf-8")
    assert "00:00:00,060 --> 00:00:05,000" in text
    assert text.count("-->") == 3


def test_a_language_without_a_voice_fails_alone(work: Any, polyreel: Any) -> None:
    """No voice speaks Zulu here: that language says so, the other one is delivered."""
    job = work("es-ES")
    asked = json.loads(job.read_text())
    asked["targets"].append({"locale": "zu-ZA", "subtitles": "narrated.es-ES.srt"})
    job.write_text(json.dumps(asked))
    done = polyreel("run", job, "--json")
    assert done.code == 3, done.stderr
    assert done.json["languages"]["zu-ZA"]["error"]["code"] == "no_voice"
    assert done.json["languages"]["es-ES"]["status"] == "delivered"


def test_a_failed_check_holds_the_language_when_the_job_says_so(work: Any, polyreel: Any) -> None:
    """Overlapping cues fail the subtitle check; with on_fail: hold nothing of it is delivered, exit code 4."""
    job = work("es-ES", quality={"on_fail": "hold"})
    script = job.parent / "narrated.es-ES.srt"
    script.write_text(script.read_text("utf-8").replace("00:00:04,560", "00:00:06,000"), "utf-8")
    done = polyreel("run", job, "--json")
    assert done.code == 4, done.stderr
    assert done.json["languages"]["es-ES"]["status"] == "held"
    assert not (job.parent / "out").exists()


@pytest.mark.parametrize("arguments", [["plan"], ["plan", "--json"]])
def test_plan_shows_what_is_to_do_and_spends_nothing(work: Any, polyreel: Any, arguments: list[str]) -> None:
    """A plan needs no server and delivers nothing."""
    job = work("es-ES")
    done = polyreel(arguments[0], job, *arguments[1:], PREFECT_API_URL="http://127.0.0.1:9/api")
    assert done.code == 0, done.stderr
    assert "es-ES" in done.stdout
    assert not (job.parent / "out").exists()
    if "--json" in arguments:
        assert done.json["languages"]["es-ES"]["stages"]["dub"] == "to do"


def test_progress_is_told_line_by_line_when_nobody_watches(work: Any, polyreel: Any) -> None:
    """Without a terminal each finished stage is a line on stderr, and the summary is on stdout."""
    done = polyreel("run", work("es-ES"))
    assert done.code == 0, done.stderr
    assert "es-ES: mux done" in done.stderr
    assert "completed: 1 of 1 delivered" in done.stdout
    assert "manifest.json" in done.stdout


def test_a_folder_that_can_not_be_delivered_to_loses_nothing(work: Any, polyreel: Any) -> None:
    """Something else stands where the video goes: exit code 1 with the reason; out of the way, the rest is there."""
    job = work("es-ES")
    stranger = job.parent / "out" / "narrated" / "es-ES" / "narrated.es-ES.mp4"
    stranger.parent.mkdir(parents=True)
    stranger.write_text("somebody else's")
    first = polyreel("run", job, "--json")
    assert (first.code, first.json["status"]) == (1, "failed")
    assert first.json["languages"]["es-ES"]["error"]["code"] == "name_taken"
    assert stranger.read_text() == "somebody else's"

    stranger.unlink()
    second = polyreel("run", job, "--json")
    assert second.code == 0, second.stderr
    assert set(second.json["languages"]["es-ES"]["stages"].values()) == {"cached"}


def test_a_clean_background_is_used_and_said(work: Any, polyreel: Any, odd_media: Path) -> None:
    """A music-and-effects track that the user gives lies under the new speech, and the outcome says `given`."""
    job = work("es-ES")
    asked = json.loads(job.read_text())
    asked["source"]["background"] = str(odd_media / "wordless.webm")
    asked["trim"] = {"end": 10}
    job.write_text(json.dumps(asked))
    done = polyreel("run", job, "--json")
    assert done.code == 0, done.stderr
    assert done.json["separation"] == "given"
