"""How a job's sound is parted into speech and background: decided before anything runs, done once for all languages."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from polyreel.dubbing.providers import provider_of
from polyreel.engine.models import shelf
from polyreel.engine.models.registry import SPLEETER
from polyreel.engine.separation.stems import Stems
from polyreel.errors import EngineError, InvalidJob, PolyreelError
from polyreel.job import Dubbing, Job, Mix
from polyreel.media.info import Tracks
from polyreel.plans import Parting
from polyreel.store.port import Store

if TYPE_CHECKING:
    from polyreel.engine.separation.port import Separator
    from polyreel.engine.separation.spleeter_model import TwoStems


def parting_of(job: Job) -> Parting:
    """How a job's sound is parted where one of its languages is dubbed on this machine: by its dubbing or a fallback.

    A vendor parts the sound itself. Raises as `choose_parting`, for the job's dubbing; a fallback that asks for what is
    not here can dub nothing (`polyreel.planning.ways`), and the next one's word counts.
    """
    if provider_of(job.dubbing).works_here:
        return choose_parting(job, job.dubbing)
    for options in job.fallback:
        if provider_of(options).works_here:
            with suppress(PolyreelError):
                return choose_parting(job, options)
    return Parting(kind="given") if job.source.background is not None else Parting()


def choose_parting(job: Job, options: Dubbing) -> Parting:
    """What the ``separation`` of a provider on this machine comes to with what is here.

    Raises InvalidJob for ``given`` without a background, EngineError (``model_missing``) for ``learned`` without
    weights.
    """
    asked = provider_of(options).separation(options)
    given = job.source.background is not None
    if asked == "given" and not given:
        raise InvalidJob(
            "separation is `given`, and no background is",
            where="source.background",
            remedy="Give `source.background`, or leave `dubbing.separation` out.",
        )
    if asked == "learned":
        if not shelf.is_here(SPLEETER):
            raise shelf.missing_models_error(SPLEETER)
        return _make_learned_parting()
    if asked == "ducked":
        return Parting(why="The job asks for no separation")
    return Parting(kind="given") if given else _choose_without_background(options.mix)


def _choose_without_background(mix: Mix) -> Parting:
    # Under a voice-over the original goes on speaking, and under speech alone there is nothing.
    if mix != "dub":
        return Parting(why="This mix needs no clean background")
    if shelf.is_here(SPLEETER):
        return _make_learned_parting()
    return Parting(why=f"No clean background was given, and no model parts one (`{shelf.pull_command(SPLEETER)}`)")


def _make_learned_parting() -> Parting:
    return Parting(kind="learned", model=SPLEETER.fingerprint)


async def part_sound(
    source: Path,
    store: Store,
    parting: Parting,
    *,
    start: Fraction,
    duration: Fraction,
    background: Path | None,
    track: Tracks = 0,
    on_progress: Callable[[float], None] | None = None,
) -> Stems:
    """Part a source's sound from ``start`` on (seconds), and measure what speech is left in the background.

    Raises MediaError, EngineError, and as ffmpeg's runner.
    """
    from polyreel.engine.separation.leak import with_speech_left
    from polyreel.engine.separation.port import part
    from polyreel.engine.separation.spleeter_model import TwoStems

    network = TwoStems()
    separator = _make_separator(parting, network, background, start, on_progress)
    stems = await part(source, store, separator, start=start, duration=duration, track=track)
    if stems.background is None:
        return stems
    if not shelf.is_here(SPLEETER):
        note = f"Whether the background holds speech was not measured (`{shelf.pull_command(SPLEETER)}`)."
        return stems.model_copy(update={"notes": (*stems.notes, note)})
    try:
        return await with_speech_left(stems, network)
    except EngineError as error:
        # A learned background was made by this very network; for any other it only measures.
        if stems.kind == "learned":
            raise
        note = f"Whether the background holds speech was not measured: {error}"
        return stems.model_copy(update={"notes": (*stems.notes, note)})


def _make_separator(
    parting: Parting,
    network: TwoStems,
    background: Path | None,
    start: Fraction,
    on_progress: Callable[[float], None] | None,
) -> Separator:
    from polyreel.engine.separation.learned import Learned
    from polyreel.engine.separation.port import Ducked, Given

    if parting.kind == "learned":
        return Learned(network, on_progress)
    if parting.kind == "given" and background is not None:
        return Given(background, start)
    return Ducked(parting.why) if parting.why else Ducked()
