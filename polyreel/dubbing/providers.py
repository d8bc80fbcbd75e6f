"""Who dubs: one row per provider, saying what it can, what it costs, and how it is made.

Whoever needs to know something of a provider asks its row; no other module compares providers' names. To add one: its
options in `polyreel.job.dubbing`, its adapter beside this module, its block in `blocks`, and a row here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from polyreel.dubbing import choice
from polyreel.dubbing.charges import minutes_begun
from polyreel.dubbing.port import Dubber, Means, Request
from polyreel.engine.voice.measured import Grade, is_below
from polyreel.engine.voice.port import Voice
from polyreel.errors import InvalidJob, NoVoice, PolyreelError
from polyreel.job import (
    Asked,
    Dubbing,
    DubformerDubbing,
    EmbeddedDubbing,
    LoudnessAsked,
    LoudnessTarget,
    Mix,
    PanjayaDubbing,
    Separation,
)
from polyreel.job.plugins import require_options
from polyreel.machine.plugins import row_of_plugin

if TYPE_CHECKING:  # SQLAlchemy takes longer to import than a dub on this machine takes to begin
    from polyreel.ledger.entry import Entry
    from polyreel.ledger.watch import Observer

MediaWay = Literal["store", "url", "upload"]
"""How a provider gets the reel: it reads our store, it fetches an address, or it takes an upload."""

_EVERY_MIX: frozenset[Mix] = frozenset({"dub", "voiceover", "speech_only"})


@dataclass(frozen=True, slots=True)
class Provider:
    """What a provider can. ``options`` in the signatures is the provider's own model of `polyreel.job.dubbing`."""

    name: str
    """As a job's ``dubbing.provider`` has it."""
    title: str
    """As people call it."""
    options: type[Asked]
    block: str | None
    """Whose saved credentials it needs; None: it needs none."""
    ways: tuple[MediaWay, ...]
    """How it gets the reel, the best way first."""
    mixes: frozenset[Mix]
    require: Callable[[Any, Request], None]
    """Raises `PolyreelError` for a language or a voice that it does not have. Asks nobody. See `require_language`."""
    minutes: Callable[[Fraction], float]
    """The quote: minutes that it charges for one language of a reel of so many seconds."""
    make: Callable[[Any, Means], Dubber] | None
    """The dubber, over an open client of its block; None: this version has none, and a job that asks is refused."""
    observe: Callable[[Any], Observer] | None = None
    """Who looks how what was bought stands, over an open client: `polyreel up` watches for everybody."""
    works_here: bool = False
    """It works on this machine: it needs the parted sound, and holds one of the machine's places."""
    writes_scripts: bool = False
    """It dubs into a language that has no script."""
    takes_scripts: bool = False
    """It says the words of a script that it is given."""
    takes_voices: bool = False
    """Voices can be named."""
    trims: bool = False
    """It can cut the reel itself."""
    takes_background: bool = False
    """It can be given a clean background track."""
    changes_picture: Callable[[Any], bool] = lambda _options: False
    """Whether these options make it change the picture (lips): then its own video is what is delivered."""
    calls_back: bool = False
    """It tells a callback address what has changed."""
    gives_way: Callable[[Any], bool] = lambda _options: False
    """Whether these options let the picture wait for lines that are too long."""
    charges: bool = False
    tells_balance: bool = False
    revises: bool = False
    """A finished dub's lines can be changed there."""
    find_unoffered: Callable[[Any, Sequence[Request]], Awaitable[dict[str, PolyreelError]]] | None = None
    """Asks for its own lists, over an open client: why it can't dub languages, by locale. Spends nothing.

    None: it has no lists, and ``require`` knows all."""
    forget: Callable[[Any, Entry], Awaitable[None]] | None = None
    """Deletes its copy of what a row bought, over an open client; what is gone already is fine. None: it can't."""
    engine_version: Callable[[Any], str] = lambda _options: ""
    """What changes its dubs beside the options: voices and their version."""
    voice: Callable[[Any], Voice | None] = lambda _options: None
    """The engine's voice that will speak, where that is known before: drafts are said with it."""
    spoken_by: Callable[[Any, Request], choice.Spoken | None] = lambda _options, _asked: None
    """Whose voice speaks a language and how well that was understood, where this is known before anything runs."""
    takes_sound: bool = False
    """It dubs sound without a picture."""
    loudness: Callable[[Any], LoudnessAsked] = lambda _options: "source"
    separation: Callable[[Any], Separation] = lambda _options: "auto"
    needs_neural_voice: Callable[[Any], bool] = lambda _options: False
    """Whether neural voices' models are worth loading ahead for it."""


def provider_of(options: Dubbing) -> Provider:
    """The row of a job's ``dubbing`` (or of one of its ``fallback``)."""
    return row_of_plugin("providers", options.plugin, Provider) if options.plugin else PROVIDERS[options.provider]


def require_language(options: Dubbing, asked: Request) -> None:
    """See that a provider can dub one language as it is asked. Raises `PolyreelError`; asks nobody."""
    provider = provider_of(options)
    if asked.voices and not provider.takes_voices:
        raise NoVoice(
            f"{provider.title} takes no voice by name",
            where=asked.target,
            remedy="Leave the target's `voice` out, or dub this language with `provider: embedded`.",
        )
    provider.require(options, asked)


def require_voice(options: Dubbing, asked: Request, least: Grade) -> None:
    """See that a language's voice was not understood worse than ``least``.

    Raises `NoVoice` (``voice_below_minimum``).
    """
    spoken = provider_of(options).spoken_by(options, asked)
    if spoken is None or not is_below(spoken.grade, least):
        return
    raise NoVoice(
        f"{asked.target} would be spoken by {spoken.voice}, which is {spoken.grade}; the job asks for {least}",
        code="voice_below_minimum",
        where="quality.min_voice",
        remedy=f"Get a better voice ({choice.suggest_voices(asked.target)}), name another `voice`, add a `fallback`, "
        "or ask for less.",
    )


def require_provider(options: Dubbing) -> None:
    """See that this version dubs with a provider, in the mix that is asked. Raises `InvalidJob`."""
    provider = provider_of(options)
    if options.plugin:
        require_options(provider.options, options, f"dubbing: {options.plugin}")
    if provider.make is None:
        raise InvalidJob(
            f"this version does not dub with {provider.name}",
            code="not_available",
            where="dubbing.provider",
            remedy=f"Use {' or '.join(f'`provider: {each.name}`' for each in PROVIDERS.values() if each.make)}.",
        )
    if provider.block is not None and options.credentials is None:
        raise InvalidJob(
            f"{provider.title} needs an account, and the job names no credentials",
            code="missing_credentials",
            where="dubbing.credentials",
            remedy=f"Save them: `polyreel credentials save {provider.block} NAME --set api_key=env:VARIABLE`; then "
            "name them in the job (`credentials: NAME`).",
        )
    if options.mix not in provider.mixes:
        raise InvalidJob(
            f"{provider.title} makes no {options.mix}",
            code="unsupported_mix",
            where="dubbing.mix",
            remedy=f"Use `mix: {sorted(provider.mixes)[0]}`, or another provider.",
        )


def loudness_of(options: Dubbing, *, has_picture: bool) -> LoudnessTarget:
    """What a dub is levelled to: what its options ask for, else what the reel's kind is usually heard at."""
    asked = provider_of(options).loudness(options)
    if asked == "auto":
        # Sound without a picture is heard beside other podcasts, whose loudness the apps ask for.
        return "source" if has_picture else "podcast"
    return asked


def make_dubber(options: Dubbing, means: Means) -> Dubber:
    """The dubber that a job's ``dubbing`` names. Raises `InvalidJob` for one that this version lacks.

    Raises EngineError (``model_missing``) where neural voices are asked for and their weights are not here.
    """
    require_provider(options)
    make = provider_of(options).make
    assert make is not None  # noqa: S101 - `require_provider` has seen to it
    return make(options, means)


# -- this machine


def _require_voice(options: Any, asked: Request) -> None:
    choice.require_voices(asked.target, asked.voices, options.voices)
    if options.clones:
        choice.require_cloning(asked.target)


def _make_embedded(options: Any, means: Means) -> Dubber:
    from polyreel.dubbing.embedded import EmbeddedDubber

    return EmbeddedDubber(means.store, choice.voice_for(options.voices))


_EMBEDDED = Provider(
    name="embedded",
    title="this machine",
    options=EmbeddedDubbing,
    block=None,
    ways=("store",),
    mixes=_EVERY_MIX,
    require=_require_voice,
    minutes=lambda _seconds: 0.0,
    make=_make_embedded,
    works_here=True,
    takes_sound=True,
    takes_scripts=True,
    takes_voices=True,
    takes_background=True,
    revises=True,
    engine_version=lambda options: choice.voices_key(options.voices),
    voice=lambda options: choice.voice_for(options.voices),
    spoken_by=lambda options, asked: choice.grade_voices(asked.target, asked.voices, options.voices),
    loudness=lambda options: options.loudness,
    separation=lambda options: options.separation,
    gives_way=lambda options: options.fit.picture,
    needs_neural_voice=lambda options: options.voices != "basic" and choice.neural_here(),
)


# -- Panjaya


def _require_panjaya(_options: Any, asked: Request) -> None:
    from polyreel.vendors.panjaya.locales import source_locale, target_locale

    source_locale(asked.source)
    target_locale(asked.target)


def _observe_panjaya(client: Any) -> Observer:
    from polyreel.dubbing.panjaya import PanjayaObserver

    return PanjayaObserver(client)


def _make_panjaya(options: Any, means: Means) -> Dubber:
    from polyreel.dubbing.panjaya import PanjayaDubber

    return PanjayaDubber(options, means)


_PANJAYA = Provider(
    name="panjaya",
    title="Panjaya",
    options=PanjayaDubbing,
    block="panjaya",
    ways=("url", "upload"),
    mixes=frozenset({"dub"}),
    require=_require_panjaya,
    minutes=minutes_begun,
    make=_make_panjaya,
    observe=_observe_panjaya,
    writes_scripts=True,
    takes_scripts=True,
    trims=True,
    takes_background=True,
    changes_picture=lambda options: options.lips_model is not None,
    calls_back=True,
    charges=True,
    revises=True,
)


# -- Dubformer


def _require_dubformer(options: Any, asked: Request) -> None:
    from polyreel.vendors.dubformer.locales import carries_emotion, no_emotion, source_lang, target_lang

    source_lang(asked.source)
    target = target_lang(asked.target)
    if options.emotional_transfer and not carries_emotion(target):
        raise no_emotion(target)


def _observe_dubformer(client: Any) -> Observer:
    from polyreel.dubbing.dubformer import DubformerObserver

    return DubformerObserver(client)


def _make_dubformer(options: Any, means: Means) -> Dubber:
    from polyreel.dubbing.dubformer import DubformerDubber

    return DubformerDubber(options, means)


async def _find_unoffered_by_dubformer(client: Any, asked: Sequence[Request]) -> dict[str, PolyreelError]:
    from polyreel.dubbing.dubformer_offer import find_unoffered

    return await find_unoffered(client, asked)


async def _forget_dubformer(client: Any, row: Entry) -> None:
    from polyreel.vendors.errors import suppress_gone

    with suppress_gone():
        await client.delete_project(row.vendor_id)


_DUBFORMER = Provider(
    name="dubformer",
    title="Dubformer",
    options=DubformerDubbing,
    block="dubformer",
    # Its API takes no upload: whatever is not on the web is staged.
    ways=("url",),
    mixes=_EVERY_MIX,
    require=_require_dubformer,
    minutes=minutes_begun,
    make=_make_dubformer,
    observe=_observe_dubformer,
    writes_scripts=True,
    takes_scripts=True,
    takes_voices=True,
    charges=True,
    tells_balance=True,
    revises=True,
    find_unoffered=_find_unoffered_by_dubformer,
    forget=_forget_dubformer,
)

PROVIDERS: dict[str, Provider] = {each.name: each for each in (_EMBEDDED, _PANJAYA, _DUBFORMER)}
