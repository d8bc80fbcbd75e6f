"""Numbers as people read them, and the little drawings of the report."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

from polyreel.outcome import Check, LineFit, LineTone

# The engine's own limits: up to the first by the voice's pace alone, up to the second by stretching too.
_EASY, _FAST = 1.15, 1.30


_MORE = re.compile(r"^ and \d+ more")


def start_of(line: LineFit) -> int:
    """When a line's cue or its voice begins, whichever is first."""
    return min(line.cue_start_ms, line.start_ms)


def end_of(line: LineFit) -> int:
    """When a line's cue or its voice ends, whichever is last."""
    return max(line.cue_end_ms, line.end_ms)


def rate_fit(line: LineFit) -> str:
    """How a line sits: ``easy``, ``brisk`` (a listener may notice), ``long`` (does not fit)."""
    if line.too_long or line.ratio > _FAST:
        return "long"
    return "brisk" if line.ratio > _EASY else "easy"


def describe_pace(fits: Sequence[LineFit]) -> str:
    """All lines' fit in a phrase."""
    if not fits:
        return ""
    tones = [rate_fit(line) for line in fits]
    counted = [(tones.count("brisk"), "brisk"), (tones.count("long"), "too long")]
    told = [f"{many} {word}" for many, word in counted if many]
    lines = f"{len(fits)} line{'' if len(fits) == 1 else 's'}"
    return f"{lines}, {', '.join(told) or 'all at ease'}; fastest {max(line.ratio for line in fits):.2f}×"


def say_tone(tone: LineTone | None) -> str:
    """``tone +3.5 dB, 1.08×``: what following the original did to a line; nothing where it was not asked for."""
    return f"tone {tone.gain_db:+.1f} dB, {tone.pace:.2f}×".replace("-", "\u2212") if tone else ""


def format_clock(seconds: float) -> str:
    """``1:02:03`` or ``2:03.4``."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    if minutes >= 60:
        return f"{minutes // 60}:{minutes % 60:02d}:{rest // 10:02d}"
    return f"{minutes}:{rest // 10:02d}.{rest % 10}"


def format_number(value: float | int | str | None) -> str:
    """A measured value, to two places at most and with a real minus."""
    if value is None:
        return "–"
    text = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return text.replace("-", "\u2212", 1) if not isinstance(value, str) else text


_COUNTED = {("subtitles", "cues"): "cues with findings", ("fit", "lines too long"): "lines too long"}
_LIMITS = {
    "loudness": "target",
    "dialogue_loudness": "target",
    "duration": "the reel:",
    "language": "at least",
    "source_language": "at least",
    "back_transcription": "warns above",
    "true_peak": "at most",
    "fit": "at most",
    "subtitles": "at most",
    "background_speech": "at most",
    "loudness_range": "at most",
    "speech_window": "at most",
    "silent_lines": "at most",
    "clipped_speech": "at most",
    "line_timing": "at most",
    "line_loudness": "at most",
    "line_noise": "at most",
    "line_clipping": "at most",
    "speech_over_background": "at least",
    "accent": "at most",
    "one_voice": "at most",
    "speech_quality": "at least",
}


def format_value(check: Check) -> str:
    """A check's value with what was counted or measured."""
    return f"{format_number(check.value)} {_COUNTED.get((check.name, check.unit), check.unit)}".strip()


def format_in_table(check: Check) -> str:
    """A check's value below a heading that says what was counted."""
    return format_number(check.value) if (check.name, check.unit) in _COUNTED else format_value(check)


def summarise_detail(check: Check) -> str:
    """A check's detail without the lines in it, which stand below it."""
    shown = [each.told for each in check.lines if each.told in check.detail]
    if not shown:
        return check.detail
    before, _, after = check.detail.partition(f": {', '.join(shown)}")
    return before + _MORE.sub("", after)


def format_limit(check: Check) -> str:
    """A check's limit with what it limits; empty where there is none."""
    if check.limit is None:
        return ""
    return f"{_LIMITS.get(check.name, 'limit')} {format_number(check.limit)} {check.unit}".strip()


def say_speed(speed: float | None) -> str:
    """Characters per second, as subtitlers count them."""
    return f"{speed:.0f} cps" if speed is not None else ""


def format_size(count: int) -> str:
    """``12.3 MB``."""
    amount, unit = float(count), "bytes"
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"


def make_link(path: str) -> str:
    """A relative path as a link that can't be anything but a file beside the page."""
    # A leading slash would lead out of the report's folder.
    return f"./{quote(path.lstrip('/'), safe='/')}" if path else ""
