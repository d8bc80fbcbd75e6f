"""A job's pronunciations: found beside it, kept per language in its keys, and refused with their line."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyreel.errors import InvalidJob
from polyreel.intake.jobfile import anchor_paths
from polyreel.job import Job
from polyreel.outcome import StoredFile
from polyreel.planning.prepare import prepare
from polyreel.plans import Plan
from polyreel.store.local import LocalStore, path_of

SOURCE = StoredFile(uri="file:///v", sha256="a" * 64, bytes=1)
ROWS = "fruta\tfruuuta\tes\nfruit\tfruuuit\tfr\n"


async def planned(narrated: Path, folder: Path, rows: str | None, **changes: object) -> Plan:
    if rows is not None:
        (folder / "said.tsv").write_text(rows, encoding="utf-8")
    targets = [{"locale": each, "subtitles": str(narrated / f"narrated.{each}.srt")} for each in ("es-ES", "fr-FR")]
    asked: dict[str, object] = {
        "name": "reel",
        "source": {"media": str(narrated / "narrated.mp4"), "locale": "en-US"},
        "targets": targets,
    }
    said = {"pronunciations": "said.tsv"} if rows is not None else {}
    job = anchor_paths(Job.model_validate({**asked, **said, **changes}), folder)
    return (await prepare(job, LocalStore())).with_source(SOURCE)


def keys(plan: Plan, locale: str) -> dict[str, str]:
    return plan.language(locale).stage_keys


async def test_what_is_changed_for_one_language_redoes_that_language_alone(narrated: Path, tmp_path: Path) -> None:
    none = await planned(narrated, tmp_path, None)
    both = await planned(narrated, tmp_path, ROWS)
    changed = await planned(narrated, tmp_path, ROWS.replace("fruuuta", "fruta"))
    assert len({keys(plan, "es-ES")["dub"] for plan in (none, both, changed)}) == 3
    assert keys(both, "fr-FR") == keys(changed, "fr-FR") != keys(none, "fr-FR")


@pytest.mark.parametrize("rows", ["fruta\n", "fruta\t/fru1ta/\n"])
async def test_a_wrong_row_is_refused_with_its_line_before_anything_runs(
    narrated: Path, tmp_path: Path, rows: str
) -> None:
    with pytest.raises(InvalidJob) as caught:
        await planned(narrated, tmp_path, rows)
    assert caught.value.code == "invalid_pronunciations"
    assert caught.value.where == f"pronunciations: {tmp_path / 'said.tsv'}, line 1"


async def test_a_file_that_is_not_there_is_named_with_its_field(narrated: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidJob, match="no such file") as caught:
        await planned(narrated, tmp_path, None, pronunciations="nowhere.tsv")
    assert "pronunciations" in caught.value.where


async def test_a_vendor_takes_none_and_the_language_says_so(narrated: Path, tmp_path: Path) -> None:
    plan = await planned(narrated, tmp_path, ROWS, dubbing={"provider": "panjaya", "credentials": "studio"})
    assert all(language.pronunciations is None for language in plan.languages)
    assert any("Panjaya takes no pronunciations" in note for note in plan.language("es-ES").notes)


async def test_a_series_rows_are_the_jobs_where_it_says_nothing_of_the_term(
    narrated: Path, tmp_path: Path, polyreel_home: Path
) -> None:
    """In the plan, and in the key of the language that they are for."""
    (polyreel_home / "series" / "harbour").mkdir(parents=True)
    rows = polyreel_home / "series" / "harbour" / "pronunciations.tsv"
    rows.write_text("fruta\tfrota\nbanana\tbannana\tes\n")
    plan = await planned(narrated, tmp_path, ROWS, series="harbour")
    spanish, french = (plan.language(locale).pronunciations for locale in ("es-ES", "fr-FR"))
    assert spanish
    assert french
    assert path_of(spanish).read_text().splitlines() == ["fruta\tfruuuta\tes\t", "banana\tbannana\tes\t"]
    assert path_of(french).read_text().splitlines() == ["fruit\tfruuuit\tfr\t", "fruta\tfrota\t\t"]
    rows.write_text("fruta\tfrota\nbanana\tbanaana\tes\n")
    changed = await planned(narrated, tmp_path, ROWS, series="harbour")
    assert keys(changed, "fr-FR") == keys(plan, "fr-FR")
    assert keys(changed, "es-ES")["dub"] != keys(plan, "es-ES")["dub"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("fruta\tfruuuta\tes\tkokro\n", "no voice of es-ES on this machine is called 'kokro'"),
        ("fruta\tfruuuta\tes\tespeak-ng:nobody\n", "called 'espeak-ng:nobody'"),
        ("fruta\tfruuuta\tes-MX\n\nfruit\tfruuuit\tfr\n", "fruta is said for es-MX alone, and this job speaks es-ES"),
        ("fruta\tfruuuta\tde\n", "its rows are for de, and this job speaks es-ES, fr-FR: none of them counts"),
    ],
)
async def test_rows_that_count_nowhere_are_told(narrated: Path, tmp_path: Path, rows: str, said: str) -> None:
    plan = await planned(narrated, tmp_path, rows)
    assert len(plan.notes) == 1
    assert said in plan.notes[0]


@pytest.mark.parametrize(
    "row",
    ["\tes\tkokoro", "\tes\tespeak-ng", "\tes\tef_dora", "\t\tespeak-ng:es+f2", "\tes\tf2", "\tes-MX\tkokoro"],
)
async def test_rows_for_voices_and_languages_that_are_there_are_not_told(
    narrated: Path, tmp_path: Path, row: str
) -> None:
    plan = await planned(narrated, tmp_path, f"fruta\tfruuuta{row}\nfruta\tfrota\n")
    assert plan.notes == ()


async def test_a_series_row_for_a_voice_that_is_not_there_is_told_but_its_other_languages_are_not(
    narrated: Path, tmp_path: Path, polyreel_home: Path
) -> None:
    (polyreel_home / "series" / "harbour").mkdir(parents=True)
    rows = polyreel_home / "series" / "harbour" / "pronunciations.tsv"
    rows.write_text("fruta\tfrota\tde\nbanana\tbannana\tes\tkokro\n")
    plan = await planned(narrated, tmp_path, None, series="harbour")
    assert len(plan.notes) == 1
    assert "banana" in plan.notes[0]
