"""A line that is softer, louder, drowned, hissing or clipped, planted in sound like speech: syllables of a low tone."""

from __future__ import annotations

import re

import numpy as np
import pytest

from polyreel.dubbing.limits import DubLimits, LineLimits
from polyreel.dubbing.line_levels import check_line_loudness, check_over_background
from polyreel.dubbing.line_noise import check_line_noise
from polyreel.engine.sound.meter import Meter, Power
from polyreel.engine.sound.stem import RATE, as_stem
from polyreel.outcome import Check, LineFit, LineTone, StoredFile
from polyreel.store.local import LocalStore

COUNT, LENGTH_MS, APART_MS = 5, 2000, 2400
SECONDS = COUNT * APART_MS // 1000 + 2


def lines(voice: str = "kokoro:a@en-US", gain_db: float | None = None) -> list[LineFit]:
    """The third was made louder by so much, as the original's tone asked."""
    found = []
    for place in range(COUNT):
        at = 500 + place * APART_MS
        tone = LineTone(level_lu=gain_db, gain_db=gain_db, pace=1.0) if gain_db is not None and place == 2 else None
        times = {"cue_start_ms": at, "cue_end_ms": at + LENGTH_MS, "start_ms": at, "end_ms": at + LENGTH_MS}
        found.append(
            LineFit.model_validate(
                {
                    "text": f"line {place}",
                    "natural_ms": LENGTH_MS,
                    "ratio": 1.0,
                    "voice": voice,
                    "tone": tone,
                    "number": place + 1,
                    **times,
                }
            )
        )
    return found


def speech() -> np.ndarray:
    """Five lines of four syllables a second, each a chord of a voice's partials, with a closure behind it."""
    at = np.arange(LENGTH_MS * RATE // 1000) / RATE
    voiced = sum(np.sin(2 * np.pi * 140 * partial * at) / partial**1.5 for partial in range(1, 20))
    syllables = np.clip(np.sin(2 * np.pi * 2 * at) ** 2 * 1.3 - 0.3, 0, 1)
    line = 0.1 * np.asarray(voiced) * syllables
    sound = np.zeros(SECONDS * RATE)
    for each in lines():
        sound[each.start_ms * 48 : each.start_ms * 48 + len(line)] = line
    return sound


def third(sound: np.ndarray) -> slice:
    line = lines()[2]
    return slice(line.start_ms * 48, line.end_ms * 48)


def keep(sound: np.ndarray) -> StoredFile:
    return LocalStore().keep_bytes(as_stem(sound.astype(np.float32)), ".s16")


def power_of(sound: np.ndarray) -> Power:
    meter = Meter(1, RATE)
    meter.feed(sound.astype(np.float32).reshape(-1, 1))
    found: Power = meter.power()[:, 0]
    return found


def read_verdict(check: Check | None) -> tuple[str, float | int | str | None, str]:
    assert check is not None
    return check.status, check.value, check.detail


GAINS = [(0, "pass", 0), (-3, "pass", 0), (-6, "warn", 1), (6, "warn", 1), (-10, "fail", 1), (10, "fail", 1)]


@pytest.mark.parametrize(("gain_db", "status", "value"), GAINS)
@pytest.mark.parametrize("has_stem", [True, False])
def test_a_line_that_is_not_as_loud_as_the_others_is_found(
    gain_db: int, status: str, value: int, has_stem: bool
) -> None:
    """By the speech alone, or of a vendor that gives none, in the mix."""
    sound = speech()
    sound[third(sound)] *= 10 ** (gain_db / 20)
    given = (keep(sound), None) if has_stem else (None, power_of(sound))
    found = read_verdict(check_line_loudness(lines("kokoro:a" if has_stem else ""), *given, LineLimits()))
    assert found[:2] == (status, value)
    way = "louder" if gain_db > 0 else "softer"
    assert found[2] == (
        f"unlike the dub's other lines (4 dB at most): line 3 at 5.3 s 'line 2' {abs(gain_db)}.0 dB {way}"
        if value
        else ""
    )


def test_what_the_originals_tone_asked_for_is_no_fault() -> None:
    sound = speech()
    sound[third(sound)] *= 10 ** (6 / 20)
    assert read_verdict(check_line_loudness(lines(gain_db=6.0), keep(sound), None, LineLimits()))[0] == "pass"


def test_of_actors_who_whisper_and_shout_only_what_is_unusual_for_them_is_told() -> None:
    sound = speech()
    for line, gain_db in zip(lines(), (-5, 0, 6, 5, -4), strict=True):
        sound[line.start_ms * 48 : line.end_ms * 48] *= 10 ** (gain_db / 20)
    assert read_verdict(check_line_loudness(lines(""), keep(sound), None, LineLimits()))[0] == "pass"
    assert read_verdict(check_line_loudness(lines(), keep(sound), None, LineLimits()))[0] == "warn"


def test_two_lines_are_too_few_to_say_which_is_too_loud() -> None:
    assert check_line_loudness(lines()[:2], keep(speech()), None, LineLimits()) is None


@pytest.mark.parametrize(("below_db", "status"), [(20, "pass"), (8, "pass"), (4, "warn"), (0, "fail"), (-6, "fail")])
@pytest.mark.parametrize("voice", ["kokoro:a", ""])
def test_music_too_loud_under_one_line_is_found(below_db: int, status: str, voice: str) -> None:
    """Without the stem it is an estimate: a warning at most."""
    sound = speech()
    music = 0.004 * np.sin(2 * np.pi * 440 * np.arange(len(sound)) / RATE)
    level = 10 * np.log10(power_of(sound)[54:72].mean() / power_of(music)[54:72].mean())
    music[third(sound)] *= 10 ** ((level - below_db) / 20)
    given = keep(sound * 1.7) if voice else None
    status = "warn" if status == "fail" and not voice else status
    found = read_verdict(check_over_background(lines(voice), given, power_of(sound + music), LineLimits()))
    assert found[0] == status
    assert isinstance(found[1], float)
    if voice:
        assert found[1] == pytest.approx(below_db, abs=1.5)
    assert ("5.3 s 'line 2'" in found[2]) == (status != "pass")


def test_music_too_loud_under_every_line_is_found_as_well() -> None:
    sound = speech()
    music = np.sin(2 * np.pi * 440 * np.arange(len(sound)) / RATE)
    music *= np.sqrt(power_of(sound)[5:25].mean() / power_of(music)[5:25].mean())
    status, value, _ = read_verdict(check_over_background(lines(), keep(sound), power_of(sound + music), LineLimits()))
    assert status == "fail"
    assert value == pytest.approx(0, abs=1.5)


@pytest.mark.parametrize(
    ("hiss_db", "status"), [(None, "pass"), (-50, "pass"), (-32, "warn"), (-25, "warn"), (-15, "fail")]
)
def test_hiss_under_a_line_is_found_though_it_has_no_pause(hiss_db: float | None, status: str) -> None:
    sound = speech()
    if hiss_db is not None:
        noise = np.random.default_rng(1).standard_normal(LENGTH_MS * 48)
        sound[third(sound)] += noise * np.sqrt(np.square(sound[third(sound)]).mean()) * 10 ** (hiss_db / 20)
    noise_check, clipping = check_line_noise(lines(), keep(sound), LineLimits())
    assert (noise_check.name, noise_check.status, clipping.status) == ("line_noise", status, "pass")


@pytest.mark.parametrize(("over_db", "statuses"), [(0, {"pass"}), (12, {"warn", "fail"}), (20, {"fail"})])
def test_peaks_that_are_cut_flat_are_found_at_any_level(over_db: float, statuses: set[str]) -> None:
    sound = speech()
    most = np.abs(sound[third(sound)]).max() * 10 ** (-over_db / 20)
    sound[third(sound)] = np.clip(sound[third(sound)], -most, most)
    _, clipping = check_line_noise(lines(), keep(sound), LineLimits())
    assert clipping.name == "line_clipping"
    assert clipping.status in statuses


def test_samples_at_full_scale_fail_whatever_their_share() -> None:
    sound = speech()
    place = int(np.abs(sound[third(sound)]).argmax()) + third(sound).start
    sound[place - 10 : place + 10] = 1.2
    _, clipping = check_line_noise(lines(), keep(sound), LineLimits())
    assert (clipping.status, clipping.value) == ("fail", 1)


def test_the_lenient_profile_lets_more_pass() -> None:
    sound = speech()
    sound[third(sound)] *= 10 ** (5 / 20)
    lenient = DubLimits.of("none", "source").lines
    assert read_verdict(check_line_loudness(lines(), keep(sound), None, lenient))[0] == "pass"


def test_lines_behind_the_reels_end_and_lines_without_a_sound_are_left_to_other_checks() -> None:
    late = lines()[4].model_copy(update={"start_ms": 90_000, "end_ms": 92_000})
    sound = speech()
    sound[third(sound)] = 0
    spoken, power = [*lines()[:4], late], power_of(sound + 1e-5)
    for voice in ("kokoro:a", ""):
        given = [line.model_copy(update={"voice": voice}) for line in spoken]
        stem = keep(sound) if voice else None
        assert read_verdict(check_over_background(given, stem, power, LineLimits()))[0] == "pass"
        assert check_line_loudness(given, stem, power, LineLimits()) is not None
    noise_check, clipping = check_line_noise(spoken, keep(sound), LineLimits())
    assert (noise_check.status, clipping.status) == ("pass", "pass")


def test_nothing_at_all_says_nothing() -> None:
    silence = np.zeros(SECONDS * RATE)
    assert check_line_loudness(lines(), keep(silence), power_of(silence), LineLimits()) is None
    assert check_over_background(lines(), keep(silence), power_of(silence), LineLimits()) is None
    assert check_over_background(lines(""), None, power_of(silence), LineLimits()) is None


def test_a_line_of_little_but_silence_is_neither_hissing_nor_clipped() -> None:
    """That it is missing, another check says; a click in it has no loudness to measure hiss or peaks by."""
    sound = speech()
    sound[third(sound)] = 0
    sound[third(sound).start + 500 : third(sound).start + 510] = 0.2
    noise_check, clipping = check_line_noise(lines(), keep(sound), LineLimits())
    assert (noise_check.value, clipping.value) == (0, 0)


def test_figures_are_told_as_finely_as_limits_can_be_set() -> None:
    """Rounded, a line that is 39.7 dB above its hiss would seem to keep a limit of 40."""
    strict = LineLimits(noise_db=(100.0, 100.0), over_background_db=(50.0, 50.0))
    sound = speech()
    noise_check, _ = check_line_noise(lines(), keep(sound), strict)
    found = read_verdict(check_over_background(lines(), keep(sound), power_of(sound + 0.01), strict))
    for detail in (noise_check.detail, found[2]):
        assert re.search(r"'line 2' \d+\.\d dB", detail)
