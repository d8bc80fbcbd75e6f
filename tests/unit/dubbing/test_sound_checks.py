"""Each check of a dub's sound, shown a defect: speech left behind, a range too wide, speech where no line is due."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from polyreel.dubbing.limits import DubLimits, LineLimits
from polyreel.dubbing.line_checks import check_lines
from polyreel.dubbing.outlines import describe_loudness
from polyreel.dubbing.port import Dubbed
from polyreel.dubbing.sound_checks import (
    check_background_speech,
    check_dialogue,
    check_range,
    check_sound,
    check_window,
)
from polyreel.engine.sound.ducking import RATE
from polyreel.engine.sound.meter import loudness_range, power_at
from polyreel.engine.sound.mix import Material, measure_ducking, plan_mix
from polyreel.outcome import LineFit, StoredFile
from polyreel.store.local import LocalStore

USUAL = DubLimits.of("netflix", "ebu").sound


@pytest.mark.parametrize(("left", "status"), [(-33.0, "pass"), (-20.0, "pass"), (-16.0, "warn"), (0.0, "fail")])
def test_speech_left_in_the_background_is_judged(left: float, status: str) -> None:
    found = check_background_speech(left, "given", USUAL)
    assert (found.name, found.status, found.limit) == ("background_speech", status, -20.0)
    assert ("holds speech" in found.detail) == (status != "pass")


def test_a_range_is_judged_by_the_profile_or_by_the_reels_own() -> None:
    minute = 60_000
    assert check_range(14.0, 9.0, minute, DubLimits.of("netflix", "web").sound).status == "pass"
    assert check_range(17.0, 9.0, minute, DubLimits.of("netflix", "web").sound).status == "warn"
    assert check_range(24.0, 9.0, minute, DubLimits.of("netflix", "netflix").sound).status == "fail"
    assert check_range(24.0, 21.0, minute, DubLimits.of("netflix", "source").sound).status == "pass"
    assert check_range(24.0, 9.0, minute, DubLimits.of("netflix", "source").sound).status == "fail"
    assert check_range(24.0, 9.0, minute - 1, DubLimits.of("netflix", "source").sound).status == "warn"


def test_our_loudness_range_is_that_of_ebu_tech_3342() -> None:
    """Its first two signals: 20 s at -20 LUFS and 20 s at -30 are a range of 10 LU; at -20 and -15, of 5."""
    for other, expected in ((-30.0, 10.0), (-15.0, 5.0)):
        power = np.repeat([power_at(-20.0), power_at(other)], 200)
        assert loudness_range(power) == pytest.approx(expected, abs=1)
    assert loudness_range(np.zeros(500)) == 0
    assert loudness_range(np.ones(5)) == 0


def line(start: int, end: int) -> LineFit:
    return LineFit(
        text="Hola.", cue_start_ms=start, cue_end_ms=end, start_ms=start, end_ms=end, natural_ms=end - start, ratio=1.0
    )


def stem(*spans: tuple[int, int], length_ms: int = 10_000) -> StoredFile:
    """A speech stem that sounds in some spans of milliseconds."""
    sound = np.zeros(length_ms * RATE // 1000, "<i2")
    for start, end in spans:
        sound[start * 48 : end * 48] = 8000
    return LocalStore().keep_bytes(sound.tobytes(), ".s16")


LINES = (line(1000, 3000), line(5000, 7000))


@pytest.mark.parametrize(
    ("spans", "status", "outside"),
    [
        ([(1000, 3000), (4900, 7200)], "pass", 0),
        ([(1000, 3000), (3600, 4000), (5000, 7000)], "warn", 400),
        ([(1000, 3000), (5000, 7000), (8000, 9600)], "fail", 1600),
        ([(0, 3000), (5000, 7000)], "warn", 860),
    ],
)
def test_speech_where_no_line_is_due_is_found(spans: list[tuple[int, int]], status: str, outside: int) -> None:
    found = check_window(stem(*spans), LINES, USUAL)
    assert found.status == status
    assert found.value == pytest.approx(outside, abs=20)


def test_a_dub_without_measures_has_no_such_checks() -> None:
    assert check_sound(Dubbed(locale="es-ES"), 60_000, DubLimits.of("netflix", "ebu")) == ()


def test_a_whole_dub_gets_them_all() -> None:
    dubbed = Dubbed(
        locale="es-ES",
        speech=voiced((1000, 3000)),
        lines=LINES,
        range_lu=6.0,
        speech_left_db=-5.0,
        separation="learned",
    )
    found = {check.name: check.status for check in check_sound(dubbed, 60_000, DubLimits.of("netflix", "ebu"))}
    assert found == {
        "background_speech": "fail",
        "loudness_range": "pass",
        "speech_window": "pass",
        "silent_lines": "fail",
        "clipped_speech": "pass",
        "line_noise": "pass",
        # A tone is no speech: it is as loud as its peak all the time.
        "line_clipping": "fail",
    }


# -- the bed


def material(cues: list[tuple[int, int]], speaking: list[tuple[int, int]], channels: int = 2) -> Material:
    steps = 200
    speech = np.zeros(steps)
    for start, end in speaking:
        speech[start // 100 : end // 100] = power_at(-20)
    bed = np.full((steps, channels), power_at(-23) / channels)
    return Material(speech=speech, speaking=speaking, channels=channels, bed=bed, cues=cues)


def test_how_far_the_original_is_lowered_is_read_off_the_mix_and_shows_where_it_is_not() -> None:
    spoken = [(2000, 5000), (8000, 12_000)]
    made = material(spoken, spoken)
    assert made.bed is not None
    plan = plan_mix("dub", made, -23.0)
    assert measure_ducking(plan, made.bed, spoken) == pytest.approx(-30, abs=1)
    forgotten = [*spoken, (15_000, 18_000)]  # a cue that the mix knows nothing of
    found = measure_ducking(plan, made.bed, forgotten)
    assert found is not None
    assert check_background_speech(found, "ducked", USUAL).status == "fail"
    assert measure_ducking(plan_mix("speech_only", made, -23.0), made.bed, spoken) is None


def test_the_bed_does_not_pump_through_short_pauses_and_moves_no_faster_than_an_ear_forgives() -> None:
    """Pauses under 0.9 s are bridged; it goes down within 150 ms and comes back over 500 ms, so 0.2 dB/ms at most."""
    words = [(2000, 3000), (3400, 4200), (4900, 6000), (9000, 9800)]
    plan = plan_mix("dub", material(words, words), -23.0)
    assert plan.curves is not None
    gain = plan.curves[0].db_at(np.arange(0, 20 * RATE, 48))
    assert np.ptp(gain[2000:6000]) < 0.01
    assert np.abs(np.diff(gain)).max() <= 0.2 + 1e-6
    turns = np.flatnonzero(np.diff(np.sign(np.round(np.diff(gain), 6))) != 0)
    assert len(turns) <= 8  # down, stay, up, stay: twice


def test_in_5_1_the_original_voice_leaves_the_centre_and_the_room_around_stays() -> None:
    spoken = [(2000, 5000)]
    plan = plan_mix("dub", material(spoken, spoken, channels=6), -23.0)
    assert plan.curves is not None
    under = [float(curve.db_at(np.array([3 * RATE]))[0]) for curve in plan.curves]
    assert under[2] == -30
    assert all(gain > -20 for channel, gain in enumerate(under) if channel != 2)


def voiced(*spans: tuple[int, int], fade_ms: int = 15) -> StoredFile:
    """A stem with a tone in some spans of milliseconds that rises and falls as long as is said."""
    sound = np.zeros(10_000 * RATE // 1000)
    for start, end in spans:
        tone = 0.3 * np.sin(np.arange((end - start) * 48) / 20)
        ramp = np.linspace(0, 1, fade_ms * 48)
        tone[: len(ramp)] *= ramp
        tone[len(tone) - len(ramp) :] *= ramp[::-1]
        sound[start * 48 : end * 48] = tone
    return LocalStore().keep_bytes((sound * 32_767).astype("<i2").tobytes(), ".s16")


@pytest.mark.parametrize(
    ("found", "silent", "clipped"),
    [
        (voiced, ("pass", 0), ("pass", 0)),
        (lambda *spans: voiced(*spans, fade_ms=0), ("pass", 0), ("fail", 2)),
        (lambda *spans: voiced(spans[0]), ("fail", 1), ("pass", 0)),
        (lambda *spans: voiced((1000, 1300), spans[1]), ("fail", 1), ("pass", 0)),
        (lambda *spans: voiced((1000, 2000), spans[1]), ("pass", 0), ("pass", 0)),
    ],
)
def test_a_line_that_is_not_there_or_was_cut_is_found(
    found: Callable[..., StoredFile], silent: tuple[str, int], clipped: tuple[str, int]
) -> None:
    """Half of a line may be pauses; a quarter of it must be heard."""
    checks = {each.name: each for each in check_lines(found((1000, 3000), (5000, 7000)), LINES, LineLimits())}
    assert (checks["silent_lines"].status, checks["silent_lines"].value) == silent
    assert (checks["clipped_speech"].status, checks["clipped_speech"].value) == clipped
    assert ("1.0 s" in checks["clipped_speech"].detail) == (clipped[1] > 0)


# -- the dialogue alone


def test_dialogue_is_measured_where_it_is_and_not_where_music_is_louder_or_softer() -> None:
    """A tone of a known level per stretch: -27 LUFS while somebody speaks, louder and softer music around it."""
    levels = np.full(600, -17.0)
    levels[100:300] = -27.0
    levels[300:400] = -45.0
    levels[350:360] = -90.0
    power = np.array([power_at(level) for level in levels])
    said = check_dialogue(power, [(10_000, 20_000), (20_000, 30_000)], "netflix")
    assert said
    assert (said.value, said.limit, said.status, said.detail) == (-27.0, -27.0, "pass", "33% of it is dialogue")
    quiet = check_dialogue(power, [(30_000, 40_000)], "netflix")
    assert quiet
    assert (quiet.value, quiet.status) == (-45.0, "warn"), "what is silent in it counts for nothing"
    assert "18.0 LU away" in quiet.detail
    little = check_dialogue(power, [(30_000, 34_000)], "netflix")
    assert little
    assert (little.status, "too little to go by" in little.detail) == ("pass", True)
    told = check_dialogue(power, [(30_000, 40_000)], "ebu")
    assert told
    assert (told.limit, told.status) == (None, "pass")
    assert check_dialogue(power, [], "netflix") is None
    assert check_dialogue(power * 0, [(0, 60_000)], "netflix") is None


async def test_a_masters_figures_are_those_of_its_signal(tmp_path: Path) -> None:
    """997 Hz at -20 dBFS in one channel is -23.0 LUFS by BS.1770: spoken for 10 s, and 20 dB louder for 30 s."""
    tone = np.sin(np.arange(48_000 * 40) * 2 * np.pi * 997 / 48_000) * 0.1
    tone[48_000 * 10 :] *= 10 ** (20 / 20) * 0.9
    with wave.open(str(tmp_path / "mix.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes((tone * 32767).astype("<i2").tobytes())
    found = await describe_loudness(tmp_path / "mix.wav", [(0, 9_800)])
    assert found["dialogue_lufs"] == pytest.approx(-23.0, abs=0.1)
    assert found["dialogue_share"] == pytest.approx(0.245, abs=0.01)
    assert found["integrated_lufs"] == pytest.approx(-23.0 + 20 + 20 * np.log10(0.9), abs=0.2)
    assert found["true_peak_dbtp"] == pytest.approx(20 * np.log10(0.9), abs=0.2)
