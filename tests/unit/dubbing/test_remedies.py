"""What a check says of each line that it found: by whose voice the line is said, and what the job does already."""

from __future__ import annotations

from typing import Any

import pytest

from polyreel.dubbing.port import Dubbed, Mix
from polyreel.dubbing.remedies import Ways, add_remedies
from polyreel.dubbing.telling import MOST_LISTED, describe_flaw, make_line_check
from polyreel.outcome import Check, LineFit
from polyreel.report.figures import summarise_detail


def line(number: int = 3, **more: Any) -> LineFit:
    at = number * 1000
    facts = {"cue_start_ms": at, "cue_end_ms": at + 900, "start_ms": at, "end_ms": at + 900, "natural_ms": 900}
    return LineFit.model_validate(
        {"text": "Hola a todos.", "ratio": 1.0, "voice": "pico:es-ES", "number": number, **facts, **more}
    )


def advise(
    name: str, *lines: LineFit, mix: Mix = "dub", mends: bool = False, measured: str = "bad", **dub: Any
) -> Check:
    found = [describe_flaw(each, measured, 5.2, 4) for each in lines]
    (check,) = add_remedies(
        [make_line_check(name, "warn", "wrong", found)], Dubbed(locale="es-ES", lines=lines, **dub), Ways(mix, mends)
    )
    return check


OWN_VOICE = "NOTE polyreel line"


@pytest.mark.parametrize(
    ("name", "more", "told", "untold"),
    [
        ("line_loudness", {}, f"{OWN_VOICE}|mend: true", "dubbing.clones"),
        ("line_noise", {"voice": "clone-12ab"}, "dubbing.clones", "mend: true"),
        ("line_noise", {"recorded_by": "Ana"}, "record it again where it is quieter", "mend"),
        ("line_loudness", {"recorded_by": "Ana"}, "Ana's recording", "mend"),
        ("line_clipping", {"voice": ""}, "polyreel revise", "NOTE"),
        ("line_timing", {}, OWN_VOICE, "two places"),
        ("clipped_speech", {"chosen": True}, OWN_VOICE, "mend: true"),
        ("silent_lines", {}, "pronunciations", "limits"),
        ("accent", {}, "pronunciations", "clones"),
        ("one_voice", {"speaker": "Ana"}, "<v NAME>|speakers: {Ana: ...}", "mend"),
        ("fit", {}, "shorten|picture: true|mend: true", "limits"),
    ],
)
def test_what_is_told_helps_with_that_line(name: str, more: dict[str, Any], told: str, untold: str) -> None:
    found = advise(name, line(**more))
    for piece in told.split("|"):
        assert piece in found.lines[0].remedy
    assert untold not in found.lines[0].remedy
    assert found.remedy.startswith(found.lines[0].remedy)


def test_a_job_that_mends_already_is_not_told_to() -> None:
    assert "mend: true" not in advise("line_loudness", line(), mends=True).remedy
    assert "mend: true" not in advise("fit", line(), mends=True).remedy


def test_a_line_that_is_heard_twice_is_said_again_by_nobody_and_no_limit_lets_it_pass() -> None:
    found = advise("line_timing", line(), measured="again at 9.0 s")
    assert "two places" in found.lines[0].remedy
    twice = describe_flaw(line(), "again at 9.0 s", 0, 300)
    (check,) = add_remedies(
        [make_line_check("line_timing", "warn", "late", [twice])], Dubbed(locale="es-ES", lines=(line(),)), Ways()
    )
    assert "limits" not in check.remedy


@pytest.mark.parametrize(
    ("mix", "separation", "voice", "told"),
    [
        ("dub", "given", "a", "separation: ducked"),
        ("dub", "learned", "a", "separation: ducked"),
        ("dub", "ducked", "a", "mix: speech_only"),
        ("voiceover", "ducked", "a", "mix: dub"),
        ("dub", "", "", "source.background"),
    ],
)
def test_what_is_under_a_line_is_lowered_by_another_mix(mix: Mix, separation: str, voice: str, told: str) -> None:
    assert told in advise("speech_over_background", line(voice=voice), mix=mix, separation=separation).remedy


def test_lines_that_need_other_things_are_told_apart_by_their_numbers() -> None:
    found = advise("line_loudness", line(3), line(4), line(7, voice=""))
    assert "line 3, 4: let another voice" in found.remedy
    assert "line 7: change the line" in found.remedy


def test_so_many_lines_are_listed_and_all_are_counted() -> None:
    lines = [line(number) for number in range(1, MOST_LISTED + 11)]
    found = advise("line_loudness", *lines)
    assert (found.value, len(found.lines)) == (MOST_LISTED + 10, MOST_LISTED)
    assert found.detail.endswith(f" and {MOST_LISTED + 5} more")
    assert summarise_detail(found) == "wrong"


def test_a_page_that_lists_the_lines_says_what_else_is_in_the_detail() -> None:
    check = advise("one_voice", line())
    more = check.model_copy(update={"detail": f"{check.detail}; 1 of 9 lines heard"})
    assert summarise_detail(more) == "wrong; 1 of 9 lines heard"
    assert summarise_detail(Check(name="fit", detail="fastest 1.2")) == "fastest 1.2"
