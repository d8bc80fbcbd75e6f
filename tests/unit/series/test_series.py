"""What jobs of a series share: a job takes it where it says nothing itself, and writes back what it learned."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from polyreel.dubbing.translation import Commission, draft_script
from polyreel.engine.translate.port import Order
from polyreel.engine.voice.text.said_as import Pronunciation, respell, with_shared
from polyreel.errors import InvalidJob
from polyreel.intake.jobfile import load_job
from polyreel.intake.learning import prepare_lesson
from polyreel.intake.series import read_memory, read_series_pronunciations
from polyreel.job import Job
from polyreel.outcome import CastSpeaker, Outcome, StoredFile
from polyreel.planning.memory import keep_memory, keep_terms
from polyreel.review.decisions import TIMEOUT, Reviewer, approve, ask, reject
from polyreel.review.edits import Edit, edit_script, from_lines
from polyreel.review.events import Event, ReviewKey, Shown
from polyreel.review.lessons import read_approved_scripts
from polyreel.review.log import ReviewLog
from polyreel.series.memory import Pair, Unit, merge_units, normalise_line, pair_of
from polyreel.series.pairing import pair_scripts
from polyreel.series.tmx import read_tmx, write_tmx
from polyreel.store.choice import open_store
from polyreel.store.local import path_of
from polyreel.subtitles import read_file
from polyreel.subtitles.model import Cue, Track

ENGLISH = """1
00:00:01,000 --> 00:00:02,000
Good morning, harbour.

2
00:00:03,000 --> 00:00:04,000
Nobody came.
"""
SPANISH = ENGLISH.replace("Good morning, harbour.", "Buenos días,\npuerto.").replace("Nobody came.", "No vino nadie.")
SETTINGS = """
cast:
  Ana: {gender: female, voices: {es-ES: nova, fr-FR: claire}}
  Tom: {voices: {es-ES: rico}}
do_not_translate: [Polyreel]
profile: bbc
"""


@pytest.fixture
def harbour(polyreel_home: Path) -> Path:
    """A series with settings."""
    folder = polyreel_home / "series" / "harbour"
    folder.mkdir(parents=True)
    (folder / "series.yaml").write_text(SETTINGS)
    return folder


@pytest.fixture
def episode(tmp_path: Path, harbour: Path) -> Callable[..., Path]:
    """A job file of the series with scripts in both languages: ``episode(speakers=...)``."""
    (tmp_path / "e1.en.srt").write_text(ENGLISH)
    (tmp_path / "e1.es.srt").write_text(SPANISH)

    def make(**changes: Any) -> Path:
        job = {
            "name": "e1",
            "series": "harbour",
            "source": {"media": "e1.mp4", "locale": "en-US", "subtitles": "e1.en.srt"},
            "targets": [{"locale": "es-ES", "subtitles": "e1.es.srt"}],
        }
        (tmp_path / "e1.yaml").write_text(json.dumps({**job, **changes}))
        return tmp_path / "e1.yaml"

    return make


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


# -- the memory


UNITS = [
    Unit((("en-US", "Good morning, harbour."), ("es-ES", "Buenos días, puerto."), ("fr-FR", "Bonjour, le port."))),
    Unit((("en-US", "It’s  late."), ("es-ES", "Es tarde."))),
]


def test_a_memory_goes_out_as_tmx_and_comes_in_the_same() -> None:
    hostile = Unit((("en-US", '<b>&amp; ]]> "x" </seg>'), ("ar", "مرحبًا & <script>")), "2026-11-28T21:00:00")
    written = write_tmx([*UNITS, hostile], "en-US", "0.2.0")
    back = read_tmx(written, "memory.tmx")
    assert [dict(unit.texts) for unit in back[:1]] == [dict(UNITS[0].texts)]
    assert back[2] == hostile


def test_another_tools_tmx_is_read_without_its_marks() -> None:
    theirs = b"""<?xml version="1.0"?><!DOCTYPE tmx SYSTEM "tmx14.dtd">
    <tmx version="1.4"><header srclang="EN-us" segtype="sentence"/><body>
    <tu changedate="20261128T210000Z"><tuv xml:lang="es-es">
    <seg>Pulse <bpt i="1">&lt;b&gt;</bpt>aqu\xc3\xad<ept i="1">&lt;/b&gt;</ept>.</seg></tuv>
    <tuv xml:lang="EN-US"><seg>Press <hi>here</hi>.</seg></tuv></tu>
    <tu><tuv xml:lang="en-US"><seg>Alone</seg></tuv></tu></body></tmx>"""
    (unit,) = read_tmx(theirs, "theirs.tmx")
    assert unit == Unit((("en-US", "Press here."), ("es-ES", "Pulse aquí.")), "2026-11-28T21:00:00")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not xml",
        b"<xliff/>",
        b'<!DOCTYPE tmx [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><tmx><body/></tmx>',
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_memory_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(InvalidJob, match=r"theirs\.tmx"):
        read_tmx(content, "theirs.tmx")


def test_a_line_is_found_by_its_words_and_nearly_its_words() -> None:
    pair = Pair(pair_of(UNITS, "en-US", "es-MX"))
    assert pair.exact("It's late.") == "Es tarde."
    assert pair.exact("it's late.") is None
    near = pair.near("Good evening, harbour.")
    assert near
    assert (near.target, near.share >= 0.8) == ("Buenos días, puerto.", True)
    assert pair.near("Something else altogether.") is None
    assert normalise_line("  a\u00a0 “b” ") == 'a "b"'


def test_a_newer_wording_takes_the_place_of_an_older_and_other_languages_stay() -> None:
    units, added = merge_units(UNITS, [Unit((("en-US", "Good  morning, harbour."), ("es-ES", "¡Buen día, puerto!")))])
    assert len(units) == len(UNITS)
    assert len(added) == 1
    assert units[0].text("es-ES") == "¡Buen día, puerto!"
    assert units[0].text("fr-FR") == "Bonjour, le port."
    assert merge_units(units, UNITS[1:])[1] == []


def test_lines_are_paired_where_they_stand_together(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text(ENGLISH)
    (tmp_path / "b.srt").write_text(SPANISH)
    pairs = pair_scripts(read_file(tmp_path / "a.srt").track, read_file(tmp_path / "b.srt").track, "en-US", "es-ES")
    assert [dict(unit.texts)["es-ES"] for unit in pairs] == ["Buenos días, puerto.", "No vino nadie."]
    apart = Track((Cue(1000, 4000, "Todo junto."),))
    assert pair_scripts(read_file(tmp_path / "a.srt").track, apart, "en-US", "es-ES") == []


class Translator:
    """A drafter that says what it was asked for."""

    name = "a test's translator"

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def translate(self, order: Order) -> Mapping[int, str]:
        self.asked += [line.text for line in order.lines]
        return {line.number: f"Traducido número {line.number}." for line in order.lines}

    async def shorten(self, order: Order, drafts: Mapping[int, str]) -> Mapping[int, str]:
        return {}


async def test_approved_lines_are_taken_as_they_are_and_near_ones_are_told(tmp_path: Path) -> None:
    track = Track(
        tuple(
            Cue(at * 4000, at * 4000 + 3000, text)
            for at, text in enumerate(("Good morning, harbour.", "Good evening, harbour.", "Nobody came to see it."))
        )
    )
    memory = tmp_path / "memory.json"
    memory.write_text(json.dumps(pair_of(UNITS, "en-US", "es-ES")))
    translator = Translator()
    made = await draft_script(
        Commission(track, "en-US", "es-ES", "none", 12_000, memory=memory), translator, lambda _: None
    )
    assert translator.asked == ["Good evening, harbour.", "Nobody came to see it."]
    assert made.track.cues[0].text == "Buenos días, puerto."
    told = " ".join(made.notes)
    assert "machine_draft" in told
    assert "Of 3 lines 1 approved before" in told
    assert "line 2: 'Good morning, harbour.' is 'Buenos días, puerto.'" in told


def test_only_what_a_language_needs_is_in_its_key(episode: Callable[..., Path], harbour: Path) -> None:
    job = load_job(episode(translation={"provider": "argos"}))
    assert keep_memory(job, job.targets[0], open_store()) is None
    (harbour / "memory.tmx").write_bytes(write_tmx(UNITS[:1], "en-US", "0.2.0"))
    first = keep_memory(job, job.targets[0], open_store())
    more = Unit((("en-US", "Only French."), ("fr-FR", "Seulement en français.")))
    (harbour / "memory.tmx").write_bytes(write_tmx([*UNITS[:1], more], "en-US", "0.2.0"))
    assert first
    assert keep_memory(job, job.targets[0], open_store()) == first


# -- the command


@pytest.fixture
def series() -> Callable[..., Any]:
    """``polyreel series`` with arguments."""
    from deployments.cli import cli

    return lambda *arguments: CliRunner().invoke(cli, ["series", *map(str, arguments)])


def test_a_job_writes_back_cast_and_lines_with_a_diff(
    episode: Callable[..., Path], series: Callable[..., Any], tmp_path: Path, harbour: Path
) -> None:
    outcome = Outcome(job="e1", status="completed", speakers={"Eva": CastSpeaker(voices={"es-ES": "luna"})})
    (tmp_path / "outcome.json").write_text(outcome.model_dump_json())
    arguments = ("learn", episode(), "--outcome", tmp_path / "outcome.json")
    shown = series(*arguments)
    assert "+  Eva:" in shown.output
    assert "es-ES: Buenos días, puerto." in shown.output
    assert "Nothing was written" in shown.output
    assert read_memory("harbour") == []
    assert series(*arguments, "--yes").output.endswith("Written.\n")
    job: Job = load_job(episode())
    assert job.speakers
    assert job.speakers["Eva"].voices == {"es-ES": "luna"}
    assert job.speakers["Ana"].gender == "female"
    assert len(read_memory("harbour")) == 2
    assert "knows all of it" in series(*arguments, "--yes").output


def test_an_edited_script_teaches_its_own_words(
    episode: Callable[..., Path], series: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "edited.srt").write_text(SPANISH.replace("No vino nadie.", "Nadie vino."))
    told = json.loads(series("learn", episode(), f"es-ES={tmp_path / 'edited.srt'}", "--yes", "--json").output)
    assert told["written"]
    assert told["lines"][1] == {"en-US": "Nobody came.", "es-ES": "Nadie vino."}
    wrong = series("learn", episode(), f"fr-FR={tmp_path / 'edited.srt'}")
    assert wrong.exit_code == 2


def keep(text: str) -> StoredFile:
    return open_store().keep_bytes(text.encode(), ".srt")


async def hold(job: Job, script: str = SPANISH, source: str = ENGLISH) -> tuple[ReviewLog, ReviewKey]:
    """A run of the job holds its Spanish script for a person."""
    log, key, made = ReviewLog(open_store()), ReviewKey.of(job, "es-ES"), keep(script)
    shown = Shown(source_locale="en-US", source_script=keep(source))
    await log.write(key, ask("script", made.sha256, made=made, script=made, reason="", shown=shown))
    return log, key


async def test_approved_edits_of_a_held_review_are_learned(
    episode: Callable[..., Path], tmp_path: Path, harbour: Path
) -> None:
    """Nothing before the approval, the edited words after it, and not what was edited later; a file counts first."""
    job = load_job(episode())
    log, key = await hold(job)
    edit = Edit(Reviewer("Ana"), from_lines({2: "Nadie vino."}))
    await edit_script(open_store(), key, edit)
    assert (await read_approved_scripts(open_store(), job)).files == {}
    await log.write(key, approve(Reviewer("Ana")))
    await edit_script(open_store(), key, Edit(Reviewer("Ana"), from_lines({2: "No vino ni un alma."})))
    approved = await read_approved_scripts(open_store(), job)
    assert approved.notes == ["es-ES: later edits, which nobody has approved, are left out."]
    lesson = prepare_lesson(job, {}, approved.files, heard=approved.source)
    assert [unit.text("es-ES") for unit in lesson.units] == ["Buenos días, puerto.", "Nadie vino."]
    replaced = keep(SPANISH.replace("vino", "llegó"))
    await log.write(key, ask("script", replaced.sha256, made=replaced, script=replaced, reason="", shown=Shown()))
    assert (await read_approved_scripts(open_store(), job)).files == {}


async def test_a_draft_that_was_approved_is_learned_beside_what_was_heard(episode: Callable[..., Path]) -> None:
    """The job names no script at all: both are from its review. A rejection and a timeout teach nothing."""
    source = {"media": "e1.mp4", "locale": "en-US"}
    job = load_job(episode(source=source, targets=["es-ES"], translation={"provider": "argos"}))
    log, key = await hold(job)
    await log.write(key, reject(Reviewer("Ana"), "too formal"))
    by_time = Event(kind="approved", by=TIMEOUT, script=keep(SPANISH), subject=keep(SPANISH).sha256)
    await log.write(key, lambda _: by_time)
    assert (await read_approved_scripts(open_store(), job)).files == {}
    await log.write(key, lambda _: by_time.model_copy(update={"by": "Ana"}))
    approved = await read_approved_scripts(open_store(), job)
    lesson = prepare_lesson(job, {}, approved.files, heard=approved.source)
    assert [dict(unit.texts) for unit in lesson.units][1] == {"en-US": "Nobody came.", "es-ES": "No vino nadie."}


def test_the_command_learns_from_the_review_and_names_one_that_is_damaged(
    episode: Callable[..., Path], series: Callable[..., Any]
) -> None:
    async def decide() -> ReviewKey:
        log, key = await hold(load_job(episode()), SPANISH.replace("No vino nadie.", "Nadie vino."))
        await log.write(key, approve(Reviewer("Ana")))
        return key

    key = asyncio.run(decide())
    assert "es-ES: Nadie vino." in series("learn", episode(), "--yes").output
    (open_store().root / key.folder / "000001.json").write_bytes(b"{")
    told = json.loads(series("learn", episode(), "--json").output)
    assert "000001.json" in told["notes"][0]
    assert [each["es-ES"] for each in told["lines"]] == ["No vino nadie."]  # the job's own file


def test_a_memory_is_taken_in_and_given_out(series: Callable[..., Any], tmp_path: Path, harbour: Path) -> None:
    (tmp_path / "theirs.tmx").write_bytes(write_tmx(UNITS, "en-US", "1"))
    assert series("import", "harbour", tmp_path / "theirs.tmx").output == "2 units read, 2 of them new.\n"
    assert series("import", "harbour", tmp_path / "theirs.tmx").output == "2 units read, 0 of them new.\n"
    assert series("export", "harbour", tmp_path / "ours.tmx").exit_code == 0
    assert len(read_tmx((tmp_path / "ours.tmx").read_bytes(), "ours.tmx")) == 2
    assert "2 approved lines" in series("show", "harbour").output
    assert series("show", "nobody").exit_code == 2


def test_a_folder_that_is_no_series_is_not_shown_as_an_empty_one(
    series: Callable[..., Any], tmp_path: Path, harbour: Path
) -> None:
    (tmp_path / "films").mkdir()
    for place in (tmp_path / "films", "..", f"{harbour}/.."):
        shown = series("show", place)
        assert (shown.exit_code, "there is no series in this folder" in shown.stderr) == (2, True)
    (harbour.parent / "new").mkdir()
    assert "new: 0 approved lines" in series("show", "new").output
