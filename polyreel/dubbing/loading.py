"""Models loaded before their turn: while the reel is decoded, and not when the first sentence waits for its voice."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from polyreel.dubbing.providers import provider_of
from polyreel.engine.transcribe.whisper import listener_here, usual_listener
from polyreel.engine.translate import identify as textlanguage
from polyreel.engine.voice.kokoro import voice as kokoro
from polyreel.errors import PolyreelError
from polyreel.job import Dubbing


def load_models(dubbing: Dubbing, locales: Iterable[str]) -> None:
    """Load what dubs into these locales need, in that order: the judge of scripts, the voice, the listener. Blocks.

    As far as their weights are here. Weights that can't be loaded are no error here: whoever needs them finds out, and
    says what to do.
    """
    wanted = list(locales)
    # First, as it is asked first: a script in the wrong language is refused before anything is spoken.
    textlanguage.load()
    with suppress(PolyreelError):
        if provider_of(dubbing).needs_neural_voice(dubbing) and any(map(kokoro.KokoroVoice().speaks, wanted)):
            kokoro.load()
        load_listener(wanted)


def load_listener(locales: Iterable[str]) -> None:
    """Load who listens to these locales, in the same way: to finished dubs, or to a source without a script."""
    with suppress(PolyreelError):
        if listener_here() and any(map(usual_listener().knows, locales)):
            usual_listener().load()
