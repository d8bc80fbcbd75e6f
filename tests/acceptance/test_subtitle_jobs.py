"""`polyreel run` with every kind of text file that a broadcaster asks for; and with the script alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docx import Document

from polyreel.subtitles import read_file


def test_captions_forced_and_bilingual_files_in_broadcasters_formats_on_the_times_of_the_dub(
    work: Any, polyreel: Any
) -> None:
    """One job gives Spanish in IMSC and SCC: subtitles, captions, signs, both languages, and a dubbing list."""
    job = work(
        "es-ES",
        subtitles={
            "formats": ["srt", "imsc", "scc"],
            "kinds": ["subtitles", "captions", "forced"],
            "bilingual": True,
            "timing": "spoken",
            "mend": True,
        },
        scripts=["docx", "json"],
        trim={"start": 0, "end": 16},
    )
    asked = json.loads(job.read_text())
    asked["targets"][0]["forced"] = "signs.srt"
    asked["source"]["timecode"] = "01:00:00:00"
    (job.parent / "signs.srt").write_text("1\n01:00:01,000 --> 01:00:03,000\nSALIDA\n", "utf-8")
    job.write_text(json.dumps(asked))
    done = polyreel("run", job, "--json")
    assert done.code == 0, done.stderr
    folder = job.parent / "out" / "narrated"
    names = {path.name for path in (folder / "es-ES").iterdir()}
    kinds = ("", ".sdh", ".forced", ".bilingual")
    wanted = {f"narrated.es-ES{kind}.{ending}" for kind in kinds for ending in ("srt", "imsc.ttml", "scc")}
    assert names == wanted | {"narrated.es-ES.mp4", "narrated.es-ES.list.docx", "narrated.es-ES.list.json"}
    spanish = done.json["languages"]["es-ES"]
    assert {"srt", "imsc", "scc", "captions.srt", "forced.imsc", "bilingual.scc"} <= spanish["subtitles"].keys()
    signs = read_file(Path(spanish["subtitles"]["forced.imsc"])).track
    assert [(cue.start_ms, cue.text) for cue in signs.cues] == [(1000, "SALIDA")]
    lines = json.loads((folder / "es-ES" / "narrated.es-ES.list.json").read_text("utf-8"))["lines"]
    assert all(line["source"] and line["text"] and line["fit"] for line in lines)
    assert "\n01:00:0" in Path(spanish["subtitles"]["scc"]).read_text("utf-8")
    assert _columns(folder / "es-ES" / "narrated.es-ES.list.docx")[1] == "In"
    roles = {entry["role"] for entry in json.loads((folder / "manifest.json").read_text())["files"]}
    assert {"subtitles", "captions", "forced", "bilingual", "script"} <= roles


def test_a_job_without_targets_delivers_the_script_and_dubs_nothing(work: Any, polyreel: Any) -> None:
    """`targets: []` with `scripts` gives the source's script in each format, a manifest and a report."""
    job = work(scripts=["srt", "vtt", "docx", "json"], targets=[])
    done = polyreel("run", job, "--json")
    assert done.code == 0, done.stderr
    assert (done.json["status"], done.json["languages"]) == ("completed", {})
    scripts = {name: Path(path) for name, path in done.json["scripts"].items()}
    assert set(scripts) == {f"narrated.en-US.script.{ending}" for ending in ("srt", "vtt", "docx", "json")}
    cues = json.loads(scripts["narrated.en-US.script.json"].read_text("utf-8"))["cues"]
    assert [cue["start_ms"] for cue in cues] == [
        cue.start_ms for cue in read_file(scripts["narrated.en-US.script.srt"]).track.cues
    ]
    assert _columns(scripts["narrated.en-US.script.docx"])[-1] == "Text"
    assert Path(done.json["report"]).is_file()
    assert polyreel("plan", job).code == 0


def _columns(path: Path) -> list[str]:
    return [cell.text for cell in Document(str(path)).tables[0].rows[0].cells]
