"""Models loaded before their turn: while the reel is decoded, and not when the first sentence waits for its voice."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from polyreel.engine import kokoro, textlanguage
from polyreel.engine.models.registry import KOKORO, KOKORO_VOICES
from polyreel.engine.models.shelf import is_here
from polyreel.engine.transcribe.whisper import listener_here, usual_listener
from polyreel.errors import PolyreelError
from polyreel.job import Dubbing


def load_models(dubbing: Dubbing, locales: Iterable[str]) -> None:
    """Load what dubs into these locales need, in that order: the judge of scripts, the voice, the listener. Blocks.

    As far as their weights are here. Weights that can't be loaded are no error here: whoever needs them finds out, and
    says what to do.
    """
    wanted = list(locales)
    textlanguage.load()
    with suppress(PolyreelError):
        if _neural(dubbing) and any(map(kokoro.KokoroVoice().speaks, wanted)):
            kokoro.load()
        load_listener(wanted)


def load_listener(locales: Iterable[str]) -> None:
    """Load who listens to these locales, in the same way: to finished dubs, or to a source without a script."""
    with suppress(PolyreelError):
        if listener_here() and any(map(usual_listener().knows, locales)):
            usual_listener().load()


def _neural(dubbing: Dubbing) -> bool:
    return dubbing.provider == "embedded" and dubbing.voices != "basic" and is_here(KOKORO, KOKORO_VOICES)
