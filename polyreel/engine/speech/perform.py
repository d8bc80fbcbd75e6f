"""One language, spoken: cast the voices, say every sentence, fit it, write the stem. Blocks; call it in a thread."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from polyreel.engine.sound.stem import RATE
from polyreel.engine.speech import fit
from polyreel.engine.speech.booth import Booth, Take
from polyreel.engine.speech.choices import SpokenChoice, gather_recorded_lines
from polyreel.engine.speech.script import Script
from polyreel.engine.speech.sentences import Line, Sentence, cut_back, into_sentences
from polyreel.engine.speech.stem import Placed, voice_gains, voice_levels, write_stem
from polyreel.engine.speech.takes import Progress, Text, each_of, record_naturals
from polyreel.engine.speech.tone import LIMITS, Original, Tone, gain_towards, measure_tones
from polyreel.engine.voice.ensemble import list_caveats
from polyreel.engine.voice.port import Gender, Voice, assign
from polyreel.engine.voice.text.said_as import Pronunciation, respell
from polyreel.errors import EngineError
from polyreel.errors.wording import spell_count
from polyreel.outcome import LineFit, LineTone, StoredFile, Value
from polyreel.store.port import Store

_SHARE_SAID, _SHARE_FITTED = 0.7, 0.2
RECORDED = "recording:"
"""What the voice of a line is called that a person recorded; its recording's digest follows."""


class Performance(Value):
    """A language's speech: the stem (raw 16-bit mono, 48 kHz, as long as the reel), and how each line sits."""

    stem: StoredFile
    lines: tuple[LineFit, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Direction:
    """How a script is to be spoken. ``samples`` is the reel's length at 48 kHz; ``asked`` the voices a job names.

    ``roster`` is everybody who speaks in the whole job, ``pinned`` (speaker, voice) what a job says of single ones,
    ``genders`` (speaker, gender) what is known of them. ``pronunciations`` are those that count in the locale.
    ``retakes`` (speaker, or "" for nobody's name; the line's start in ms; voice) are sentences that another voice says.
    ``original`` is what the tone is taken from, where the job asks for that.
    ``choices`` are what a person chose for single lines, which goes before all that.
    """

    locale: str
    samples: int
    asked: tuple[str, ...] = ()
    beat_ms: int = 0
    roster: tuple[str, ...] = ()
    pinned: tuple[tuple[str, str], ...] = ()
    genders: tuple[tuple[str, Gender], ...] = ()
    pronunciations: tuple[Pronunciation, ...] = ()
    retakes: tuple[tuple[str, int, str], ...] = ()
    original: Original | None = None
    choices: tuple[SpokenChoice, ...] = ()

    @property
    def reel_ms(self) -> int:
        """The reel's length in whole milliseconds."""
        return self.samples * 1000 // RATE


@dataclass(frozen=True, slots=True)
class _Said:
    """A sentence, the voice it got, the words that this voice was given, and how they came out at its own pace."""

    sentence: Sentence
    voice: str
    words: str
    natural: Take
    retaken: bool = False
    tone: Tone | None = None
    choice: SpokenChoice | None = None

    @property
    def pace(self) -> float:
        """At which it was asked for: 1.0 is the voice's own."""
        return self.choice.pace if self.choice else 1.0

    @property
    def paced_ms(self) -> int | None:
        """How long it takes as fast as the original; None where that says nothing."""
        pace = self.tone.pace if self.tone else 1.0
        return None if pace == 1.0 else round(self.natural.ms / pace)


def perform(
    script: Script,
    direction: Direction,
    voice: Voice,
    store: Store,
    *,
    on_progress: Callable[[float], None],
    go_on: Callable[[], None],
) -> Performance:
    """Speak a script. ``go_on`` is called before each sentence and may raise to stop.

    What was said before comes from the store, so that after an interruption, or when one cue has changed, only the
    rest is spoken. Raises NoVoice, or EngineError: ``empty_transcript`` where there is nothing to speak,
    ``script_too_long`` where a line is longer than the whole reel, however fast it is spoken.
    """
    session = _Session(voice, Booth(voice, store), direction, store, on_progress, go_on)
    # Sentences that begin after the reel would be spoken into nothing; they are counted and told instead.
    lines, notes = _keep_within(script, direction.reel_ms)
    sentences = into_sentences(gather_recorded_lines(lines, direction.choices))
    said = session.with_tones(session.say(sentences, _assign_voices(voice, direction, sentences)))
    if not said:
        raise EngineError(
            "nothing in the script can be spoken.",
            code="empty_transcript",
            where=direction.locale,
            remedy="Give a script with words in it, timed to the reel.",
        )
    cast = session.fit(said)
    by_voice = [(each.voice, each.words) for each in said if not each.natural.by_person]
    notes += _note_unsaid(len(sentences) - len(said)) + list_caveats(voice, direction.locale, by_voice)
    notes += _note_tones(cast) if direction.original else ()
    found = [line for each in cast for line in _list_line_fits(each)]
    return Performance(
        stem=session.write(cast), lines=tuple(sorted(found, key=lambda line: line.start_ms)), notes=notes
    )


def rehearse(
    script: Script,
    direction: Direction,
    voice: Voice,
    store: Store,
    *,
    on_progress: Callable[[float], None],
    go_on: Callable[[], None],
) -> tuple[fit.Spoken, ...]:
    """Every sentence at its voice's own pace, and the time that it has; `perform` speaks none of them again.

    Raises NoVoice or EngineError.
    """
    session = _Session(voice, Booth(voice, store), direction, store, on_progress, go_on)
    lines, _ = _keep_within(script, direction.reel_ms)
    sentences = into_sentences(gather_recorded_lines(lines, direction.choices))
    return tuple(map(_make_spoken, session.say(sentences, _assign_voices(voice, direction, sentences))))


def _assign_voices(voice: Voice, direction: Direction, sentences: Sequence[Sentence]) -> Mapping[str | None, str]:
    return assign(
        voice,
        direction.locale,
        (sentence.speaker for sentence in sentences),
        direction.asked,
        roster=direction.roster,
        pinned=dict(direction.pinned),
        genders=dict(direction.genders),
    )


def _keep_within(script: Script, reel_ms: int) -> tuple[Sequence[Line], tuple[str, ...]]:
    inside = [line for line in script.lines if line.start_ms < reel_ms]
    outside = len(script.lines) - len(inside)
    late = (f"Not spoken, as the reel has ended by then: {spell_count(outside, 'line')}.",) if outside else ()
    return inside, (*script.notes, *late)


def _note_unsaid(count: int) -> tuple[str, ...]:
    return (f"Nothing that this voice can say in {spell_count(count, 'sentence')}.",) if count else ()


@dataclass(frozen=True, slots=True)
class _Fitted:
    """A sentence at its place, and how it sounds there."""

    said: _Said
    place: fit.Place
    take: Take
    gain_db: float = 0.0


@dataclass(frozen=True, slots=True)
class _Role:
    """Who says a sentence, and what that voice is given."""

    words: str
    voice: str
    choice: SpokenChoice | None = None
    retaken: bool = False

    @property
    def recording(self) -> StoredFile | None:
        return self.choice.recording if self.choice else None

    @property
    def request(self) -> Text:
        return (self.words, self.voice, self.choice.pace) if self.choice else (self.words, self.voice)


@dataclass(frozen=True, slots=True)
class _Session:
    """One language's time in the booth."""

    voice: Voice
    booth: Booth
    direction: Direction
    store: Store
    on_progress: Callable[[float], None]
    go_on: Callable[[], None]

    def say(self, sentences: Sequence[Sentence], casting: Mapping[str | None, str]) -> list[_Said]:
        """Every sentence at its voice's own pace; those that the voice can't say are missing."""
        choices = {each.cue: each for each in self.direction.choices}
        chosen = [choices.get(sentence.lines[0].cue) for sentence in sentences]
        cast = zip(sentences, chosen, strict=True)
        roles = [self._assign_role(sentence, casting[sentence.speaker], choice) for sentence, choice in cast]
        asked = [each.request for each in roles if not each.recording]
        takes = record_naturals(self.booth, asked, self._report_share(0.0, _SHARE_SAID), self.go_on)
        found: list[_Said] = []
        for sentence, role in zip(sentences, roles, strict=True):
            take = self.booth.open_recording(role.recording) if role.recording else takes[role.request]
            if take:
                found.append(_Said(sentence, role.voice, role.words, take, role.retaken, choice=role.choice))
        return found

    def _assign_role(self, sentence: Sentence, voice: str, choice: SpokenChoice | None) -> _Role:
        """Who says a sentence, in which words: a person's choice goes before a retake, and that before the cast."""
        if choice and choice.recording:
            return _Role("", f"{RECORDED}{choice.recording.sha256[:16]}", choice)
        retake = None
        if choice and choice.voice:
            voice = self.voice.resolve(self.direction.locale, choice.voice)
        else:
            retake = self._find_retake(sentence)
        said = retake or voice
        return _Role(respell(sentence.text, self.direction.pronunciations, said), said, choice, retake is not None)

    def with_tones(self, said: Sequence[_Said]) -> list[_Said]:
        """The same with the original's tone, where it is to be followed."""
        original = self.direction.original
        if original is None:
            return list(said)
        tones = measure_tones([each.sentence for each in said], original, self.direction.reel_ms, self.go_on)
        return [replace(each, tone=_leave_chosen(each, tone)) for each, tone in zip(said, tones, strict=True)]

    def _find_retake(self, sentence: Sentence) -> str | None:
        places = {(line.speaker or "", line.start_ms) for line in sentence.lines}
        return next((voice for who, at, voice in self.direction.retakes if (who, at) in places), None)

    def fit(self, said: Sequence[_Said]) -> list[_Fitted]:
        """Every sentence at its place, by start."""
        # Before the fitting: it would squeeze such a line into the reel's end, and most of its words would be lost.
        _require_room(said, self.direction)
        waiting = list(map(_make_spoken, said))
        places = fit.fit(waiting, self.direction.reel_ms, beat_ms=self.direction.beat_ms)
        asked = [(s.words, s.voice, s.natural, p.length_ms, s.pace) for s, p in zip(said, places, strict=True)]
        progress = self._report_share(_SHARE_SAID, _SHARE_FITTED)
        takes = each_of(asked, lambda each: self.booth.fit_into(*each), progress, self.go_on)
        found = zip(said, places, asked, strict=True)
        levels = voice_levels((each.voice, each.natural) for each in said)
        fitted = [
            _Fitted(each, place, takes[wanted], _compute_gain_db(each, takes[wanted], levels))
            for each, place, wanted in found
        ]
        return sorted(fitted, key=lambda each: each.place.start_ms)

    def _report_share(self, before: float, own: float) -> Progress:
        return lambda share: self.on_progress(before + own * share)

    def write(self, fitted: Sequence[_Fitted]) -> StoredFile:
        """The stem, in the store."""
        # Voices are not equally loud at the same setting, and a dialogue must not jump from one to the next.
        gains = voice_gains((each.said.voice, each.said.natural) for each in fitted)
        placed = (
            Placed(each.take, each.place.start_ms, gains.get(each.said.voice, 1.0) * 10 ** (each.gain_db / 20))
            for each in fitted
        )
        with self.store.open_scratch() as folder:
            write_stem(folder / "speech.s16", placed, self.direction.samples)
            return self.store.keep_file(folder / "speech.s16", ".s16")


def _leave_chosen(said: _Said, tone: Tone | None) -> Tone | None:
    """The tone, as far as a person has not decided otherwise: by a pace, or by how they said it themselves."""
    if tone is None or said.natural.by_person:
        return None
    return replace(tone, pace=1.0) if said.pace != 1.0 else tone


def _make_spoken(said: _Said) -> fit.Spoken:
    sentence = said.sentence
    return fit.Spoken(sentence.start_ms, sentence.end_ms, said.natural.ms, sentence.speaker, said.paced_ms)


def _compute_gain_db(said: _Said, take: Take, levels: Mapping[str, float]) -> float:
    """What the original's tone adds to a take: towards as far above its voice's usual as the original was."""
    if said.tone is None or said.voice not in levels or not math.isfinite(take.level):
        return 0.0
    return round(gain_towards(said.tone, take.level - levels[said.voice]), 2)


def _note_tones(fitted: Sequence[_Fitted]) -> tuple[str, ...]:
    fitted = [each for each in fitted if not each.said.natural.by_person]
    if not fitted:
        return ()
    followed = [(each.gain_db, each.said.tone.pace) for each in fitted if each.said.tone]
    if not followed:
        return (
            f"The original's tone was not followed: nobody is heard there in {spell_count(len(fitted), 'sentence')}.",
        )
    gains, paces = zip(*followed, strict=True)
    left = len(fitted) - len(followed)
    unheard = f"; left, as nobody is heard there: {left}" if left else ""
    return (
        f"The original's tone was followed in {len(followed)} of {spell_count(len(fitted), 'sentence')}: "
        f"loudness {min(gains):+.1f} to {max(gains):+.1f} dB (of {LIMITS.level_db:.0f} either way), "
        f"pace {min(paces):.2f} to {max(paces):.2f}{unheard}.",
    )


def _require_room(said: Sequence[_Said], direction: Direction) -> None:
    """A line that is longer than the whole reel, even at its fastest, is refused: most of it would be lost."""
    for each in said:
        shortest = fit.shortest_ms(each.natural.ms)
        if shortest > direction.reel_ms:
            text, what = each.sentence.text, "recording takes" if each.natural.by_person else ""
            what = what or f"text of {spell_count(len(each.sentence.text), 'character')} takes"
            raise EngineError(
                f"the line at {_spell_seconds(each.sentence.start_ms)} is too long to be spoken: its {what} "
                f"{_spell_seconds(shortest)} at the fastest, the reel has {_spell_seconds(direction.reel_ms)}: "
                f"{text[:60]!r}",
                code="script_too_long",
                where=direction.locale,
                remedy="Shorten the line, or divide it over the time that it has.",
            )


def _spell_seconds(ms: int) -> str:
    return f"{ms / 1000:.1f} s"


def _list_line_fits(fitted: _Fitted) -> Iterator[LineFit]:
    """A sentence's fit, told per line. All its lines share its pace, and its flag."""
    said, place, take = fitted.said, fitted.place, fitted.take
    spoken_ms = min(take.ms, place.length_ms)
    spoken = cut_back(said.sentence, place.start_ms, place.start_ms + spoken_ms)
    natural = cut_back(said.sentence, 0, said.natural.ms)
    for line, (start, end), (begin, done) in zip(said.sentence.lines, spoken, natural, strict=True):
        yield LineFit(
            text=line.text,
            speaker=line.speaker,
            cue_start_ms=line.start_ms,
            cue_end_ms=line.end_ms,
            start_ms=start,
            end_ms=end,
            natural_ms=done - begin,
            ratio=round(said.natural.ms / max(1, spoken_ms), 4),
            too_long=place.too_long,
            reused=said.natural.reused and take.reused,
            voice=said.voice,
            retaken=said.retaken,
            tone=_describe_line_tone(fitted),
            chosen=said.choice is not None,
            recorded_by=said.choice.recorded_by if said.choice else "",
            number=line.cue + 1,
        )


def _describe_line_tone(fitted: _Fitted) -> LineTone | None:
    tone = fitted.said.tone
    return LineTone(level_lu=tone.level_lu, gain_db=fitted.gain_db, pace=tone.pace) if tone else None
