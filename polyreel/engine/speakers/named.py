"""Who speaks: read from a script's ``Ana:`` prefixes where they are names, and listed in an order that stays.

A colon is no proof of a speaker: *Note: this is loud* has one, too. Names come back, and they come early and often. So
prefixes are taken for names only where they recur as names do, and only those that do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from polyreel.subtitles.cuetext import plain_text, voices
from polyreel.subtitles.model import Cue, Track
from polyreel.subtitles.speakers import Label, find_labels, read_label, speakers_from_prefixes
from polyreel.subtitles.spoken import opens_turn

_LEAST_SHARE = 0.3
_RECURS = 2


def with_names(track: Track, expected: int | None = None) -> Track:
    """The same track, its ``Ana:`` prefixes read as speakers where they are names.

    Without ``expected`` (how many people speak) names are what more than a colon speaks for: capitals before words
    that are not (``ANA: Hello``, ``ANA | Hello``), ``>>`` before it, ``(quietly)`` behind it, italics around it. In
    brackets without a colon, or before a dash (``[ANA] Hello``, ``ANA - Hello``), they need others beside them. So are
    two different names, each in two cues or more, in 30 % of all cues together. With two or more expected, as many
    prefixes are names as are expected, the most frequent first. With one, only those that more than a colon speaks for.
    A script with voice tags is left alone. A cue without a name goes on with the last one's, unless a dash, ``>>``, or
    capitals in brackets that may be a name say that somebody else speaks: then nobody is named.
    """
    if has_names(track):
        return track
    labels = find_labels(track)
    sure = [[label for label in each if not label.needs_others] for each in labels]
    found = Counter(name for each in sure for name in dict.fromkeys(label.name for label in each))
    accepted = {label.name for each in sure for label in each if label.is_marked or label.is_capital}
    accepted |= _named_among_others(labels, accepted)
    if expected is None:
        accepted |= _recurring_names(found, len(track.cues))
    elif expected > 1:
        accepted |= _most_frequent(found, expected)
    if not accepted:
        return track
    return replace(track, cues=tuple(_carry_on(speakers_from_prefixes(track, accepted.__contains__).cues)))


def roster(*tracks: Track) -> tuple[str, ...]:
    """Everybody who speaks, by first appearance; ``""`` stands for who has no name.

    The source's script comes first: in every language, and however a reel is trimmed, Ana is then the same number.
    """
    return tuple(
        dict.fromkeys(who or "" for track in tracks for cue in track.cues for who, text in voices(cue) if text.strip())
    )


def has_names(track: Track) -> bool:
    """Whether the track says who speaks."""
    return any(_list_names(cue) for cue in track.cues)


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody speaks, as it was heard in the source. Times are integer milliseconds."""

    start_ms: int
    end_ms: int
    speaker: str


def with_turns(track: Track, turns: Sequence[Turn]) -> Track:
    """The same track, its nameless cues given to whoever is heard for most of their time."""
    return replace(track, cues=tuple(cue if _list_names(cue) else _assign_turn(cue, turns) for cue in track.cues))


def _assign_turn(cue: Cue, turns: Sequence[Turn]) -> Cue:
    heard: dict[str, int] = {}
    for turn in turns:
        together = min(cue.end_ms, turn.end_ms) - max(cue.start_ms, turn.start_ms)
        if together > 0:
            heard[turn.speaker] = heard.get(turn.speaker, 0) + together
    return replace(cue, speaker=max(heard, key=lambda who: heard[who])) if heard else cue


def _list_names(cue: Cue) -> list[str]:
    return [who for who, _ in voices(cue) if who]


def _recurring_names(found: Mapping[str, int], cues: int) -> set[str]:
    names = {name for name, count in found.items() if count >= _RECURS}
    enough = len(names) > 1 and sum(found[name] for name in names) >= _LEAST_SHARE * cues
    return names if enough else set()


def _named_among_others(labels: Sequence[Sequence[Label]], accepted: set[str]) -> set[str]:
    """Of ``[ANA] Hello`` and ``ANA - Hello``: those whom others, or a share of all cues, show to be names.

    Brackets at the change of speakers alone are enough where two are called so, or one twice. Before a dash it takes
    two, in a share of all cues as names are: *NASA - it flies* is a sentence.
    """
    unsure = [[each for each in line if each.needs_others and each.rest and not each.may_be_sound] for line in labels]
    often = sum(map(bool, unsure)) >= _LEAST_SHARE * len(labels)
    bracketed = Counter(label.name for each in unsure for label in each if label.is_bracketed)
    dashed = {label.name for each in unsure for label in each if not label.is_bracketed}
    named = set(bracketed) if often or bracketed.total() >= _RECURS else set()
    return named | (dashed if often and len(dashed | named | accepted) > 1 else set())


def _most_frequent(found: Counter[str], expected: int) -> set[str]:
    return {name for name, _ in found.most_common(expected)}


def _carry_on(cues: Iterable[Cue]) -> Iterable[Cue]:
    last: str | None = None
    for cue in cues:
        said = voices(cue)
        if not _list_names(cue) and (opens_turn(plain_text(cue.text)) or _may_name_another(cue)):
            last = None  # somebody else, and nobody says who
        yield replace(cue, speaker=last) if last and not _list_names(cue) else cue
        if _list_names(cue):
            last = said[-1][0]
        elif cue.speaker:  # a label alone: its words are in the next cue
            last = cue.speaker


def _may_name_another(cue: Cue) -> bool:
    """Whether a cue has ``[BEN] Hello``, and it is not known whether anybody is called so."""
    labels = filter(None, map(read_label, cue.text.split("\n")))
    return any(label.is_bracketed and label.rest for label in labels)
