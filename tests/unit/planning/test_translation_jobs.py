"""Targets without scripts: which jobs are refused before anything runs, and what their plan says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from polyreel.dubbing import translation
from polyreel.errors import EngineError, InvalidJob
from polyreel.intake.jobfile import anchor_paths, parse_job
from polyreel.job import Job
from polyreel.outcome import Problem, StoredFile
from polyreel.planning.prepare import prepare
from polyreel.plans import LanguagePlan, MadeScript, Plan
from polyreel.store.local import LocalStore

SOURCE = StoredFile(uri="file:///v", sha256="a" * 64, bytes=1)
HEARD = StoredFile(uri="file:///h", sha256="b" * 64, bytes=1)
DRAFT = StoredFile(uri="file:///d", sha256="c" * 64, bytes=1)


def job(narrated: Path, translation: Any = None, **changes: Any) -> Job:
    source = {"media": str(narrated / "narrated.mp4"), "locale": "en-US"} | changes
    asked = {"name": "reel", "source": source, "targets": ["es-ES"]}
    return parse_job(json.dumps(asked | ({"translation": translation} if translation else {})), "job")


OLLAMA = {"provider": "openai", "base_url": "http://127.0.0.1:11434/v1", "model": "llama3"}


async def test_a_target_without_script_and_translator_names_the_ways(narrated: Path) -> None:
    with pytest.raises(InvalidJob) as caught:
        await prepare(job(narrated), LocalStore())
    assert caught.value.code == "missing_script"
    assert "subtitles: FILE" in caught.value.remedy
    assert "translation: {provider: openai|libretranslate|deepl|argos" in caught.value.remedy


async def test_without_weights_a_source_without_script_is_refused_with_the_command(narrated: Path) -> None:
    """Before anything runs; with a source script no weights are needed."""
    with pytest.raises(EngineError) as caught:
        await prepare(job(narrated, OLLAMA), LocalStore())
    assert caught.value.code == "model_missing"
    assert "polyreel models pull whisper-base" in caught.value.remedy
    plan = await prepare(job(narrated, OLLAMA, subtitles=str(narrated / "narrated.en-US.srt")), LocalStore())
    assert not plan.needs_transcript
    assert plan.languages[0].needs_draft
    assert plan.listener == ""


def with_transcription(narrated: Path, translation: Any = OLLAMA, **asked: Any) -> Job:
    made = job(narrated, translation).model_dump(mode="json", exclude_unset=True)
    return parse_job(json.dumps(made | {"transcription": asked}), "job")


async def test_the_weights_that_a_job_names_are_asked_for_by_their_command(narrated: Path) -> None:
    with pytest.raises(EngineError) as caught:
        await prepare(with_transcription(narrated, model="small"), LocalStore())
    assert caught.value.remedy == "Run `polyreel models pull whisper-small` (about 486 MB)."


async def test_what_is_expected_is_the_vocabulary_and_the_glossarys_terms(
    narrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translation, "require_listener", lambda _: None)
    (tmp_path / "terms.tsv").write_text("harbour\tpuerto\nSørvik\tSørvik\n")
    with_glossary = OLLAMA | {"glossary": str(tmp_path / "terms.tsv")}
    asked = {"vocabulary": ["Siobhan", "Sørvik"], "glossary": True}
    plan = await prepare(with_transcription(narrated, with_glossary, **asked), LocalStore())
    assert plan.expected == ("Siobhan", "Sørvik", "harbour")
    plan = await prepare(with_transcription(narrated, with_glossary, vocabulary=["Siobhan"]), LocalStore())
    assert plan.expected == ("Siobhan",)
    with pytest.raises(InvalidJob, match="no glossary to take words from"):
        with_transcription(narrated, glossary=True)


async def test_a_source_is_written_down_anew_when_it_is_listened_to_otherwise(
    narrated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translation, "require_listener", lambda _: None)

    async def key(**asked: Any) -> str:
        plan = await prepare(with_transcription(narrated, **asked), LocalStore())
        return plan.key("transcribe", SOURCE.sha256)

    plain = await prepare(job(narrated, OLLAMA), LocalStore())
    assert await key(model="base", beam=5) == plain.key("transcribe", SOURCE.sha256), "the usual keeps its key"
    others = [await key(model="small"), await key(beam=1), await key(vocabulary=["Sørvik"])]
    assert len({*others, await key()}) == 4


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"provider": "openai"}, "needs credentials, or the base_url and model"),
        ({"provider": "openai", "base_url": "http://127.0.0.1:1/v1"}, "needs a model"),
        ({"provider": "deepl"}, "deepl needs credentials"),
        ({"provider": "deepl", "base_url": "http://127.0.0.1:1"}, "deepl needs credentials"),
        ({"provider": "libretranslate"}, "or a base_url"),
        ({"provider": "libretranslate", "credentials": "a", "base_url": "http://127.0.0.1:1"}, "its own address alone"),
        ({"provider": "argos", "credentials": "a"}, "argos runs on this machine"),
        ({"provider": "deepl", "credentials": "a", "model": "m"}, "openai alone"),
        ({"provider": "openai", "model": "m", "base_url": "file:///etc/passwd"}, "base_url"),
        ({"provider": "openai", "model": "m", "base_url": "http://me:key@host/v1"}, "base_url"),
        ({"provider": "openai", "model": "m", "base_url": "http://host/v1?key=secret"}, "base_url"),
        ({"provider": "openai", "credentials": "a", "api_key": "sk-1"}, "no such field"),
        ({"provider": "babelfish"}, "provider"),
    ],
)
def test_a_translation_that_can_not_be_meant_is_refused(narrated: Path, asked: dict[str, str], why: str) -> None:
    """Keys never stand in a job, and a saved key never goes to an address that a job chose."""
    with pytest.raises(InvalidJob, match=why):
        job(narrated, asked)


def test_a_glossary_is_found_beside_the_job(narrated: Path, tmp_path: Path) -> None:
    made = anchor_paths(job(narrated, OLLAMA | {"glossary": "terms.tsv"}), tmp_path)
    assert made.translation is not None
    assert made.translation.glossary == str(tmp_path / "terms.tsv")


async def test_a_broken_glossary_is_an_invalid_job_with_its_line(narrated: Path, tmp_path: Path) -> None:
    terms = tmp_path / "terms.tsv"
    terms.write_text("fish\tpez\nwhale ballena\n")
    asked = job(narrated, OLLAMA | {"glossary": str(terms)}, subtitles=str(narrated / "narrated.en-US.srt"))
    with pytest.raises(InvalidJob) as caught:
        await prepare(asked, LocalStore())
    assert f"{terms}, line 2" in str(caught.value)


def test_argos_is_looked_for_before_anything_runs(narrated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "argostranslate", None)
    with pytest.raises(InvalidJob, match="not installed"):
        translation.require_ways(job(narrated, {"provider": "argos"}), ["es-ES"])


# -- keys


def plan(narrated: Path, asked: dict[str, Any] = OLLAMA, glossary: StoredFile | None = None) -> Plan:
    made = job(narrated, asked)
    return Plan(job=made, languages=(LanguagePlan(job=made, locale="es-ES", glossary=glossary),)).with_source(SOURCE)


def keys(made: Plan) -> dict[str, str]:
    return made.languages[0].stage_keys


def test_what_changes_a_draft_changes_its_key_and_credentials_do_not(narrated: Path) -> None:
    base = keys(plan(narrated))
    assert keys(plan(narrated, OLLAMA | {"model": "other"}))["translate"] != base["translate"]
    assert keys(plan(narrated, glossary=HEARD))["translate"] != base["translate"]
    mine, yours = ({"provider": "deepl", "credentials": name} for name in ("mine", "yours"))
    assert keys(plan(narrated, mine)) == keys(plan(narrated, yours))


def test_later_stages_are_kept_under_the_script_that_was_drafted(narrated: Path) -> None:
    """The same draft gives the same keys; another draft, or another transcript, gives others."""
    heard = plan(narrated).with_source_script(MadeScript(script=HEARD, notes=("heard",)))
    assert heard.languages[0].source_script == HEARD
    assert keys(heard)["translate"] != keys(plan(narrated))["translate"]
    one = heard.languages[0].with_draft(MadeScript(script=DRAFT, notes=("machine_draft: m",)))
    same = heard.languages[0].with_draft(MadeScript(script=DRAFT))
    other = heard.languages[0].with_draft(MadeScript(script=HEARD))
    assert one.stage_keys == same.stage_keys
    assert one.stage_keys["translate"] == keys(heard)["translate"]
    assert {stage for stage in one.stage_keys if one.stage_keys[stage] == other.stage_keys[stage]} == {"translate"}
    assert one.machine_draft
    assert one.notes == ("heard", "machine_draft: m")


def test_a_source_that_can_not_be_understood_stops_only_those_who_need_it(narrated: Path) -> None:
    made = plan(narrated)
    given = LanguagePlan(job=made.job, locale="fr-FR", script=DRAFT)
    both = made.model_copy(update={"languages": (*made.languages, given)})
    left = both.without_source_script(Problem(code="empty_transcript", message="nobody speaks"))
    assert [each.locale for each in left.runnable()] == ["fr-FR"]
    assert not left.needs_transcript
