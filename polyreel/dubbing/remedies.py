"""What helps with a line that a check found: of our own voices, of a person's recording, of a vendor's dub."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor

from polyreel.dubbing.port import Dubbed, Mix
from polyreel.dubbing.telling import MOST_LISTED, begin_words
from polyreel.outcome import Check, FlawedLine, LineFit

_ANOTHER_VOICE = (
    'let another voice say it: `NOTE polyreel line {"voice": "NAME"}` before its cue in the .vtt, then '
    "`polyreel revise`"
)
_MENDS = "`quality: {mend: true}` tries one by itself"
_VENDORS = "change the line, and `polyreel revise` has it made again there"


@dataclass(frozen=True, slots=True)
class Ways:
    """What a job does already. ``mends``: failing lines are said once more by themselves."""

    mix: Mix = "dub"
    mends: bool = False


def add_remedies(checks: Sequence[Check], dubbed: Dubbed, ways: Ways) -> tuple[Check, ...]:
    """The checks, each line that they found with what helps, and each check with all of that in a sentence."""
    # Two speakers may begin at the same moment.
    lines = {(line.start_ms, begin_words(line.text)): line for line in dubbed.lines}
    return tuple(_add_remedy(check, lines, dubbed, ways) if check.lines else check for check in checks)


def _add_remedy(check: Check, lines: Mapping[tuple[int, str], LineFit], dubbed: Dubbed, ways: Ways) -> Check:
    found = tuple(
        each.model_copy(
            update={"remedy": _find_remedy(check.name, each, lines.get((each.at_ms, each.text)), dubbed, ways)}
        )
        for each in check.lines
    )
    told = [*_join_alike(found), *(_advise_limit(check.name, found) if _lists_all(check) else ())]
    return check.model_copy(update={"lines": found, "remedy": "; ".join(told)})


def _join_alike(lines: Sequence[FlawedLine]) -> list[str]:
    """Each remedy once, with the numbers of its lines where there are several."""
    by_remedy: dict[str, list[str]] = {}
    for each in lines:
        name = str(each.line) if each.line else f"{each.at_ms / 1000:.1f} s"
        if each.remedy:
            by_remedy.setdefault(each.remedy, []).append(name)
    if len(by_remedy) == 1:
        return list(by_remedy)
    return [f"line {', '.join(names)}: {remedy}" for remedy, names in by_remedy.items()]


def _find_remedy(name: str, flawed: FlawedLine, line: LineFit | None, dubbed: Dubbed, ways: Ways) -> str:
    if name == "speech_over_background":
        return _lower_background(dubbed, ways)
    if line is None or not line.voice:
        return "" if name == "fit" else _VENDORS
    if line.recorded_by:
        return _RECORDED.get(name, f"record it again, or take {line.recorded_by}'s recording back")
    return _OWN[name](flawed, line, ways) if name in _OWN else ""


def _lower_background(dubbed: Dubbed, ways: Ways) -> str:
    if not all(line.voice for line in dubbed.lines):
        return "ask for a dub with less under its speech, or give a quieter `source.background`"
    if ways.mix == "voiceover":
        return "`dubbing: {mix: dub}` puts less of the original under it; `mix: speech_only` nothing"
    if dubbed.separation == "ducked":
        return "give a quieter `source.background`; with `dubbing: {mix: speech_only}` nothing is under it"
    return "`dubbing: {separation: ducked}` lowers what is under it by 30 dB; with `mix: speech_only` nothing is"


# -- our own voices


def _say_otherwise(_flawed: FlawedLine, line: LineFit, ways: Ways) -> str:
    if "clone-" in line.voice:
        return "give a cleaner sample of that voice (`dubbing.clones`), or " + _ANOTHER_VOICE
    # What was tried by itself is told by `mending`.
    return _ANOTHER_VOICE + ("" if ways.mends or line.chosen else f"; {_MENDS}")


def _move(flawed: FlawedLine, line: LineFit, ways: Ways) -> str:
    if flawed.measured.startswith("again"):
        return "its words stand at two places: take them out of one of the cues, and `polyreel revise`"
    return _say_otherwise(flawed, line, ways)


def _respell(flawed: FlawedLine, line: LineFit, ways: Ways) -> str:
    return f"say how its foreign or rare words are said (`pronunciations`), or {_say_otherwise(flawed, line, ways)}"


def _cast(_flawed: FlawedLine, line: LineFit, _ways: Ways) -> str:
    who = f"`speakers: {{{line.speaker}: ...}}`" if line.speaker else "`speakers`"
    return f"correct who says it in the script (`<v NAME>`), or whose voice that is in {who}; then `polyreel revise`"


def _shorten(_flawed: FlawedLine, _line: LineFit, ways: Ways) -> str:
    mends = "" if ways.mends else "; with a `translation` that can, `quality: {mend: true}` shortens it by itself"
    return f"shorten it, and `polyreel revise`; `dubbing: {{fit: {{picture: true}}}}` lets the picture wait{mends}"


_OWN: Mapping[str, Callable[[FlawedLine, LineFit, Ways], str]] = {
    "fit": _shorten,
    "line_timing": _move,
    "line_loudness": _say_otherwise,
    "line_noise": _say_otherwise,
    "line_clipping": _say_otherwise,
    "silent_lines": _respell,
    "clipped_speech": _say_otherwise,
    "back_transcription": _respell,
    "accent": _respell,
    "one_voice": _cast,
}
_RECORDED = {
    "line_noise": "record it again where it is quieter",
    "line_clipping": "record it again, softer or further off",
}


# -- limits

# By how much a limit is moved at least, and whether a low figure is the bad one; lines that are lost have none.
_STEPS: Mapping[str, tuple[float, bool]] = {
    "line_timing": (100, False),
    "line_loudness": (0.5, False),
    "speech_over_background": (0.5, True),
    "line_noise": (0.5, True),
    "line_clipping": (0.05, False),
    "accent": (0.05, True),
    "one_voice": (0.05, True),
}


def _advise_limit(name: str, lines: Sequence[FlawedLine]) -> list[str]:
    """The limit that all of these lines would keep, for a dub that is meant to be so."""
    beyond = [each for each in lines if _is_beyond(name, each)]
    if name not in _STEPS or len(beyond) < len(lines):
        return []
    step, is_least = _STEPS[name]
    worst = min(each.value for each in lines) if is_least else max(each.value for each in lines)
    # Counted in steps, so that 0.15 is no 0.15000000000000002.
    limit = round((floor if is_least else ceil)(worst / step) * step, 2)
    return [f"if that is meant so, `quality: {{limits: {{{name}: {{warn: {limit:g}}}}}}}` lets it pass"]


def _lists_all(check: Check) -> bool:
    """Whether it lists every line that it found: one that is left out may be worse than those that are listed."""
    if check.unit == "lines" and isinstance(check.value, int):
        return check.value <= len(check.lines)
    return len(check.lines) < MOST_LISTED


def _is_beyond(name: str, each: FlawedLine) -> bool:
    """Whether its figure is what it was found for: not of a line that is heard twice, or is more like another's."""
    is_least = _STEPS.get(name, (0.0, False))[1]
    return each.value < each.limit if is_least else each.value > each.limit
