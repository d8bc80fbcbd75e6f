"""What a check says of each line that it found: by whose voice the line is said, and what the job does already."""

from __future__ import annotations

from typing import Any

import pytest

from polyreel.dubbing.checks import check_fit
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


def test_a_detail_in_which_the_lines_stand_otherwise_is_told_whole() -> None:
    lines = (describe_flaw(line(3), "bad", 5, 4), describe_flaw(line(4), "bad", 5, 4))
    detail = f"wrong: {lines[0].told} and {lines[1].told}"
    assert summarise_detail(Check(name="accent", detail=detail, lines=lines)) == detail


def test_lines_that_are_too_long_are_not_told_twice_on_a_page() -> None:
    long = [line(number, ratio=2.0, too_long=True) for number in range(1, 8)]
    check = check_fit(tuple(long), 7_000)
    assert "too long: line 1 at 1.0 s 'Hola a todos.'" in check.detail
    assert summarise_detail(check).endswith("7 of 7 above 1.15; 1 run past the end of the reel; too long")


@pytest.mark.parametrize("unit", ["lines", "dB"])
def test_no_limit_is_advised_where_lines_that_may_be_worse_are_not_listed(unit: str) -> None:
    lines = tuple(line(number) for number in range(1, MOST_LISTED + 2))
    flaws = [describe_flaw(each, "bad", 5.2, 4) for each in lines]
    for many, is_advised in ((MOST_LISTED - 1, True), (MOST_LISTED + 1, False)):
        check = make_line_check("line_loudness", "warn", "wrong", flaws[:many])
        check = check.model_copy(update={"unit": unit})
        (told,) = add_remedies([check], Dubbed(locale="es-ES", lines=lines), Ways())
        assert ("lets it pass" in told.remedy) is is_advised


def test_two_lines_that_begin_at_once_are_told_apart() -> None:
    found = advise("line_noise", line(3, recorded_by="Ana"), line(4, start_ms=3000, text="Buenas tardes."))
    assert "quieter" in found.lines[0].remedy
    assert OWN_VOICE in found.lines[1].remedy
