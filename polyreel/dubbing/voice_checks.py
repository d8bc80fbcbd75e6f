"""What is checked of a dub's voices: no foreign accent in a line, one voice per person, speech as clean as before.

All three say what a network heard; where its weights were absent, they are left out.
"""

from __future__ import annotations

from collections.abc import Sequence

from polyreel import locales
from polyreel.dubbing.backchecks import TRUSTED
from polyreel.dubbing.limits import VoiceLimits
from polyreel.dubbing.line_hearing import LineHeard, LinesHeard, prints_of
from polyreel.dubbing.telling import describe_flaw, make_line_check
from polyreel.engine.speakers.likeness import Likeness, compare_lines, compare_speakers
from polyreel.engine.transcribe.tongues import describe_hearing
from polyreel.errors.wording import spell_count
from polyreel.outcome import Check, CheckStatus

_NEARER = 0.05
_SHOWN = 5


def check_voices(heard: LinesHeard, locale: str, limits: VoiceLimits) -> tuple[Check, ...]:
    """``accent``, ``one_voice`` and ``speech_quality``, as far as something was heard for them."""
    checks: list[Check] = []
    if identified := [line for line in heard.lines if line.share is not None]:
        checks.append(check_accent(identified, heard.of, locale, limits))
    if len(printed := list_comparable(heard)) > 1:
        checks.append(check_one_voice(printed, heard.of, limits))
    if heard.votes:
        checks.append(check_speech_quality(heard, limits))
    return tuple(checks)


def list_comparable(heard: LinesHeard) -> list[LineHeard]:
    """The lines that should sound like their speaker's others."""
    return [line for line in heard.lines if line.print and not line.chosen]


def check_accent(lines: Sequence[LineHeard], of: int, locale: str, limits: VoiceLimits) -> Check:
    """How many lines are taken for another language than the dub's, line by line.

    A few are a warning. More than the profile's share fail, and so do three that are surely not in the language.
    """
    doubtful = [line for line in lines if (line.share or 0.0) < limits.accent[0]]
    sure = [line for line in doubtful if (line.share or 0.0) < limits.accent[1]]
    status: CheckStatus = "warn" if doubtful else "pass"
    if sure and (len(sure) > 2 or len(doubtful) > limits.accented_share * len(lines)):
        status = "fail" if locales.language(locale) in TRUSTED else "warn"
    flaws = [
        describe_flaw(line, f"sounds like {_describe_hearing(line, locale)}", line.share or 0.0, limits.accent[0])
        for line in doubtful
    ]
    what = f"an accent or another language (less than {limits.accent[0]:.0%} its own)"
    return _count_lines(make_line_check("accent", status, what, flaws), lines, of)


def _describe_hearing(line: LineHeard, locale: str) -> str:
    return describe_hearing(locale, line.share or 0.0, line.other, line.other_share)


def check_one_voice(lines: Sequence[LineHeard], of: int, limits: VoiceLimits) -> Check:
    """How many lines don't sound like their speaker's others; speakers who sound alike are told, too."""
    prints, speakers = prints_of(lines), [line.speaker for line in lines]
    strange = find_strangers(lines, limits)
    wrong = [each for _, each in strange if _is_wrong(each, limits)]
    alike = [pair for pair, share in compare_speakers(prints, speakers).items() if share > limits.alike]
    pairs = [f"{one or 'who has no name'} and {other or 'who has no name'}" for one, other in alike]
    flaws = [describe_flaw(line, _describe(each), each.own or 0.0, limits.own_voice[0]) for line, each in strange]
    status: CheckStatus = "fail" if wrong else "warn" if strange or alike else "pass"
    what = f"another voice than their speaker's (likeness of {limits.own_voice[0]:g} at least)"
    check = make_line_check("one_voice", status, what, flaws)
    told = [check.detail, f"hardly to be told apart: {_join_few(pairs)}" if pairs else ""]
    return _count_lines(check.model_copy(update={"detail": "; ".join(filter(None, told))}), lines, of)


def find_strangers(lines: Sequence[LineHeard], limits: VoiceLimits) -> list[tuple[LineHeard, Likeness]]:
    """Lines (each with a print) that don't sound like their speaker's others."""
    found = compare_lines(prints_of(lines), [line.speaker for line in lines])
    return [(line, each) for line, each in zip(lines, found, strict=True) if _is_strange(each, limits)]


def _is_strange(found: Likeness, limits: VoiceLimits) -> bool:
    return found.own is not None and (found.own < limits.own_voice[0] or found.likeness > found.own + _NEARER)


def _is_wrong(found: Likeness, limits: VoiceLimits) -> bool:
    """Whether a strange line is another's, or nobody's: what only warns may be a cry or a whisper."""
    own = found.own or 0.0
    return own < limits.own_voice[1] or found.likeness > max(own + 2 * _NEARER, limits.own_voice[0])


def _describe(found: Likeness) -> str:
    own = found.own or 0.0
    nearer = f", and {found.likeness:.2f} like {found.other or 'who has no name'}" if found.likeness > own else ""
    return f"{own:.2f} like their others{nearer}"


def check_speech_quality(heard: LinesHeard, limits: VoiceLimits) -> Check:
    """The vote on the dub's speech against the one on the original's, and against the least that may go out."""
    assert heard.votes is not None  # noqa: S101 - whoever has no votes is not checked
    vote, original = heard.votes.overall, heard.original.overall if heard.original else 0.0
    warn, fail = limits.least_vote
    if limits.below_original is not None:
        warn, fail = max(warn, original - limits.below_original[0]), max(fail, original - limits.below_original[1])
    parts = [f"speech {heard.votes.speech:.1f}, background {heard.votes.background:.1f}"]
    parts += [f"the original's speech: {original:.1f}"] if heard.original else []
    return Check(
        name="speech_quality",
        value=round(vote, 1),
        unit="of 5",
        limit=round(warn, 1),
        status="pass" if vote >= warn else "warn" if vote >= fail else "fail",
        detail="; ".join(parts),
    )


def _join_few(told: Sequence[str]) -> str:
    more = f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return ", ".join(told[:_SHOWN]) + more


def _count_lines(check: Check, lines: Sequence[LineHeard], of: int) -> Check:
    """The check, and how many of the dub's lines it has heard, where that is not all of them."""
    heard = f"{len(lines)} of {spell_count(of, 'line')} heard" if of > len(lines) else ""
    return check.model_copy(update={"detail": "; ".join(filter(None, (check.detail, heard)))})
