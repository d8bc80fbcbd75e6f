"""What a listener says of a finished dub, as checks: are its words the script's, and is it the right language?

The listener errs too. How far its word counts depends on the language: where it was measured to understand speech well
a failed check is a failure, elsewhere it is a warning.
"""

from __future__ import annotations

from collections.abc import Sequence

from polyreel import locales
from polyreel.dubbing.limits import WordLimits
from polyreel.dubbing.telling import MOST_LISTED, describe_flaw
from polyreel.engine.backcheck.compare import Comparison, compare_with_heard
from polyreel.engine.transcribe.tongues import (
    LEAST_SPEECH_MS,
    SURELY_ANOTHER,
    SURELY_NOT,
    describe_hearing,
    find_likeliest_language,
    share_of,
)
from polyreel.engine.transcribe.words import Heard
from polyreel.errors.wording import spell_count
from polyreel.outcome import Check, CheckStatus, LineFit

TRUSTED = frozenset({"en", "es", "fr", "de", "it", "pt", "nl", "ja", "zh", "yue"})
"""Languages in which the listener's own errors are few: measured with human speech or with good voices."""
# Above a half no other language can be likelier; related ones (pt and gl, id and ms) share what is left.
_SURE = 0.5
_LEAST_SPEECH_MS = 3000
_WORTH_A_FAILURE = 3


def check_heard(heard: Heard, lines: Sequence[LineFit], locale: str, limits: WordLimits) -> tuple[Check, ...]:
    """``back_transcription`` and ``language`` of a dub whose ``lines`` were spoken. Blocks."""
    return check_words(heard, lines, locale, limits), check_language(heard, locale, limits)


def check_words(heard: Heard, lines: Sequence[LineFit], locale: str, limits: WordLimits) -> Check:
    """The error rate of what was heard against the script, with lines that are missing and speech that no line has.

    A share (0.15: 15 of 100) of words, or of signs by their sound in languages without blanks (``unit``: WER or CER).
    Beyond the first of the limits it warns, beyond the second it fails. Outside the `TRUSTED` languages
    the listener errs itself, and nothing fails.
    """
    comparison = compare_with_heard(lines, heard, locale)
    warn, fail = limits.errors
    # A line of one or two words is easily drowned or misheard: no failure stands on it alone.
    lost = [
        line for line in comparison.missing if len(line.text.split()) >= _WORTH_A_FAILURE or comparison.measure == "CER"
    ]
    status: CheckStatus = "pass"
    if comparison.rate > warn or comparison.missing or comparison.invented:
        status = "warn"
    if comparison.rate > fail or lost or comparison.invented:
        status = "fail"
    return Check(
        name="back_transcription",
        value=round(comparison.rate, 3),
        unit=comparison.measure,
        limit=warn,
        status=_as_trusted(status, locale),
        detail=_write_detail(comparison, locale),
        lines=tuple(describe_flaw(*each, fail) for each in _list_unheard(comparison, status, fail)[:MOST_LISTED]),
    )


def _list_unheard(comparison: Comparison, status: CheckStatus, most: float) -> list[tuple[LineFit, str, float]]:
    """Lines that are not heard; and where the dub as a whole does not pass, those of which too much is lost."""
    missing = {(line.start_ms, line.text) for line in comparison.missing}
    return [
        (line, f"{rate:.0%} of it not heard as it is written", rate)
        for line, rate in comparison.by_line
        # A listener mishears single lines of any voice.
        if (line.start_ms, line.text) in missing or (status != "pass" and rate > most)
    ]


def check_language(heard: Heard, locale: str, limits: WordLimits) -> Check:
    """Whether the listener takes the dub for its language."""
    share, (sure, doubtful) = share_of(locale, heard.languages), limits.language
    other, other_share = find_likeliest_language(heard.languages)
    status: CheckStatus = "pass" if share >= sure else "warn" if share >= doubtful else "fail"
    # So few words are easily taken for another language: no failure stands on them.
    if status == "fail" and heard.speech_ms < _LEAST_SPEECH_MS:
        status = "warn"
    detail = "" if status == "pass" else f"heard as {describe_hearing(locale, share, other, other_share)}"
    return Check(
        name="language",
        value=round(share, 3),
        unit="probability",
        limit=sure,
        status=_as_trusted(status, locale),
        detail=detail,
    )


def check_source_language(heard: Heard, locale: str) -> Check:
    """Whether the source speaks the language that the job says: fails only where it is surely another one."""
    share, (other, other_share) = share_of(locale, heard.languages), find_likeliest_language(heard.languages)
    is_another = other_share >= SURELY_ANOTHER and share <= SURELY_NOT and heard.speech_ms >= LEAST_SPEECH_MS
    status: CheckStatus = "fail" if is_another else "pass" if share >= _SURE or not heard.languages else "warn"
    told = describe_hearing(locale, share, other, other_share)
    detail = "" if status == "pass" else f"the source, which the job says is {locale}, is heard as {told}"
    value = round(share, 3) if heard.languages else None
    return Check(
        name="source_language",
        value=value,
        unit="probability",
        limit=_SURE,
        status=status,
        detail=detail if heard.languages else "nobody was heard where the source was listened to",
    )


def _as_trusted(status: CheckStatus, locale: str) -> CheckStatus:
    return "warn" if status == "fail" and locales.language(locale) not in TRUSTED else status


def _write_detail(comparison: Comparison, locale: str) -> str:
    counted = "words" if comparison.measure == "WER" else "signs, by their sound,"
    parts = [f"{comparison.errors} of {comparison.tokens} {counted} differ"]
    if comparison.missing:
        shown = "; ".join(f"{line.cue_start_ms / 1000:.1f} s: {line.text[:40]}" for line in comparison.missing[:3])
        parts.append(f"{spell_count(len(comparison.missing), 'line')} not heard ({shown})")
    if comparison.invented:
        parts.append(f"heard without a line: {'; '.join(comparison.invented[:3])}")
    if locales.language(locale) not in TRUSTED:
        parts.append("the listener itself errs in this language: no more than a hint")
    return "; ".join(parts)
