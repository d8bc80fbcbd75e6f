"""Streaming packages: known by what is in them, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polyreel.outcome import LanguageOutcome, Outcome, Reel
from polyreel.packaging.original import Original
from polyreel.plans import Plan
from polyreel.store.choice import open_store
from tasks.package import _make_key
from tasks.run.items import items_of_language
from tasks.run.values import LanguageResult, LanguageResults, TrackFile
from tasks.together import going_out, original_of, texts_of


def outcome_of(**languages: str) -> Outcome:
    found = {name.replace("_", "-"): LanguageOutcome.model_validate({"status": s}) for name, s in languages.items()}
    return Outcome(job="reel", status="completed", languages=found)


def key(plan: Plan, made: LanguageResults, outcome: Outcome) -> str:
    return _make_key({"plan": plan, "languages": made, "outcome": outcome, "original": None})


def test_only_languages_that_go_out_are_in_it(finished: Callable[..., LanguageResult]) -> None:
    made = LanguageResults(finished=(finished("es-ES"), finished("fr-FR")))
    assert [each.locale for each in going_out(made, outcome_of(es_ES="held", fr_FR="delivered"))] == ["fr-FR"]


def test_a_language_held_back_or_made_anew_makes_another_package(
    plan: Callable[..., Plan], finished: Callable[..., LanguageResult], stored: Callable[[str], Any]
) -> None:
    asked, dash = (plan("es-ES", "fr-FR", packaging=[kind]) for kind in ("hls", "dash"))
    made = LanguageResults(finished=(finished("es-ES"), finished("fr-FR")))
    out = outcome_of(es_ES="delivered", fr_FR="delivered")
    both = key(asked, made, out)
    assert both == key(asked, made, out)
    assert both != key(asked, made, outcome_of(es_ES="delivered", fr_FR="held"))
    assert both != key(dash, made, out)
    anew = made.finished[0].model_copy(update={"video": stored("another video")})
    assert both != key(asked, LanguageResults(finished=(anew, made.finished[1])), out)


def test_what_was_said_of_a_language_changes_nothing_of_its_package(
    plan: Callable[..., Plan], finished: Callable[..., LanguageResult]
) -> None:
    """Checks and notes are the report's; a package is its sound, its picture and its text."""
    asked, out = plan("es-ES", packaging=["hls"]), outcome_of(es_ES="delivered")
    plain = LanguageResults(finished=(finished("es-ES"),))
    noted = LanguageResults(finished=(finished("es-ES", ("fit", "warn"), notes=("One line is short.",)),))
    assert key(asked, plain, out) == key(asked, noted, out)


def test_captions_and_forced_lines_are_tracks_of_it_whatever_format_they_are_delivered_in(
    plan: Callable[..., Plan], finished: Callable[..., LanguageResult], tmp_path: Path
) -> None:
    srt = open_store().keep_bytes(b"1\n00:00:00,000 --> 00:00:00,900\n[Ana] Hola\n", ".srt")
    vtt = open_store().keep_bytes(b"WEBVTT\n\n00:00.000 --> 00:00.900\nSALIDA\n", ".vtt")
    more = (
        TrackFile(kind="captions", format="srt", file=srt),
        TrackFile(kind="forced", format="srt", file=srt),
        TrackFile(kind="forced", format="vtt", file=vtt),
        TrackFile(kind="bilingual", format="vtt", file=vtt),
    )
    bare = finished("es-ES")
    made = bare.model_copy(update={"tracks": bare.tracks.model_copy(update={"more": more})})
    found = {one.role: one.path for one in texts_of([made], None, tmp_path)}
    assert list(found) == ["subtitles", "captions", "forced"]
    assert "[Ana] Hola" in found["captions"].read_text()
    assert found["captions"].read_text().startswith("WEBVTT")
    assert "SALIDA" in found["forced"].read_text()
    asked, out = plan("es-ES", packaging=["hls"]), outcome_of(es_ES="delivered")
    assert key(asked, LanguageResults(finished=(made,)), out) != key(asked, LanguageResults(finished=(bare,)), out)


async def test_a_source_script_that_was_heard_for_itself_is_the_originals_text(
    plan: Callable[..., Plan], reel: Reel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where every target has its script, it was heard for `scripts`, and no language was translated from it."""
    heard = open_store().keep_bytes(b"WEBVTT\n\n00:00.000 --> 00:00.900\nHello\n", ".vtt")
    given: dict[str, Any] = {}

    async def take(*_: Any, **options: Any) -> Original:
        given.update(options)
        return Original(locale="en-US", audio=heard)

    monkeypatch.setattr("polyreel.packaging.original.take_original", take)
    own = reel.model_copy(update={"file": heard})
    await original_of(plan("es-ES", scripts=["srt"]).model_copy(update={"heard_script": heard}), own)
    assert (given["script"], given["is_machine_made"]) == (heard, True)


def test_where_nobody_knows_what_is_said_no_file_of_text_goes_out(
    plan: Callable[..., Plan], finished: Callable[..., LanguageResult], stored: Callable[[str], Any], tmp_path: Path
) -> None:
    """Empty subtitles in a player's menu mislead, and libraries refuse files of no bytes. Forced lines are a file."""
    more = tuple(TrackFile(kind=kind, format="vtt", file=stored(kind)) for kind in ("captions", "forced"))
    spoken = finished("es-ES")
    silent = spoken.model_copy(update={"tracks": spoken.tracks.model_copy(update={"more": more, "is_empty": True})})
    assert [item.role for item in items_of_language(plan("es-ES"), silent)] == ["video", "forced"]
    assert {item.role for item in items_of_language(plan("es-ES"), spoken)} == {"video", "subtitles"}
    assert [each.role for each in texts_of([silent], None, tmp_path)] == ["forced"]
