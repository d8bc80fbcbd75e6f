"""A provider: a row that says what it can, and a dubber. This one works on this machine, with a voice of its own."""

from __future__ import annotations

from typing import Any, Literal

from polyreel.dubbing.embedded import EmbeddedDubber
from polyreel.dubbing.port import Dubber, Means, Request
from polyreel.dubbing.providers import Provider
from polyreel.errors import NoVoice
from polyreel.job import PluginDubbing
from polyreel.job.values import Asked
from polyreel_example.voice import Whistle


class WhistlerOptions(Asked):
    """What a job may say in ``dubbing.options``."""

    pitch: Literal["high", "low"] = "high"


def _require(_options: Any, asked: Request) -> None:
    if not Whistle().speaks(asked.target):
        raise NoVoice(f"nobody whistles {asked.target}", where=asked.target, remedy="Whistle Spanish.")


def _pitch(options: PluginDubbing) -> str:
    return WhistlerOptions.model_validate(options.options).pitch


def _make(options: Any, means: Means) -> Dubber:
    return EmbeddedDubber(means.store, Whistle(_pitch(options)))


WHISTLER = Provider(
    name="whistler",
    title="the whistler",
    options=WhistlerOptions,
    block=None,
    ways=("store",),
    mixes=frozenset({"dub", "speech_only"}),
    require=_require,
    minutes=lambda _seconds: 0.0,
    make=_make,
    works_here=True,
    takes_scripts=True,
    engine_version=lambda options: f"whistler {Whistle.version} {_pitch(options)}",
)
