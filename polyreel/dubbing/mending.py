"""Lines that did not pass a check, tried once more by themselves: shortened, or said by another voice.

One attempt for each line; all of them are made in one dub, measured again, and what did not come out better is left as
it was. What was said before comes from the store, so that an attempt costs the sentences that it changes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from polyreel.dubbing.line_flaws import UNITS, WHOLLY, Against, Kind, Measured, Place, Take, measure_lines, times_ms
from polyreel.dubbing.port import Dubbed, DubRequest
from polyreel.engine.speech.script import extract_spoken_script
from polyreel.engine.speech.sentences import Line
from polyreel.engine.translate import budget
from polyreel.engine.translate.track import pieces_of, put_together
from polyreel.engine.voice.port import Voice
from polyreel.errors import PolyreelError
from polyreel.outcome import MendedLine, Mending, StoredFile
from polyreel.store.local import path_of
from polyreel.store.port import Store
from polyreel.subtitles import read_file, write
from polyreel.subtitles.model import Cue, Track

_ROUNDS = 3
"""How often what did not help is taken out and the rest measured again, before everything stays as it was."""
# The outcome goes to the server and the report; a film in which more fails needs a person, not a list.
MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class Wording:
    """A line that is to be shortened: what it says, what the source says there, and the characters it has time for."""

    text: str
    source: str
    most: int


Shorten = Callable[[Mapping[int, Wording]], Awaitable[Mapping[int, str]]]
"""Shorter wordings by the line's number, counted from 1; those that could not be had are missing."""
DubAgain = Callable[[DubRequest], Awaitable[Take]]


@dataclass(frozen=True, slots=True)
class Workshop:
    """What lines are mended with. ``shorten`` None: nobody rewords. ``untouchable``: why a cue of the script is not to
    be changed; empty: it may be."""

    voice: Voice
    store: Store
    against: Against
    dub: DubAgain
    shorten: Shorten | None
    untouchable: Callable[[Cue], str]


@dataclass(frozen=True, slots=True)
class MendedTake:
    """The dub that came of it, and what it was asked for; the very same where nothing came out better."""

    request: DubRequest
    dubbed: Dubbed
    mending: Mending


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is tried with one line: other words, or another voice."""

    text: str = ""
    voice: str = ""

    @property
    def name(self) -> str:
        """As the report has it."""
        return "shortened" if self.text else "another voice"


async def mend_lines(request: DubRequest, take: Take, shop: Workshop) -> MendedTake:
    """Try every flawed line once. What fails on the way leaves the dub as it was, and the record says why."""
    before = await asyncio.to_thread(measure_lines, take, shop.against)
    script = await asyncio.to_thread(_Scripts.read, request)
    attempts, reasons = await _plan_attempts(before, script, shop)
    kept_attempts, tried, best = dict(attempts), dict[Place, Measured](), (request, take.dubbed, before)
    for _ in range(_ROUNDS):
        if not kept_attempts:
            break
        asked = await asyncio.to_thread(script.apply, request, kept_attempts, shop)
        try:
            made = await shop.dub(asked)
        except PolyreelError as error:  # the dub that is there may go out as it is
            reasons |= dict.fromkeys(attempts, f"it could not be said otherwise: {error.message}")
            kept_attempts = {}
            break
        now = await asyncio.to_thread(measure_lines, made, shop.against)
        tried = {place: now[place] for place in kept_attempts if place in now} | tried
        useless = _find_useless(before, now, kept_attempts)
        if not useless:
            best = (asked, made.dubbed, now)
            break
        kept_attempts = {place: attempt for place, attempt in kept_attempts.items() if place not in useless}
    else:
        kept_attempts = {}
    request, dubbed, after = best
    record = _Record(before, after, attempts, kept_attempts, tried, reasons, script)
    return MendedTake(request, dubbed, record.sum_up())


def _find_useless(
    before: Mapping[Place, Measured], now: Mapping[Place, Measured], kept: Mapping[Place, Attempt]
) -> set[Place]:
    """Attempts that made their line no better, or another line worse."""
    useless = {place for place in kept if place not in now or not _is_better(before[place], now[place])}
    for place, measured in now.items():
        new = measured.flaws - (before[place].flaws if place in before else frozenset())
        # Fewer lines of its speaker's are left to compare it with, which says nothing of what it sounds like.
        if place not in kept and new - {"one_voice"}:
            # The nearest attempt is blamed: a longer line pushes its neighbours, nobody further off.
            useless.add(min(kept, key=lambda each: abs(each[1] - place[1])))
    return useless


def _is_better(before: Measured, now: Measured) -> bool:
    """Less of the flaw, or nothing of it where only that is worth another voice; and none that was not there."""
    kind = before.worst
    if kind in WHOLLY and kind in now.flaws:
        return False
    return now.figures.get(kind, inf) < before.figures[kind] and not now.flaws - before.flaws


# -- what to try


async def _plan_attempts(
    before: Mapping[Place, Measured], script: _Scripts, shop: Workshop
) -> tuple[dict[Place, Attempt], dict[Place, str]]:
    """An attempt for each flawed line that may have one; of the others, why they have none."""
    flawed = {place: each for place, each in before.items() if each.flaws}
    reasons = {place: why for place, each in flawed.items() if (why := script.refuse(place, shop) or each.no_help)}
    open_to_change = {place: each for place, each in flawed.items() if place not in reasons}
    attempts = await _plan_shorter(open_to_change, before, script, shop, reasons)
    for place, each in open_to_change.items():
        if each.worst != "fit":
            if other := _find_other_voice(each, before, shop):
                attempts[place] = Attempt(voice=other)
            else:
                reasons[place] = "no other voice of its kind is free"
    return attempts, reasons


async def _plan_shorter(
    flawed: Mapping[Place, Measured],
    before: Mapping[Place, Measured],
    script: _Scripts,
    shop: Workshop,
    reasons: dict[Place, str],
) -> dict[Place, Attempt]:
    rooms = dict(zip(before, times_ms([each.line for each in before.values()], shop.against.reel_ms), strict=True))
    wanted: dict[int, Wording] = {}
    places: dict[int, Place] = {}
    for place, each in flawed.items():
        if each.worst != "fit":
            continue
        share = budget.HURRIED * rooms[place] / max(1, each.line.natural_ms)
        if share >= 1:
            reasons[place] = "only the lines before it are too long"
        elif shop.shorten is None:
            reasons[place] = "nobody shortens it: the job names no `translation` that can"
        elif (wording := script.wording_of(place, share)) is None:
            reasons[place] = "several people speak in its cue"
        else:
            wanted[script.number_of(place)], places[script.number_of(place)] = wording, place
    answers, why = await _ask_shorter(wanted, shop)
    reasons |= {place: why for number, place in places.items() if number not in answers}
    return {places[number]: Attempt(text=text) for number, text in answers.items() if number in places}


async def _ask_shorter(wanted: Mapping[int, Wording], shop: Workshop) -> tuple[Mapping[int, str], str]:
    """Shorter wordings by the cue's number; and why the others have none."""
    if not wanted or shop.shorten is None:
        return {}, ""
    try:
        return await shop.shorten(wanted), "the translator had no shorter wording"
    except PolyreelError as error:  # the dub that is there may go out as it is
        return {}, f"the translator failed: {error.message}"


def _find_other_voice(flawed: Measured, before: Mapping[Place, Measured], shop: Workshop) -> str | None:
    """The next voice of the same gender that nobody else in the dub has."""
    mine = flawed.line.voice
    taken = {each.line.voice for each in before.values()}
    company = [each for each in shop.voice.cast(shop.against.locale) if each not in taken]
    return next((each for each in company if shop.voice.gender(each) == shop.voice.gender(mine)), None)


# -- the script


@dataclass(frozen=True, slots=True)
class _Scripts:
    """The script that was spoken, the one that is shown, and the lines by their places."""

    said: Track
    shown: Track | None
    source: Track | None
    lines: Mapping[Place, Line]
    doubled: frozenset[Place]

    @classmethod
    def read(cls, request: DubRequest) -> _Scripts:
        said, shown, source = (
            read_file(path_of(file)).track if file else None
            for file in (request.script, request.shown, request.source_script)
        )
        lines: dict[Place, Line] = {}
        doubled: set[Place] = set()
        for line in extract_spoken_script(said or Track()).lines:
            place = line.speaker or "", line.start_ms
            # Such lines can't be told apart in what comes back.
            doubled.update({place} if place in lines else ())
            lines[place] = line
        return cls(said or Track(), shown, source, lines, frozenset(doubled))

    def number_of(self, place: Place) -> int:
        """The cue's number, from 1; 0 where there is none."""
        return self.lines[place].cue + 1 if place in self.lines else 0

    def refuse(self, place: Place, shop: Workshop) -> str:
        """Why a line is not to be touched; empty: it may be."""
        if place not in self.lines or place in self.doubled:
            return "several lines begin at once"
        return shop.untouchable(self.said.cues[self.lines[place].cue])

    def wording_of(self, place: Place, share: float) -> Wording | None:
        """A line to be shortened to a share of its characters; None where its cue holds more than it."""
        number = self.lines[place].cue
        pieces = [piece for piece in pieces_of(self.said) if piece.cue == number]
        if len(pieces) != 1 or self._shown_before(number, pieces[0].text) is None:
            return None
        cue = self.said.cues[number]
        beside = [
            " ".join(piece.text for piece in pieces_of(Track((each,))))
            for each in (self.source.cues if self.source else ())
            if each.start_ms < cue.end_ms and (each.start_ms + each.end_ms) // 2 in range(cue.start_ms, cue.end_ms)
        ]
        return Wording(pieces[0].text, " ".join(beside), max(1, int(len(pieces[0].text) * share)))

    def _shown_before(self, number: int, text: str) -> str | None:
        """What stands before a line's words where they are shown: a name, or nothing; None: other words are shown."""
        if self.shown is None:
            return ""
        shown = [piece.text for piece in pieces_of(self.shown) if piece.cue == number]
        same = len(self.shown.cues) == len(self.said.cues) and len(shown) == 1 and shown[0].endswith(text)
        return shown[0][: len(shown[0]) - len(text)] if same else None

    def apply(self, request: DubRequest, attempts: Mapping[Place, Attempt], shop: Workshop) -> DubRequest:
        """What is asked of the dubber with these attempts in it."""
        texts = {self.lines[place].cue: each.text for place, each in attempts.items() if each.text}
        retakes = tuple((*place, each.voice) for place, each in attempts.items() if each.voice)
        changed = {"retakes": tuple(sorted(retakes))}
        if not texts:
            return request.model_copy(update=changed)
        said = _with_texts(self.said, texts, shop.against)
        update = {**changed, "script": _keep_script(said, shop.store)}
        if self.shown is not None:
            old = {piece.cue: piece.text for piece in pieces_of(self.said) if piece.cue in texts}
            names = {number: self._shown_before(number, old[number]) or "" for number in texts}
            shown = _with_texts(self.shown, {n: names[n] + text for n, text in texts.items()}, shop.against)
            update["shown"] = _keep_script(shown, shop.store)
        return request.model_copy(update=update)


def _with_texts(track: Track, texts: Mapping[int, str], against: Against) -> Track:
    """The track with some cues in other words, laid out anew; the others stay as they were written."""
    pieces = [piece for piece in pieces_of(track) if piece.cue in texts]
    lines = [texts[piece.cue] for piece in pieces]
    return put_together(track, pieces, lines, against.profile, against.locale)


def _keep_script(track: Track, store: Store) -> StoredFile:
    return store.keep_bytes(write(track, "vtt").text.encode(), ".vtt")


# -- what is told


@dataclass(frozen=True, slots=True)
class _Record:
    before: Mapping[Place, Measured]
    after: Mapping[Place, Measured]
    attempts: Mapping[Place, Attempt]
    kept: Mapping[Place, Attempt]
    tried: Mapping[Place, Measured]
    reasons: Mapping[Place, str]
    script: _Scripts

    def sum_up(self) -> Mending:
        """Every flawed line, by its number, and how many of them there are."""
        lines = sorted(map(self._line, self._flawed()), key=lambda each: (each.line, each.at_ms))
        mended = sum(each.state == "mended" for each in lines)
        return Mending(
            checked=len(self.before),
            flagged=len(lines),
            mended=mended,
            left=len(lines) - mended,
            lines=tuple(lines[:MOST_LISTED]),
        )

    def _flawed(self) -> Sequence[Place]:
        return [place for place, each in self.before.items() if each.flaws]

    def _line(self, place: Place) -> MendedLine:
        was, now = self.before[place], self.after.get(place)
        kind: Kind = was.worst
        is_mended = now is not None and not now.flaws
        last = now if place in self.kept or place not in self.attempts else self.tried.get(place)
        did = self.attempts[place].name if place in self.attempts else "room beside it" if is_mended else ""
        after = last.figures.get(kind) if last and did else None
        return MendedLine(
            line=self.script.number_of(place),
            at_ms=was.line.cue_start_ms,
            text=was.line.text[:120],
            check=kind,
            did=did,
            state="mended" if is_mended else "left",
            before=was.figures[kind],
            after=after,
            unit=UNITS[kind],
            why="" if is_mended else self._why(place),
        )

    def _why(self, place: Place) -> str:
        if place in self.reasons:
            return self.reasons[place]
        return "better, and not enough" if place in self.kept else "it came out no better, and was left as it was"
