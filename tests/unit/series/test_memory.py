"""The memory of a series: approved lines, found again by their words, and exchanged as TMX."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from polyreel.dubbing.translation import Commission, draft_script
from polyreel.engine.translate.port import Order
from polyreel.errors import InvalidJob
from polyreel.intake.jobfile import load_job
from polyreel.planning.memory import keep_memory
from polyreel.series.memory import Pair, Unit, merge_units, normalise_line, pair_of
from polyreel.series.pairing import pair_scripts
from polyreel.series.tmx import read_tmx, write_tmx
from polyreel.store.choice import open_store
from polyreel.subtitles import read_file
from polyreel.subtitles.model import Cue, Track
from tests.unit.series.conftest import ENGLISH, SPANISH, UNITS


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
