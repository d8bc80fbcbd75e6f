"""The port of a voice: text in, samples out. Behind it stand espeak-ng, Kokoro, the user's Piper files, or several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from polyreel.errors import EngineError

if TYPE_CHECKING:
    from polyreel.engine.sound.pcm import Samples

Gender = Literal["female", "male"]


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """What a voice said: mono float32 samples at ``rate`` Hz, without silence before or after.

    ``stand_in``: another voice than the one asked for said it, so that it is not kept under that one's name.
    """

    samples: Samples
    rate: int
    stand_in: bool = False

    @property
    def ms(self) -> int:
        """Length in milliseconds, rounded up, so that a plan made with it is never too short."""
        return -(-len(self.samples) * 1000 // self.rate)


class Voice(Protocol):
    """A speech synthesiser. Its methods block; whoever calls them does so in a thread, several at a time.

    Locales are BCP-47 tags, voice ids are the engine's own words and mean nothing to another one. Making a voice costs
    nothing: weights are loaded with the first line, behind a lock.

        voice_id = voice.cast("es-MX")[0]
        speech = voice.speak("Hola a todos.", voice_id, 1.0)
        speech.samples.shape, speech.rate, speech.ms
    """

    @property
    def name(self) -> str:
        """Short and stable: part of every memo's key."""

    @property
    def version(self) -> str:
        """Changes whenever the same text would sound different: part of every memo's key."""

    def speaks(self, locale: str) -> bool:
        """Whether there is a voice for this BCP-47 locale."""

    def cast(self, locale: str) -> tuple[str, ...]:
        """Voice ids for a locale that a listener can tell apart, best first; in every run the same.

        Raises NoVoice where there are none.
        """

    def resolve(self, locale: str, asked: str) -> str:
        """The voice id for a voice that a job names (``ef_dora``), or for an id of this engine's.

        Raises NoVoice where this engine has no such voice, with those that it has as the remedy.
        """

    def gender(self, voice_id: str) -> Gender | None:
        """Whose voice it sounds like; None where nobody knows."""

    def speak(self, text: str, voice_id: str, speed: float) -> Speech:
        """Say one line of plain text; ``speed`` 1.1 is 10 % faster than the voice's own pace.

        Figures, units and short forms are the voice's to read. Terms may bring their sounds along (`said_as`): a voice
        that can't be given sounds says them as written, and tells so in `caveats`. The same text, voice and speed give
        the same sound, as far as the engine can. Raises EngineError (code ``nothing_to_say``) where the text holds
        nothing that can be spoken.
        """

    def caveats(self, locale: str, texts: Sequence[str]) -> tuple[str, ...]:
        """What a listener should be told about these texts in this voice; often nothing."""


def assign(
    voice: Voice,
    locale: str,
    speakers: Iterable[str | None],
    asked: Sequence[str] = (),
    *,
    roster: Sequence[str] = (),
    pinned: Mapping[str, str] | None = None,
    genders: Mapping[str, Gender] | None = None,
) -> Mapping[str | None, str]:
    """One voice id per speaker, so that every run casts alike.

    ``roster`` is everybody who speaks in the whole job, in an order that stays (``""``: the nameless); who is not in it
    comes after, by name. ``asked`` holds the voices that a job names: one for everybody, or one per speaker in that
    order (the rest are cast from what is left). ``pinned`` has the voices of single speakers, and comes first.
    ``genders`` says whom a voice should suit: who is in it gets the next voice that does. Raises NoVoice.
    """
    # By name, so that the order of the lines, which a trim changes, has no say in the casting.
    present = sorted(set(speakers), key=lambda name: (name is not None, name or ""))
    names = list(dict.fromkeys([*(name or None for name in roster), *present]))
    own = {name: voice.resolve(locale, each) for name, each in (pinned or {}).items()}
    wanted = [voice.resolve(locale, each) for each in asked]
    # One voice in a job means a narrator: everybody speaks with it, however many there are.
    if len(wanted) == 1:
        return dict.fromkeys(names, wanted[0]) | own
    company = [each for each in voice.cast(locale) if each not in wanted]
    # Nobody gets a voice that is somebody's own, as long as there are others.
    order = [each for each in wanted + company if each not in own.values()] or wanted + company
    if not order:
        raise EngineError(f"no voice is left for {locale}.", remedy="Name fewer voices, or none.")
    free = [name for name in names if name not in own]
    first = sum(each in order for each in wanted)
    named = dict(zip(free, order[:first], strict=False))
    rest = [name for name in free if name not in named]
    return named | _cast_suited(voice, rest, order[first:], genders or {}, order) | own


def _cast_suited(
    voice: Voice,
    names: Sequence[str | None],
    order: Sequence[str],
    genders: Mapping[str, Gender],
    everybody: Sequence[str],
) -> dict[str | None, str]:
    """The next voice for each name, of those that suit it. When all are taken, they go round again."""
    cast: dict[str | None, str] = {}
    left = list(order or everybody)
    for name in names:
        left = left or list(everybody)
        # The nameless are one speaker: scripts without names have nobody else.
        wanted = genders.get(name or "")
        fitting = [each for each in left if _suits(voice, each, wanted)]
        if not fitting and any(_suits(voice, each, wanted) for each in everybody):
            # Rather a voice that somebody else has than one that is wrong for this one.
            left += [each for each in everybody if each not in left]
            fitting = [each for each in left if _suits(voice, each, wanted)]
        cast[name] = (fitting or left)[0]
        left.remove(cast[name])
    return cast


def _suits(voice: Voice, voice_id: str, wanted: Gender | None) -> bool:
    # Of a voice that says nothing (Piper files) nobody knows that it doesn't suit.
    return wanted is None or voice.gender(voice_id) in {wanted, None}
