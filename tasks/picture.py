"""A language's own picture, where the job lets the picture give way to lines that are too long."""

from __future__ import annotations

from polyreel.dubbing.picture import OwnPicture, let_picture_yield
from polyreel.dubbing.port import DubRequest
from polyreel.dubbing.providers import provider_of
from polyreel.engine.separation.stems import Stems
from polyreel.outcome import Reel
from polyreel.plans import LanguagePlan
from polyreel.retiming import picture_at
from polyreel.store.choice import open_store
from tasks.run.progress import reporter
from tasks.run.slots import at_work
from tasks.run.stage import key_of, stage
from tasks.run.values import Shots


@stage("picture", key=key_of("picture"))
async def slow_picture(
    language: LanguagePlan, reel: Reel, request: DubRequest, stems: Stems, shots: Shots
) -> OwnPicture:
    """Slow or hold the picture where a line can't be said in time; what follows dubs that longer reel."""
    voice = provider_of(language.dubbing).voice(language.dubbing)
    # A vendor's lines are known only once they are paid for: too late to give way to them.
    if voice is None or request.script is None:
        return OwnPicture(reel=reel, request=request, stems=stems)
    async with at_work("picture", language.locale):
        return await let_picture_yield(
            reel,
            request,
            stems,
            shots.starts_ms,
            voice=voice,
            store=open_store(),
            on_progress=reporter("picture", language.locale),
        )


def retime_shots(shots: Shots, reel: Reel) -> Shots:
    """Where the shots of the job's reel begin in a language's own."""
    at = picture_at(reel.yields)
    return Shots(starts_ms=tuple(at(start) for start in shots.starts_ms)) if reel.yields else shots
