"""Listening: to the source, where a script is missing; to a finished dub, to know what it really says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from polyreel.dubbing.port import Dubbed, DubRequest
from polyreel.dubbing.relistening import Relistening, cut, memory_key, put_together, remember_heard, what_to_hear
from polyreel.engine.sound.pcm import Samples
from polyreel.engine.sound.stem import RATE as STEM_RATE
from polyreel.engine.sound.stem import samples_in
from polyreel.engine.threads import in_thread
from polyreel.engine.transcribe.cues import into_cues
from polyreel.engine.transcribe.doubt import SUNG
from polyreel.engine.transcribe.listening import listen
from polyreel.engine.transcribe.melody import SUNG_NOTES
from polyreel.engine.transcribe.sound import of_file, of_stem
from polyreel.engine.transcribe.tongues import (
    LEAST_SPEECH_MS,
    SURELY_ANOTHER,
    SURELY_NOT,
    find_likeliest_language,
    share_of,
)
from polyreel.engine.transcribe.whisper import RATE, Listener
from polyreel.engine.transcribe.words import Heard
from polyreel.errors import MediaError
from polyreel.errors.wording import spell_count
from polyreel.store.local import path_of
from polyreel.store.port import Store
from polyreel.subtitles.model import Cue

Progress = Callable[[float], None]
# A note that people read: so many places show what kind of sound it is, and nothing depends on the exact number.
_MOST_SONGS = 3


@dataclass(frozen=True, slots=True)
class Transcript:
    """Cues for what is said, from the track's zero, and what a person should know of them."""

    cues: tuple[Cue, ...]
    notes: tuple[str, ...]


async def transcript_of(
    track: Path, listener: Listener, locale: str, *, profile: str, length_ms: int, on_progress: Progress
) -> Transcript:
    """Write down a track's speech. ``locale`` is what the job says is spoken.

    Raises MediaError: ``empty_transcript`` where nobody speaks, ``wrong_language`` where it is surely another language;
    EngineError where the listener is not taught this language, or can't be loaded.
    """
    async with aclosing(of_file(track)) as sound:
        heard = await listen(sound, listener, locale, samples=length_ms * RATE // 1000, on_progress=on_progress)
    cues = into_cues(list(heard.words()), profile, locale, length_ms)
    if not cues:
        raise MediaError(
            "nobody speaks in this source" + (f" ({heard.dropped[0]})" if heard.dropped else ""),
            code="empty_transcript",
            where="source.media",
            remedy="Give a source with speech, or scripts: `source.subtitles`, or `subtitles` of each target.",
        )
    _require_language(heard, locale)
    return Transcript(cues, _write_notes(heard, listener, locale, len(cues)))


def _require_language(heard: Heard, locale: str) -> None:
    found, share = find_likeliest_language(heard.languages)
    if share >= SURELY_ANOTHER and share_of(locale, heard.languages) <= SURELY_NOT:
        # A few words may be a name or a quotation: no job is refused for them.
        if heard.speech_ms < LEAST_SPEECH_MS:
            return
        raise MediaError(
            f"the video speaks '{found}' ({share:.0%} sure), not {locale}",
            code="wrong_language",
            where="source.locale",
            remedy="Correct `source.locale` or `source.audio_track`, or give the script: `source.subtitles`.",
        )


def _write_notes(heard: Heard, listener: Listener, locale: str, cues: int) -> tuple[str, ...]:
    notes = [f"The source's script was heard by {listener.name} ({spell_count(cues, 'cue')}) and read by nobody."]
    share = share_of(locale, heard.languages)
    # Only a note: two related languages share the votes, and a film may really speak both.
    if heard.languages and share < 0.5:
        found, other = find_likeliest_language(heard.languages)
        notes.append(f"The video may not speak {locale}: '{found}' was heard ({other:.0%} sure).")
    if heard.dropped:
        notes.append(f"{len(heard.dropped)} passages were heard and not believed, such as {heard.dropped[0]!r}.")
    return (*notes, *_note_songs(heard))


def _note_songs(heard: Heard) -> list[str]:
    """Where words may be a song's. They stay: of a sung line and one said over music the listener is equally sure."""
    doubted = [phrase for phrase in heard.phrases if phrase.no_speech > SUNG or phrase.held > SUNG_NOTES]
    if not doubted:
        return []
    places = ", ".join(f"{each.start_ms / 1000:.1f} to {each.end_ms / 1000:.1f} s" for each in doubted[:_MOST_SONGS])
    more = f" and {len(doubted) - _MOST_SONGS} more" if len(doubted) > _MOST_SONGS else ""
    return [f"Words that may be sung, or said over music, are in the script: {places}{more}."]


async def listen_to_dub(
    dubbed: Dubbed, request: DubRequest, listener: Listener, on_progress: Progress, store: Store | None = None
) -> Heard | None:
    """What is heard in a finished dub; None where it has no sound of its own, or the listener lacks the language.

    With a ``store``, what was heard the last time stays where the sound is the same, and only the rest is listened to.

    The finished mix is listened to: what drowns in it is not heard. Under a voice-over the original goes on speaking,
    so there the new speech is listened to alone.
    """
    if not listener.knows(request.locale) or dubbed.audio is None:
        return None
    key = memory_key(request, f"{listener.name} {listener.version}")
    length_ms = round(request.seconds * 1000)
    changed = await in_thread(lambda _: what_to_hear(store, key, dubbed, length_ms)) if store else None
    heard = await (
        _hear_changed(changed, dubbed, request, listener, on_progress)
        if changed
        else _hear_whole(dubbed, request, listener, on_progress)
    )
    if store:
        await asyncio.to_thread(remember_heard, store, key, dubbed, heard)
    return heard


async def _hear_whole(dubbed: Dubbed, request: DubRequest, listener: Listener, on_progress: Progress) -> Heard:
    samples = samples_in(request.seconds) * RATE // STEM_RATE
    async with aclosing(_sound_of(dubbed, request)) as sound:
        return await listen(sound, listener, request.locale, samples=samples, on_progress=on_progress)


async def _hear_changed(
    changed: Relistening, dubbed: Dubbed, request: DubRequest, listener: Listener, on_progress: Progress
) -> Heard:
    heard = changed.kept
    for number, span in enumerate(changed.spans, 1):
        samples = (span[1] - span[0]) * RATE // 1000
        async with aclosing(_sound_of(dubbed, request)) as whole, aclosing(cut(whole, span)) as sound:
            found = await listen(sound, listener, request.locale, samples=samples, on_progress=lambda _: None)
        heard = put_together(heard, span, found)
        on_progress(number / len(changed.spans))
    return heard


def _sound_of(dubbed: Dubbed, request: DubRequest) -> AsyncGenerator[Samples, None]:
    assert dubbed.audio is not None  # noqa: S101 - whoever has no sound is not listened to
    samples = samples_in(request.seconds)
    alone = request.mix == "voiceover" and dubbed.speech is not None
    return of_stem(path_of(dubbed.speech), samples) if alone and dubbed.speech else of_file(path_of(dubbed.audio))
