"""Which dubber a job gets, and what can be said of it before anything runs."""

from __future__ import annotations

from functools import cache

from polyreel.dubbing.embedded import EmbeddedDubber
from polyreel.dubbing.port import Dubber
from polyreel.engine.espeak import EspeakVoice
from polyreel.engine.voices import Voice
from polyreel.errors import InvalidJob
from polyreel.job import EmbeddedDubbing, LoudnessTarget
from polyreel.store import Store

# (integrated LUFS, true peak dBTP). EBU R 128; ATSC A/85; Netflix Sound Mix Specifications; the usual for the web.
_LOUDNESS: dict[LoudnessTarget, tuple[float | None, float]] = {
    "source": (None, -1.0),
    "ebu": (-23.0, -1.0),
    "atsc": (-24.0, -2.0),
    "netflix": (-27.0, -2.0),
    "web": (-16.0, -1.0),
}


@cache
def _voice() -> Voice:
    return EspeakVoice()


def dubber_for(provider: str, store: Store) -> Dubber:
    """The dubber that a job's ``dubbing.provider`` names. Raises `InvalidJob` for one that this version lacks."""
    if provider == "embedded":
        return EmbeddedDubber(store, _voice())
    raise InvalidJob(
        f"this version does not dub with {provider}",
        code="not_available",
        where="dubbing.provider",
        remedy="Use `provider: embedded`.",
    )


def require_voices(locale: str, asked: tuple[str, ...]) -> None:
    """See that the embedded engine speaks a locale, in the voices asked for. Raises `NoVoice`."""
    _voice().cast(locale)
    for name in asked:
        _voice().resolve(locale, name)


def loudness_of(dubbing: EmbeddedDubbing) -> tuple[float | None, float]:
    """Integrated loudness (LUFS; None: as loud as the source) and true peak limit (dBTP) that a job asks for."""
    return _LOUDNESS[dubbing.loudness]
