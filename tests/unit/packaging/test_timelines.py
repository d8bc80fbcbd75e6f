"""A dub's lines as a timeline: each a clip at its place, and the files that it is cut from."""

from __future__ import annotations

from fractions import Fraction

import opentimelineio as otio

from polyreel.outcome import LineFit
from polyreel.packaging.timelines import Sheet, write_timeline


def line(text: str, start_ms: int, end_ms: int, speaker: str | None = None) -> LineFit:
    spoken = {"start_ms": start_ms, "end_ms": end_ms, "cue_start_ms": start_ms, "cue_end_ms": end_ms}
    return LineFit(text=text, speaker=speaker, natural_ms=end_ms - start_ms, ratio=1.0, **spoken)


def sheet(*lines: LineFit) -> Sheet:
    return Sheet(
        name="reel es-ES",
        rate=Fraction(24000, 1001),
        frames=240,
        start=86_400,
        picture="reel.es-ES.mp4",
        sounds=[("mix", "reel.es-ES.mix.wav")],
        dialogue="reel.es-ES.dialogue.wav",
        lines=lines,
    )


def read(made: Sheet) -> otio.schema.Timeline:
    return otio.adapters.read_from_string(write_timeline(made).decode(), "otio_json")


def test_every_line_is_a_clip_where_it_is_spoken() -> None:
    timeline = read(
        sheet(line("Hola.", 1000, 2000, "Ana"), line("¿Qué?", 1500, 2500, "Luis"), line("Sí.", 2001, 3000, "Ana"))
    )
    names = [track.name for track in timeline.tracks]
    assert names == ["picture", "dialogue: Ana", "dialogue: Luis", "mix"]
    ana = timeline.tracks[1]
    clips = [each for each in ana if isinstance(each, otio.schema.Clip)]
    assert [each.name for each in clips] == ["Hola.", "Sí."]
    # 1 s is picture 23.976: the clip begins with the picture in which the word does, and no two clips overlap.
    assert [int(ana.range_of_child(each).start_time.value) for each in clips] == [23, 48]
    assert [int(each.source_range.start_time.value) for each in clips] == [86_423, 86_448]
    assert {each.media_reference.target_url for each in clips} == {"reel.es-ES.dialogue.wav"}
    assert clips[0].metadata["polyreel"]["speaker"] == "Ana"


def test_a_timeline_begins_at_the_sources_timecode_and_is_as_long_as_the_reel() -> None:
    timeline = read(sheet())
    assert timeline.global_start_time.value == 86_400
    assert timeline.duration().value == 240
    assert [each.media_reference.target_url for track in timeline.tracks for each in track] == [
        "reel.es-ES.mp4",
        "reel.es-ES.mix.wav",
    ]
