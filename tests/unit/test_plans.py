"""Keys and names: what a change in the job makes new, and what it leaves as it is."""

from __future__ import annotations

import pickle

import pytest

from polyreel import errors
from polyreel.job import EmbeddedDubbing, Job
from polyreel.outcome import LanguageOutcome, StoredFile, status_of
from polyreel.plans import LANGUAGE_STAGES, EditedScript, LanguagePlan, Plan

SOURCE = "a" * 64


def plan(scripts: dict[str, str] | None = None, **changes: object) -> Plan:
    scripts = scripts or {"es-ES": "1", "fr-FR": "2"}
    job = Job.model_validate(
        {"name": "reel", "source": {"media": "a.mp4", "locale": "en-US"}, "targets": list(scripts)} | changes
    )
    languages = tuple(
        LanguagePlan(job=job, locale=locale, script=StoredFile(uri="file:///s", sha256=digest, bytes=1))
        for locale, digest in scripts.items()
    )
    return Plan(job=job, languages=languages)


def keys(made: Plan, locale: str) -> dict[str, str]:
    return {stage: made.key(stage, SOURCE, locale) for stage in LANGUAGE_STAGES}


def test_every_stage_has_a_key_of_its_own() -> None:
    made = plan()
    found = [made.key(stage, SOURCE) for stage in ("trim", "separate")]
    found += [*keys(made, "es-ES").values(), *keys(made, "fr-FR").values()]
    assert len(set(found)) == len(found)


def test_the_same_job_has_the_same_keys() -> None:
    assert keys(plan(), "es-ES") == keys(plan(), "es-ES")


def test_another_script_changes_that_language_alone() -> None:
    before, after = plan(), plan({"es-ES": "changed", "fr-FR": "2"})
    assert keys(before, "fr-FR") == keys(after, "fr-FR")
    assert not set(keys(before, "es-ES").values()) & set(keys(after, "es-ES").values())
    assert before.key("trim", SOURCE) == after.key("trim", SOURCE)


def test_another_target_leaves_the_others_alone() -> None:
    more = plan({"es-ES": "1", "fr-FR": "2", "de-DE": "3"})
    assert keys(more, "es-ES") == keys(plan(), "es-ES")
    assert more.key("separate", SOURCE) == plan().key("separate", SOURCE)


def test_a_limit_of_a_jobs_own_checks_anew_and_makes_nothing_anew() -> None:
    before, after = plan(), plan(quality={"limits": {"line_timing": {"warn": 200}}})
    assert [stage for stage, key in keys(before, "es-ES").items() if keys(after, "es-ES")[stage] != key] == ["check"]
    said_nothing = plan(quality={"limits": {"line_timing": {}}})
    assert keys(said_nothing, "es-ES") == keys(before, "es-ES")
    assert plan(quality={"limits": {"line_timing": {"warn": 300}}}).key("check", SOURCE, "es-ES") not in {
        made.key("check", SOURCE, "es-ES") for made in (before, after)
    }


def test_mending_makes_anew_what_follows_it_alone_and_a_job_without_it_has_no_key_of_it() -> None:
    """Speaking, mixing and listening come before: what was made of them for a job without it is taken."""
    before, after = plan(), plan(quality={"mend": True})
    changed = [stage for stage, key in keys(before, "es-ES").items() if keys(after, "es-ES")[stage] != key]
    assert changed == ["subtitles", "mux", "check"]
    assert keys(plan(quality={"mend": False}), "es-ES") == keys(before, "es-ES")
    source = StoredFile(uri="file:///a.mp4", sha256=SOURCE, bytes=1)
    plain, mended = (each.with_source(source).language("es-ES") for each in (before, after))
    assert "mend" not in plain.stage_keys
    chat = {"provider": "openai", "base_url": "http://127.0.0.1:1/v1", "model": "m"}
    shortened = plan(quality={"mend": True}, translation=chat).with_source(source).language("es-ES")
    assert shortened.stage_keys["mend"] != mended.stage_keys["mend"]
    assert shortened.stage_keys["listen"] == plain.stage_keys["listen"]


def test_what_a_person_approved_is_not_mended_and_kept_under_keys_of_its_own() -> None:
    source = StoredFile(uri="file:///a.mp4", sha256=SOURCE, bytes=1)
    asked = {"quality": {"mend": True}, "review": "script"}
    language = plan(**asked).with_source(source).language("es-ES")
    assert language.script
    approved = language.with_edited_script(EditedScript(script=language.script, made=language.script, is_read=True))
    assert (language.is_approved, approved.is_approved) == (False, True)
    assert (language.subtitles.mend, approved.subtitles.mend) == (True, False)
    assert not set(language.stage_keys.values()) & set(approved.stage_keys.values())
    without = plan(review="script").with_source(source).language("es-ES")
    read = without.with_edited_script(EditedScript(script=language.script, made=language.script, is_read=True))
    assert read.stage_keys == without.stage_keys


def test_another_profile_repeats_the_checks_alone() -> None:
    before, after = keys(plan(), "es-ES"), keys(plan(subtitles={"profile": "bbc"}), "es-ES")
    assert [stage for stage in before if before[stage] != after[stage]] == ["check"]


@pytest.mark.parametrize(
    "changes",
    [
        {"subtitles": {"formats": ["srt", "vtt", "imsc"]}},
        {"subtitles": {"kinds": ["subtitles", "captions"]}},
        {"source": {"media": "a.mp4", "locale": "en-US", "timecode": "01:00:00:00"}},
    ],
)
def test_other_files_of_text_are_a_new_result_as_the_check_hands_the_files_on(changes: dict[str, object]) -> None:
    before, after = keys(plan(), "es-ES"), keys(plan(**changes), "es-ES")
    assert [stage for stage in before if before[stage] != after[stage]] == ["subtitles", "mux", "check"]


def test_the_name_of_the_job_is_in_no_key() -> None:
    assert keys(plan(name="other"), "es-ES") == keys(plan(), "es-ES")


def test_another_trim_changes_everything() -> None:
    before, after = plan(), plan(trim={"end": 5})
    assert before.key("trim", SOURCE) != after.key("trim", SOURCE)
    assert not set(keys(before, "es-ES").values()) & set(keys(after, "es-ES").values())


def test_file_names_come_from_the_plan() -> None:
    assert plan().language("es-ES").file_name("mp4") == "es-ES/reel.es-ES.mp4"


def test_a_bound_plan_holds_every_key() -> None:
    bound = plan().with_source(StoredFile(uri="file:///a.mp4", sha256=SOURCE, bytes=1))
    assert bound.language("es-ES").stage_keys == keys(plan(), "es-ES")
    assert bound.stage_keys["trim"] == plan().key("trim", SOURCE)


@pytest.mark.parametrize(
    ("states", "status"),
    [
        (["delivered", "delivered"], "completed"),
        (["delivered", "failed"], "partial"),
        (["failed", "failed"], "failed"),
        (["delivered", "held"], "held"),
        (["held", "failed"], "held"),
        ([], "failed"),
    ],
)
def test_the_jobs_state_comes_from_its_languages(states: list[str], status: str) -> None:
    assert status_of([LanguageOutcome.model_validate({"status": state}) for state in states]) == status


def test_errors_keep_all_they_say_when_pickled() -> None:
    error = errors.SubtitleError("no text", line=3, where="a.srt", remedy="Write some.")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is errors.SubtitleError
    assert (str(again), again.line, again.code) == (str(error), 3, "invalid_subtitles")
    assert str(error) == "a.srt: no text. Write some. [invalid_subtitles]"


def test_younger_options_stand_in_a_key_only_where_they_are_asked_for() -> None:
    """What earlier versions made stays done: a job that asks for nothing new has the keys that it had."""
    before = {"provider": "embedded", "mix": "dub", "loudness": "source", "voices": "auto"}
    assert EmbeddedDubbing().key_inputs("credentials", "separation") == before
    following = EmbeddedDubbing(prosody="follow").key_inputs("credentials", "separation")
    assert following == before | {"prosody": "follow"}
    # `auto` was called `source` once, and is not the same for sound without a picture.
    assert EmbeddedDubbing(loudness="source").key_inputs("credentials", "separation") != before
