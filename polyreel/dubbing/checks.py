"""What is checked of a dub: loudness, true peak, length and fit, each with its limit."""

from __future__ import annotations

import math
from fractions import Fraction

from polyreel.dubbing.limits import SoundLimits
from polyreel.dubbing.port import Dubbed
from polyreel.dubbing.telling import MOST_LISTED, describe_flaw, tell_lines
from polyreel.engine.speech import fit
from polyreel.outcome import Check, CheckStatus, LineFit

LENGTH_LIMIT_S = Fraction(1, 24)
"""One frame of the slowest usual picture."""
_MANY_TOO_LONG = 0.2
_AUDIBLY_FASTER = 1.15


def check_dub(dubbed: Dubbed, duration: Fraction, limits: SoundLimits) -> tuple[Check, ...]:
    """Every check of a finished dub against the reel it belongs to (``duration`` in seconds)."""
    checks = [_check_length(dubbed, duration), check_fit(dubbed.lines, int(duration * 1000))]
    if dubbed.lufs is not None and dubbed.target_lufs is not None:
        checks.append(check_loudness(dubbed.lufs, dubbed.target_lufs, limits))
    if dubbed.true_peak_dbtp is not None:
        checks.append(check_true_peak(dubbed.true_peak_dbtp, dubbed.peak_limit_dbtp))
    # By name, so that outcomes of two runs can be compared line by line.
    return tuple(sorted(checks, key=lambda check: check.name))


def check_loudness(lufs: float, target: float, limits: SoundLimits) -> Check:
    """Integrated loudness against what was asked for: both in LUFS (ITU-R BS.1770)."""
    off = abs(lufs - target)
    status: CheckStatus = "pass" if off <= limits.loudness_lu[0] else "warn" if off <= limits.loudness_lu[1] else "fail"
    detail = f"{off:.1f} LU away from the target" if status != "pass" else ""
    return Check(
        name="loudness", value=round(lufs, 1), unit="LUFS", limit=round(target, 1), status=status, detail=detail
    )


def check_true_peak(dbtp: float, limit: float) -> Check:
    """The highest peak between samples, to the tenth that the meter gives: both in dBTP, full scale being 0."""
    # To the tenth, as the meter gives it: -0.96 dBTP is told as -1.0, and would fail a limit that it reads as equal to.
    over = round(dbtp - limit, 1)
    detail = f"{over:.1f} dB over the limit" if over > 0 else ""
    value = round(dbtp, 1) if math.isfinite(dbtp) else None
    return Check(
        name="true_peak", value=value, unit="dBTP", limit=limit, status="fail" if over > 0 else "pass", detail=detail
    )


def check_fit(lines: tuple[LineFit, ...], reel_ms: int) -> Check:
    """How many lines did not fit. A few are for a person to look at; speech past the reel's end is lost: a failure.

    ``lines`` count in milliseconds from the reel's first picture, as ``reel_ms`` does.
    """
    late = [line for line in lines if line.end_ms > reel_ms]
    long = [line for line in lines if line.too_long]
    status: CheckStatus = "pass" if not long else "warn"
    # A few lines that are too long are for a person to look at, however short the script.
    if late or len(long) > _MANY_TOO_LONG * len(lines):
        # One of three lines is a third of a script, and no reason to hold a language.
        status = "fail" if late or len(long) > 2 else "warn"
    fastest = max((line.ratio for line in lines), default=1.0)
    hurried = sum(line.ratio > _AUDIBLY_FASTER for line in lines)
    detail = f"fastest {fastest:.2f} of at most {fit.USUAL.fastest:.2f}, {hurried} of {len(lines)} above 1.15"
    detail += f"; {len(late)} run past the end of the reel" if late else ""
    flaws = [
        describe_flaw(line, f"{line.ratio:.2f} times its voice's own pace", line.ratio, fit.USUAL.fastest)
        for line in long
    ]
    # Told as other checks tell their lines: where a page lists them, it takes them out of the detail.
    detail += f"; too long: {tell_lines(flaws)}" if flaws else ""
    return Check(
        name="fit",
        value=len(long),
        unit="lines too long",
        limit=0,
        status=status,
        detail=detail,
        lines=tuple(flaws[:MOST_LISTED]),
    )


def _check_length(dubbed: Dubbed, duration: Fraction) -> Check:
    off = Fraction(dubbed.seconds) - duration
    return Check(
        name="duration",
        value=round(float(Fraction(dubbed.seconds)), 3),
        unit="s",
        limit=round(float(duration), 3),
        status="pass" if abs(off) <= LENGTH_LIMIT_S else "fail",
        detail="" if abs(off) <= LENGTH_LIMIT_S else f"{float(off):+.3f} s against the reel",
    )
