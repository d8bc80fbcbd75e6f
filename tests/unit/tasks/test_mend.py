"""What mending may not touch: whatever a person has approved or edited."""

from __future__ import annotations

import json
from collections.abc import Callable

from polyreel.outcome import Reel, StoredFile
from polyreel.plans import EditedScript, LanguagePlan, Plan
from polyreel.store.choice import open_store
from polyreel.store.local import path_of
from polyreel.subtitles import read_file, write
from polyreel.subtitles.choices import LineChoice, with_choices
from polyreel.subtitles.timing import trim as cut_cues
from tasks.mend import _find_untouchable


def script(*texts: str) -> StoredFile:
    cues = (f"00:0{n}.000 --> 00:0{n}.900\n{text}\n" for n, text in enumerate(texts))
    return open_store().keep_bytes("\n".join(("WEBVTT\n", *cues)).encode(), ".vtt")


def reasons(language: LanguagePlan, reel: Reel) -> list[str]:
    """Why each cue of the reel's part stays."""
    assert language.script
    whole = read_file(path_of(language.script)).track
    why = _find_untouchable(language, reel)
    return [why(cue) for cue in cut_cues(whole, reel.start_ms, reel.start_ms + reel.duration_ms).cues]


def test_lines_that_a_person_edited_or_approved_are_left_in_a_trimmed_reel_too(
    plan: Callable[..., Plan], stored: Callable[[str], StoredFile]
) -> None:
    made, edited = script("Uno.", "Dos.", "Tres."), script("Uno.", "Dos.", "Tres, Ana.")
    reel = Reel(file=stored("reel"), start="1", duration="5")
    (language,) = plan("es-ES", quality={"mend": True}).languages
    assert reasons(language.model_copy(update={"script": made}), reel) == ["", ""]
    by_ana = EditedScript(script=edited, made=made, is_read=True)
    revised = language.model_copy(update={"script": edited, "edited": by_ana})
    assert reasons(revised, reel) == ["", "a person edited it"]
    (reviewed,) = plan("es-ES", quality={"mend": True}, review="script").languages
    approved = reviewed.model_copy(update={"script": edited, "edited": by_ana})
    assert reasons(approved, reel) == ["a person approved the script"] * 2


def test_lines_of_a_series_memory_are_left(plan: Callable[..., Plan], stored: Callable[[str], StoredFile]) -> None:
    memory = open_store().keep_bytes(json.dumps([["Two.", "Dos."]]).encode(), ".json")
    (language,) = plan("es-ES", quality={"mend": True}).languages
    language = language.model_copy(update={"script": script("Uno.", "Dos."), "memory": memory})
    reel = Reel(file=stored("reel"), duration="5")
    assert reasons(language, reel) == ["", "a person approved it, in the series' memory"]


def test_lines_that_a_person_chose_how_to_say_are_left(
    plan: Callable[..., Plan], stored: Callable[[str], StoredFile]
) -> None:
    """Also where the job's own script says so: a recording does not say other words."""
    made = read_file(path_of(script("Uno.", "Dos.", "Tres.")))
    chosen = write(with_choices(made.track, {2: LineChoice(pace=1.1)}), "vtt").text
    (language,) = plan("es-ES", quality={"mend": True}).languages
    language = language.model_copy(update={"script": open_store().keep_bytes(chosen.encode(), ".vtt")})
    reel = Reel(file=stored("reel"), start="1", duration="5")
    assert reasons(language, reel) == ["", "a person chose how it is said"]
