"""Who speaks when, by ear: the source's speech cue by cue, as voice prints, in as many groups as people speak.

How many that are may be found, too: prints are put together as long as they are alike as one person's are.
How high each of them speaks is measured on the way, so that a man's lines need not be given to a woman's voice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polyreel.engine.models.registry import VOICE_PRINTS
from polyreel.engine.separation.speech import original_speech
from polyreel.engine.separation.stems import Stems
from polyreel.engine.speakers.named import Turn
from polyreel.engine.speakers.pitch import gender_by_pitch, measure_pitches
from polyreel.engine.speakers.voiceprint import Encoder, Print, encoder, voice_print
from polyreel.engine.voice.port import Gender
from polyreel.keys import stage_key
from polyreel.store.port import Store

_VERSION = 4
_MOST_MS, _LEAST_MS = 6000, 700
# All pairs are compared, so that work and memory grow with the square; who speaks is heard in the longest lines.
_MOST_COMPARED = 400
# Lines of one of our voices are 0.82 alike on the mean of all pairs and more, those of two 0.57 at most, but for two
# sisters (0.73). People vary more than voices of ours, so the limit lies nearer to the strangers.
_ONE_PERSON = 0.72
# Shorter lines say little of who speaks: they don't count when people are counted.
_COUNTED_MS = 1500
_LEAST_SHARE = 0.03
"""Who says less than this of all that is said is taken for a voice that was misheard."""
# A telephone, a shout or a damaged take changes a print as another person does: one short line is no proof of anybody.
_ODD_MS, _ODD_SHARE = 4000, 0.2
_listening = threading.Lock()


@dataclass(frozen=True, slots=True)
class Ear:
    """Who was heard: a turn for every cue, and the gender of those speakers whose pitch is clear.

    ``odd`` are the turns that sound like nobody's others and are too little to count as a person's: they went to
    whoever is nearest.
    """

    turns: tuple[Turn, ...]
    genders: Mapping[str, Gender]
    odd: tuple[Turn, ...] = ()


def hear_speakers(
    stems: Stems,
    cues: Sequence[tuple[int, int]],
    people: int | None,
    store: Store,
    go_on: Callable[[], None],
    *,
    load: Callable[[], Encoder] = encoder,
) -> Ear:
    """A turn for every cue (start and end in ms), its speaker named ``Speaker 1`` to ``Speaker N`` by first appearance.

    ``people`` is how many speak; None: as many as are heard.
    Remembered by what it depends on, and done once, however many languages ask at the same time. Blocks; ``go_on``
    may raise between cues. Raises EngineError (``model_missing``) where the network is not on this machine.
    """
    key = _make_key(stems, cues, people)
    with _listening:
        found = store.load_record(key)
        if found is None:
            prints, heights = _measure_prints(stems, cues, load(), go_on)
            names, odd = _part_cues(prints, cues, people)
            found = {"speakers": names, "genders": _guess_genders(names, heights), "odd": odd}
            store.save_record(key, found)
    numbered = zip(cues, found["speakers"], strict=True)
    turns = tuple(Turn(start, end, _name_speaker(who)) for (start, end), who in numbered)
    return Ear(turns, found["genders"], tuple(turns[place] for place in found["odd"]))


def _name_speaker(number: int) -> str:
    return f"Speaker {number}"


def _guess_genders(names: Sequence[int], heights: Sequence[NDArray[np.float64]]) -> dict[str, Gender]:
    """The gender of each speaker, by the pitch of all their frames together."""
    found: dict[str, Gender] = {}
    for number in sorted(set(names)):
        own = [heard for name, heard in zip(names, heights, strict=True) if name == number]
        if gender := gender_by_pitch(np.concatenate(own)):
            found[_name_speaker(number)] = gender
    return found


def _make_key(stems: Stems, cues: Sequence[tuple[int, int]], people: int | None) -> str:
    background = stems.background.audio.sha256 if stems.background else None
    sound = [stems.original.audio.sha256, background]
    return stage_key("speakers", _VERSION, sound=sound, cues=list(cues), people=people, model=VOICE_PRINTS.fingerprint)


def _measure_prints(
    stems: Stems, cues: Sequence[tuple[int, int]], encode: Encoder, go_on: Callable[[], None]
) -> tuple[NDArray[np.float32], list[NDArray[np.float64]]]:
    """The print of each cue's speech, and the pitches of its frames."""
    read = original_speech(stems)
    prints: list[Print] = []
    heights: list[NDArray[np.float64]] = []
    for start, end in cues:
        go_on()
        length = min(end - start, _MOST_MS)
        # From its middle: at its edges a cue holds pauses, and its neighbours.
        first = start + (end - start - length) // 2
        speech = read(first, first + max(1, length))
        prints.append(voice_print(speech, encode))
        heights.append(measure_pitches(speech))
    return np.array(prints), heights


def tell_apart(prints: NDArray[np.float32], cues: Sequence[tuple[int, int]], people: int | None) -> list[int]:
    """A number for each cue, from 1 up in the order of first appearance.

    ``prints`` has a row per cue, each of unit length; ``people`` is how many speak, None: as many as are heard.
    """
    return _part_cues(prints, cues, people)[0]


def _part_cues(
    prints: NDArray[np.float32], cues: Sequence[tuple[int, int]], people: int | None
) -> tuple[list[int], list[int]]:
    """A number for each cue, and the places of those that sound like nobody's others."""
    lengths = np.array([end - start for start, end in cues])
    compared = _choose_compared(lengths, people)
    groups = group_prints(prints[compared], people or 1, _ONE_PERSON if people is None else -np.inf)
    odd: list[int] = []
    if people is None:
        strays = _find_odd(compared, groups, lengths)
        odd = compared[strays].tolist()
        compared, groups = _without_strays(compared[~strays], groups[~strays], lengths)
    centres = np.array([prints[compared[groups == group]].mean(axis=0) for group in np.unique(groups)])
    nearest = (prints @ centres.T).argmax(axis=1)
    order = {group: number for number, group in enumerate(dict.fromkeys(nearest.tolist()), start=1)}
    return [order[group] for group in nearest.tolist()], odd


def _choose_compared(lengths: NDArray[np.int64], people: int | None) -> NDArray[np.int64]:
    """The cues by which people are told apart: the longest. All others go to whoever is nearest."""
    # All pairs are compared: 400 are 160,000 likenesses, and the cost grows at least with their square.
    longest = np.argsort(-lengths, kind="stable")[:_MOST_COMPARED]
    # A word or two make no print to go by.
    found = longest[lengths[longest] >= (_LEAST_MS if people else _COUNTED_MS)]
    # Where too few are long enough, short ones say more than nothing.
    return np.sort(found if len(found) >= (people or 1) else longest)


def _find_odd(compared: NDArray[np.int64], groups: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which cues are alone in their groups, short, and little of all that is said: voices that may be nobody's."""
    said, cues = np.bincount(groups, weights=lengths[compared]), np.bincount(groups)
    odd: NDArray[np.bool_] = ((cues == 1) & (said < _ODD_MS) & (said < _ODD_SHARE * said.sum()))[groups]
    # Where everybody says one line, each of them may be somebody.
    return np.zeros_like(odd) if odd.all() else odd


def _without_strays(
    compared: NDArray[np.int64], groups: NDArray[np.int64], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Without the groups that say next to nothing; all of them stay where none says more."""
    said = np.bincount(groups, weights=lengths[compared])
    kept = (said >= _LEAST_SHARE * said.sum())[groups]
    return (compared[kept], groups[kept]) if kept.any() else (compared, groups)


def group_prints(prints: NDArray[np.float32], groups: int, least: float = -np.inf) -> NDArray[np.int64]:
    """Average linkage by cosine: the two likest groups become one until there are so few. Numbers from 0 up.

    Groups less alike than ``least`` stay apart, however many they are.
    """
    count = len(prints)
    members = np.arange(count)
    alike = (prints @ prints.T).astype(np.float64)
    np.fill_diagonal(alike, -np.inf)
    sizes = np.ones(count)
    for _ in range(count - groups):
        one, other = sorted(np.unravel_index(int(alike.argmax()), alike.shape))
        if alike[one, other] < least:
            break
        joint = (alike[one] * sizes[one] + alike[other] * sizes[other]) / (sizes[one] + sizes[other])
        alike[one], alike[:, one] = joint, joint
        alike[one, one] = -np.inf
        alike[other], alike[:, other] = -np.inf, -np.inf
        sizes[one] += sizes[other]
        members[members == other] = one
    return np.unique(members, return_inverse=True)[1]
