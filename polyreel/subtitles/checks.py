"""Are the subtitles as a house wants them? Findings with figures and lines; nothing is changed."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from polyreel.errors.wording import spell_count
from polyreel.outcome import Check
from polyreel.subtitles.cuetext import plain_text
from polyreel.subtitles.formats.base import TrackKind
from polyreel.subtitles.model import Cue, Track
from polyreel.subtitles.profiles import Profile, ScriptLimits, profile_named

# A gap of two frames is meant for films. At one picture a second (slides, a screen recording) it would be two seconds.
_SLOWEST_FILM = 23.976


@dataclass(frozen=True, slots=True)
class Finding:
    """One cue that is not as the profile wants it. ``cue`` and ``line`` (of the file; 0: no file) count from 1."""

    code: str
    message: str
    value: float
    limit: float
    unit: str
    cue: int
    line: int = 0


def check(
    track: Track, profile: str, locale: str, *, frame_rate: float = 24.0, kind: TrackKind = "subtitles"
) -> tuple[Finding, ...]:
    """What a profile (``netflix``, ``bbc``, ``none``, ...) finds in a track, in the order of its cues.

    Codes: ``line_length``, ``lines``, ``reading_speed``, ``too_short``, ``too_long``, ``gap``, ``overlap``.
    ``frame_rate`` is the video's, for gaps that are counted in frames; ``kind`` is what the track is for.
    Raises InvalidJob for an unknown profile.
    """
    house = profile_named(profile)
    if house is None:
        return ()
    limits = house.find_limits(locale)
    if kind == "captions" and limits.captions_per_second is not None:
        limits = replace(limits, per_second=limits.captions_per_second)
    findings: list[Finding] = []
    latest: int | None = None
    for number, cue in enumerate(track.cues, 1):
        findings.extend(_check_spacing(house, cue, number, latest, frame_rate))
        findings.extend(_check_cue(house, limits, cue, number))
        latest = max(cue.end_ms, latest or 0)
    return tuple(findings)


def _check_cue(house: Profile, limits: ScriptLimits, cue: Cue, number: int) -> Iterator[Finding]:
    text = plain_text(cue.text).strip()
    lines = text.split("\n") if text else []
    for offset, line in enumerate(lines, 1):
        width = width_of(line, limits)
        if width > limits.line:
            place = cue.line + offset if cue.line else 0
            message = f"a line of {width:g} characters; at most {limits.line:g}"
            yield Finding("line_length", message, width, limits.line, "characters", number, place)
    if len(lines) > house.lines:
        message = f"{len(lines)} lines; at most {house.lines}"
        yield Finding("lines", message, len(lines), house.lines, "lines", number, cue.line)
    yield from _check_speed(limits, cue, number, lines)
    yield from _check_duration(house, cue, number, len(text.split()))


def _check_speed(limits: ScriptLimits, cue: Cue, number: int, lines: Sequence[str]) -> Iterator[Finding]:
    characters = sum(width_of(line, limits) for line in lines)
    # A cue that is shown for no time is read at no speed; it is too short, which is said elsewhere.
    speed = round(characters * 1000 / max(cue.duration_ms, 1), 1)
    if speed > limits.per_second and cue.duration_ms > 0:
        message = f"{speed:g} characters per second; at most {limits.per_second:g}"
        yield Finding("reading_speed", message, speed, limits.per_second, "characters/s", number, cue.line)


def _check_duration(house: Profile, cue: Cue, number: int, words: int) -> Iterator[Finding]:
    shortest = max(house.shortest_ms or 1, (house.shortest_ms_per_word or 0) * words)
    if cue.duration_ms < shortest:
        message = f"shown for {cue.duration_ms} ms; at least {shortest}"
        yield Finding("too_short", message, cue.duration_ms, shortest, "ms", number, cue.line)
    if house.longest_ms is not None and cue.duration_ms > house.longest_ms:
        message = f"shown for {cue.duration_ms} ms; at most {house.longest_ms}"
        yield Finding("too_long", message, cue.duration_ms, house.longest_ms, "ms", number, cue.line)


def _check_spacing(house: Profile, cue: Cue, number: int, latest: int | None, frame_rate: float) -> Iterator[Finding]:
    if latest is None:
        return
    gap = cue.start_ms - latest
    wanted = house.gap_ms or int((house.gap_frames or 0) * 1000 / max(frame_rate, _SLOWEST_FILM))
    if gap < 0:
        yield Finding("overlap", f"begins {-gap} ms before the one before ends", -gap, 0, "ms", number, cue.line)
    elif gap < wanted and not (gap == 0 and house.may_touch):
        message = f"{gap} ms after the one before; at least {wanted}" + (", or none" if house.may_touch else "")
        yield Finding("gap", message, gap, wanted, "ms", number, cue.line)


def width_of(line: str, limits: ScriptLimits) -> float:
    """How many characters a line counts: marks that sit on others and invisible signs count nothing.

    Where a language counts full widths, a half-width character counts one half.
    """
    if line.isascii():
        return len(line) / 2 if limits.halves else len(line)
    seen = [char for char in line if unicodedata.category(char) not in {"Mn", "Me", "Cf"}]
    if not limits.halves:
        return len(seen)
    return sum(1.0 if unicodedata.east_asian_width(char) in {"W", "F", "A"} else 0.5 for char in seen)


def summarise_findings(findings: Sequence[Finding], profile: str, cues: int) -> Check:
    """The findings as one check of a language's outcome, named ``subtitles``.

    ``fail`` where cues overlap, ``warn`` where something else is found. ``detail`` has the worst of each kind.
    """
    overlaps = any(finding.code == "overlap" for finding in findings)
    return Check(
        name="subtitles",
        value=len({finding.cue for finding in findings}),
        unit="cues",
        limit=0,
        status="fail" if overlaps else "warn" if findings else "pass",
        detail=_write_detail(findings, profile, cues),
    )


def _write_detail(findings: Sequence[Finding], profile: str, cues: int) -> str:
    if not findings:
        checked = f"profile {profile}: nothing found" if profile != "none" else "not checked"
        return f"{spell_count(cues, 'cue')}, {checked}"
    counts = Counter(finding.code for finding in findings)
    parts = [f"{count} {code} ({_describe_worst(findings, code)})" for code, count in counts.most_common()]
    return f"{spell_count(cues, 'cue')}, profile {profile}: {'; '.join(parts)}"


def _describe_worst(findings: Sequence[Finding], code: str) -> str:
    worst = max((f for f in findings if f.code == code), key=lambda finding: abs(finding.value - finding.limit))
    place = f"line {worst.line}" if worst.line else f"cue {worst.cue}"
    return f"{place}: {worst.message}"
