"""What was heard: words with their times, in phrases. Times are integer milliseconds from the track's start."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from polyreel.outcome import Value


class Word(Value):
    """A word as it was heard. ``text`` keeps the space before it, where its script has spaces."""

    text: str
    start_ms: int
    end_ms: int
    probability: float = 1.0


class Phrase(Value):
    """Words in a row, and how sure the listener is of them."""

    words: tuple[Word, ...]
    logprob: float = Field(default=0.0, description="Mean log probability of its tokens.")
    no_speech: float = Field(default=0.0, description="Probability that nobody speaks here.")
    held: float = Field(default=0.0, description="Share of its voice's time in which a note is held, 0 to 1.")

    @property
    def text(self) -> str:
        """What was said."""
        return "".join(word.text for word in self.words).strip()

    @property
    def start_ms(self) -> int:
        """When its first word begins."""
        return self.words[0].start_ms

    @property
    def end_ms(self) -> int:
        """When its last word ends."""
        return self.words[-1].end_ms


class Heard(Value):
    """Everything that was heard in a track."""

    phrases: tuple[Phrase, ...] = ()
    languages: dict[str, float] = Field(
        default_factory=dict, description="Probability by language (Whisper's codes), over what was listened to."
    )
    speech_ms: int = Field(default=0, description="How long somebody speaks.")
    dropped: tuple[str, ...] = Field(default=(), description="What was not believed, each with its time and reason.")

    def words(self) -> Iterator[Word]:
        """All words, in order."""
        return iter(sorted((w for phrase in self.phrases for w in phrase.words), key=lambda word: word.start_ms))
