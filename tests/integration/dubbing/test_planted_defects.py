"""Every check of a finished dub, each shown its own defect in a real one: planted in the sound, measured again, found.

A dub is made by the engine, damaged as the table says, and judged as a job's stages judge it. Whole, it passes.
"""

from __future__ import annotations

import asyncio
import re
from fractions import Fraction

import pytest
import yaml

from polyreel.dubbing.checks import check_dub
from polyreel.dubbing.each_line import check_each_line
from polyreel.dubbing.limits import DubLimits
from polyreel.dubbing.outlines import load_power
from polyreel.dubbing.port import Dubbed
from polyreel.dubbing.remedies import Ways, add_remedies
from polyreel.dubbing.sound_checks import check_sound
from polyreel.engine.separation.port import Ducked, part
from polyreel.engine.separation.stems import Stems
from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.job import CheckLimits, LoudnessTarget
from polyreel.job.quality import Quality
from polyreel.outcome import Check
from polyreel.store.local import LocalStore
from tests.integration.dubbing.planted import (
    CLICK,
    LINES,
    MUSIC,
    SECONDS,
    TALK,
    Defect,
    Made,
    add_hiss,
    change_gain,
    cut_peaks,
    dub,
    filtered,
    hum_under,
    line_changed,
    line_cut,
    line_lost,
    line_moved,
    original_left_at,
    request_of,
    said_beside,
    sound,
    too_much_to_say,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("dub")
    store = LocalStore(folder / "store")
    reel = sound(folder / "reel.wav", MUSIC, TALK)
    stems = asyncio.run(part(reel, store, Ducked(), duration=Fraction(SECONDS)))
    request = request_of(store, stems, LINES)
    return Made(asyncio.run(dub(request, store, EspeakVoice())), request, folder, store)


TABLE: list[tuple[str, str, LoudnessTarget, Defect]] = [
    ("loudness", "warn", "source", filtered("volume=1.6dB")),
    ("loudness", "fail", "source", filtered("volume=-3dB")),
    ("true_peak", "fail", "source", filtered(CLICK)),
    ("loudness_range", "warn", "web", filtered("volume='if(lt(mod(t,16),8),0.13,1)':eval=frame")),
    ("loudness_range", "fail", "web", filtered("volume='if(lt(mod(t,16),8),0.08,1)':eval=frame")),
    ("duration", "fail", "source", filtered("atrim=end=63.9")),
    ("duration", "fail", "source", filtered("apad=pad_dur=0.1")),
    ("fit", "warn", "source", too_much_to_say(1)),
    ("fit", "fail", "source", too_much_to_say(0, 1, 2)),
    ("silent_lines", "fail", "source", line_lost(1)),
    ("clipped_speech", "fail", "source", line_cut(1)),
    ("line_timing", "warn", "source", line_moved(2, -400)),
    ("line_timing", "warn", "source", line_moved(2, 800)),
    ("line_timing", "fail", "source", line_moved(2, 1500)),
    ("line_loudness", "warn", "source", line_changed(1, change_gain(-6))),
    ("line_loudness", "warn", "source", line_changed(1, change_gain(6))),
    ("line_loudness", "fail", "source", line_changed(1, change_gain(-10))),
    ("line_loudness", "fail", "source", line_changed(1, change_gain(10))),
    ("line_noise", "warn", "source", line_changed(1, add_hiss(-20))),
    ("line_noise", "fail", "source", line_changed(1, add_hiss(-10))),
    ("line_clipping", "warn", "source", line_changed(1, cut_peaks(10))),
    ("line_clipping", "fail", "source", line_changed(1, cut_peaks(18))),
    ("speech_over_background", "warn", "source", hum_under(1, -40)),
    ("speech_over_background", "fail", "source", hum_under(1, -14)),
    ("speech_window", "warn", "source", said_beside(300)),
    ("speech_window", "fail", "source", said_beside(2000)),
    ("background_speech", "warn", "source", original_left_at(-16)),
    ("background_speech", "fail", "source", original_left_at(0)),
]


OF_LINES = ("silent_lines", "clipped_speech", "line_timing", "line_loudness", "line_noise", "line_clipping")
OF_LINES += ("speech_over_background",)


def judged(dubbed: Dubbed, target: LoudnessTarget, asked: CheckLimits | None = None) -> dict[str, Check]:
    limits, power = DubLimits.of("netflix", target, asked), asyncio.run(load_power(dubbed))
    checks = (
        *check_dub(dubbed, Fraction(SECONDS), limits.sound),
        *check_sound(dubbed, SECONDS * 1000, limits),
        *check_each_line(dubbed, None, power, limits.lines),
    )
    return {check.name: check for check in add_remedies(checks, dubbed, Ways())}


@pytest.mark.parametrize("target", ["source", "web"])
def test_the_dub_as_it_was_made_passes_every_check(made: Made, target: LoudnessTarget) -> None:
    found = judged(made.dubbed, target)
    assert {check.status for check in found.values()} == {"pass"}, found
    assert set(found) == {name for name, *_ in TABLE}


@pytest.mark.parametrize(
    ("name", "status", "target", "defect"),
    TABLE,
    ids=[f"{name} {status} {number}" for number, (name, status, *_) in enumerate(TABLE)],
)
def test_a_planted_defect_is_found(made: Made, name: str, status: str, target: LoudnessTarget, defect: Defect) -> None:
    found = judged(defect(made), target)[name]
    assert (found.name, found.status) == (name, status), found
    assert found.detail
    assert found.limit is not None
    if name in OF_LINES:
        (line,) = found.lines
        assert (line.line, line.text) in [(number, text[:30].strip()) for number, (*_, text) in enumerate(LINES, 1)]
        assert f"line {line.line} at {line.at_ms / 1000:.1f} s '{line.text}' {line.measured}" in found.detail
        assert line.remedy
        assert line.remedy in found.remedy


@pytest.mark.parametrize(
    ("name", "defect"),
    [
        ("line_timing", line_moved(2, 1500)),
        ("line_loudness", line_changed(1, change_gain(-10))),
        ("line_noise", line_changed(1, add_hiss(-10))),
        ("line_clipping", line_changed(1, cut_peaks(18))),
        ("speech_over_background", hum_under(1, -14)),
    ],
)
def test_the_limit_that_a_check_names_lets_a_dub_pass_that_is_meant_so(made: Made, name: str, defect: Defect) -> None:
    dubbed = defect(made)
    check = judged(dubbed, "source")[name]
    told = re.search(r"`quality: (\{limits: .*\})` lets it pass", check.remedy)
    assert told
    asked = Quality.model_validate(yaml.safe_load(told[1])).limits
    assert judged(dubbed, "source", asked)[name].status == "pass"


def test_music_too_loud_under_a_line_is_mended_as_its_check_says(made: Made) -> None:
    """Where a background was given, and swells under one line."""
    swelling = f"sine=f=330:d={SECONDS},volume='if(between(t,10,14),1,0.1)':eval=frame"
    reel = sound(made.folder / "swelling.wav", swelling)
    ducked = asyncio.run(part(reel, made.store, Ducked(), duration=Fraction(SECONDS)))
    given = ducked.model_copy(update={"kind": "given", "background": ducked.original})

    def check(stems: Stems) -> Check:
        asked = request_of(made.store, stems, LINES, target_lufs=-23.0)
        return judged(asyncio.run(dub(asked, made.store, EspeakVoice())), "source")["speech_over_background"]

    found = check(given)
    assert (found.status, [line.line for line in found.lines]) == ("warn", [2])
    assert "`dubbing: {separation: ducked}`" in found.lines[0].remedy
    assert check(ducked).status == "pass"
