"""What jobs of a series share: a job takes it where it says nothing itself, and writes back what it learned."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from polyreel.engine.voice.text.said_as import Pronunciation, respell, with_shared
from polyreel.errors import InvalidJob
from polyreel.intake.jobfile import load_job
from polyreel.intake.series import read_series_pronunciations
from polyreel.planning.memory import keep_terms
from polyreel.store.choice import open_store
from polyreel.store.local import path_of


def test_a_job_takes_cast_and_profile_from_its_series(episode: Callable[..., Path]) -> None:
    job = load_job(episode())
    assert job.speakers
    assert {name: dict(each.voices) for name, each in job.speakers.items()} == {
        "Ana": {"es-ES": "nova"},
        "Tom": {"es-ES": "rico"},
    }
    assert job.speakers["Ana"].gender == "female"
    assert job.subtitles.profile == "bbc"


def test_what_the_job_says_itself_counts_first(episode: Callable[..., Path]) -> None:
    job = load_job(episode(speakers={"Ana": {"voices": {"es-ES": "mine"}}}, subtitles={"profile": "netflix"}))
    assert job.speakers
    assert job.speakers["Ana"].voices == {"es-ES": "mine"}
    assert job.speakers["Tom"].voices == {"es-ES": "rico"}
    assert job.subtitles.profile == "netflix"


def test_a_job_without_a_series_is_as_before(episode: Callable[..., Path]) -> None:
    assert load_job(episode(series=None)).speakers is None


def test_a_series_by_path_is_taken_from_the_job_files_folder(episode: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "series.yaml").write_text("profile: none\n")
    job = load_job(episode(series="./own"))
    assert (job.subtitles.profile, job.series) == ("none", str(tmp_path / "own"))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("actors: {}", "actors"),
        ("cast: [Ana]", "cast"),
        ("profile: mine", "profile"),
        ('do_not_translate: ["a\\tb"]', "do_not_translate"),
        ("- a list", "series"),
        ("a: *b", "YAML"),
    ],
)
def test_settings_that_are_wrong_name_the_file_and_the_field(
    episode: Callable[..., Path], harbour: Path, settings: str, said: str
) -> None:
    (harbour / "series.yaml").write_text(settings)
    with pytest.raises(InvalidJob, match=said) as refused:
        load_job(episode())
    assert str(harbour / "series.yaml") in str(refused.value)


def test_a_series_that_is_not_there_is_said_with_its_place(episode: Callable[..., Path]) -> None:
    with pytest.raises(InvalidJob, match=r"no such series.*harbor|harbor.*no such series"):
        load_job(episode(series="harbor"))


def test_words_that_stay_are_terms_beside_the_glossary(episode: Callable[..., Path], harbour: Path) -> None:
    job, store = load_job(episode()), open_store()
    only = keep_terms(job, store)
    assert only
    assert path_of(only).read_text() == "Polyreel\tPolyreel\n"
    (harbour / "glossary.tsv").write_text("en\tes-ES\tfr\nreel\tbobina\tbobine")
    both = keep_terms(job, store)
    assert both
    assert path_of(both).read_text().splitlines()[-1] == "Polyreel\tPolyreel\tPolyreel"


# -- how terms are said


def test_a_series_says_its_terms_and_the_jobs_own_way_counts_first(harbour: Path) -> None:
    """Term by term, also where the series is more exact."""
    shared = "Halifax\tAlifax\tes-ES\nMoose\tMus\nMoose\tMuus\tes\tkokoro\nPier\tPir\tfr\n"
    (harbour / "pronunciations.tsv").write_text(shared)
    own = with_shared(
        (Pronunciation("halifax", "Jalifax"), Pronunciation("Moose", "Mose", voice="kokoro")),
        read_series_pronunciations("harbour"),
    )
    assert [(each.term, each.say) for each in own if each.counts_in("es-ES")] == [
        ("halifax", "Jalifax"),
        ("Moose", "Mose"),
        ("Moose", "Mus"),
    ]
    assert respell("Moose de Halifax", own, "kokoro:ef_dora@es-ES") == "Mose de Jalifax"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("pronunciations.tsv", "alone\n", r"pronunciations\.tsv, line 1"),
        ("pronunciations.tsv", "", r"no pronunciation in it"),
        ("pronunciations.pls", "<lexicon>", r"pronunciations\.pls.*well-formed"),
    ],
)
def test_a_wrong_file_of_a_series_is_named(harbour: Path, name: str, content: str, said: str) -> None:
    (harbour / name).write_text(content)
    with pytest.raises(InvalidJob) as refused:
        read_series_pronunciations("harbour")
    assert re.search(said, str(refused.value))


def test_two_files_of_pronunciations_are_one_too_many(harbour: Path) -> None:
    for name in ("pronunciations.tsv", "pronunciations.pls"):
        (harbour / name).write_text("a\tb\n")
    with pytest.raises(InvalidJob, match="Keep one"):
        read_series_pronunciations("harbour")
