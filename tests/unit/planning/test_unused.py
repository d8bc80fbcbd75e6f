"""What a job names and nothing comes of is told before anything runs, and what can't be had is refused then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from polyreel.dubbing import translation
from polyreel.errors import InvalidJob
from polyreel.job import Job
from polyreel.planning.prepare import prepare
from polyreel.plans import Plan
from polyreel.store.local import LocalStore

SCRIPT = "WEBVTT\n\n00:01.000 --> 00:03.000\n<v Ana>Hola, buenas tardes.\n"


async def planned(narrated: Path, folder: Path, *, script: str = SCRIPT, **changes: Any) -> Plan:
    (folder / "es.vtt").write_text(script, encoding="utf-8")
    asked: dict[str, Any] = {
        "name": "reel",
        "source": {"media": str(narrated / "narrated.mp4"), "locale": "en-US"},
        "targets": [{"locale": "es-ES", "subtitles": str(folder / "es.vtt")}],
    }
    return await prepare(Job.model_validate(asked | changes), LocalStore())


async def test_a_name_that_no_script_has_is_told_with_those_that_are_there(narrated: Path, tmp_path: Path) -> None:
    plan = await planned(narrated, tmp_path, speakers={"Anna": {"gender": "female"}, "Ana": {}})
    assert plan.notes == ("speakers: nobody is called Anna in the scripts (there are Ana): nothing comes of it.",)


async def test_who_is_told_apart_by_ear_needs_no_name_in_a_script(narrated: Path, tmp_path: Path) -> None:
    source = {"media": str(narrated / "narrated.mp4"), "locale": "en-US", "speakers": "auto"}
    nameless = SCRIPT.replace("<v Ana>", "")
    told = {"Speaker 2": {"gender": "male"}}
    assert (await planned(narrated, tmp_path, script=nameless, source=source, speakers=told)).notes == ()
    (note,) = (await planned(narrated, tmp_path, script=nameless, speakers=told)).notes
    assert "no script names anybody" in note


async def test_a_voice_for_a_language_that_the_job_lacks_is_told(narrated: Path, tmp_path: Path) -> None:
    plan = await planned(narrated, tmp_path, speakers={"Ana": {"voices": {"es-MX": "f2"}}})
    assert plan.notes == ("speakers: voices are named for es-MX, which this job does not dub into.",)


async def test_a_speakers_voice_that_is_not_there_is_refused_before_anything_runs(
    narrated: Path, tmp_path: Path
) -> None:
    with pytest.raises(InvalidJob, match="nobody") as caught:
        await planned(narrated, tmp_path, speakers={"Ana": {"voices": {"es-ES": "nobody"}}})
    assert caught.value.code == "no_voice"


async def test_a_series_cast_may_have_people_who_are_not_in_this_film(
    narrated: Path, tmp_path: Path, polyreel_home: Path
) -> None:
    (polyreel_home / "series" / "harbour").mkdir(parents=True)
    (polyreel_home / "series" / "harbour" / "series.yaml").write_text("cast: {Ben: {gender: male}}\n")
    assert (await planned(narrated, tmp_path, series="harbour")).notes == ()


@pytest.mark.parametrize(("head", "told"), [("en\tfr-FR", True), ("en\tes-ES", False), ("term\ttranslation", False)])
async def test_a_glossary_without_a_column_for_a_language_is_told(
    narrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: str, told: bool
) -> None:
    monkeypatch.setattr(translation, "require_listener", lambda _: None)
    (tmp_path / "terms.tsv").write_text(f"{head}\nharbour\tpuerto\n")
    server = {"provider": "openai", "base_url": "http://127.0.0.1:1/v1", "model": "m"}
    plan = await planned(
        narrated, tmp_path, targets=["es-ES"], translation=server | {"glossary": str(tmp_path / "terms.tsv")}
    )
    assert plan.notes == (("glossary: it has no column for es-ES, so that no terms count there.",) if told else ())


async def test_a_glossary_that_contradicts_itself_is_refused_with_both_lines(
    narrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translation, "require_listener", lambda _: None)
    (tmp_path / "terms.tsv").write_text("harbour\tpuerto\nboat\tbarco\nharbour\tdársena\n")
    server = {"provider": "openai", "base_url": "http://127.0.0.1:1/v1", "model": "m"}
    with pytest.raises(InvalidJob, match="'puerto' in line 1") as caught:
        await planned(
            narrated, tmp_path, targets=["es-ES"], translation=server | {"glossary": str(tmp_path / "terms.tsv")}
        )
    assert caught.value.where.endswith("terms.tsv, line 3")
