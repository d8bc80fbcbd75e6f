"""What is heard in a finished dub: its words, and what each line sounds like."""

from __future__ import annotations

import asyncio

from polyreel.dubbing.line_hearing import Ears, Given, LinesHeard, hear_lines
from polyreel.dubbing.port import Dubbed, DubRequest
from polyreel.engine.models import shelf
from polyreel.engine.models.registry import SPEECH_QUALITY, VOICE_PRINTS
from polyreel.engine.separation.stems import Stems
from polyreel.engine.transcribe.whisper import listener_command, listener_here, usual_listener
from polyreel.engine.transcribe.words import Heard
from polyreel.plans import LanguagePlan
from polyreel.store.choice import open_store
from tasks.run.progress import reporter
from tasks.run.slots import at_work
from tasks.run.stage import key_of, stage
from tasks.run.values import Listening


@stage("listen", key=key_of("listen"))
async def listen(language: LanguagePlan, request: DubRequest, dubbed: Dubbed, stems: Stems | None = None) -> Listening:
    """Write down what is heard in the finished dub, as a whole and line by line, as far as there are weights for it."""
    async with at_work("listen", language.locale):
        return await listen_closely(language, request, dubbed, stems)


async def listen_closely(
    language: LanguagePlan, request: DubRequest, dubbed: Dubbed, stems: Stems | None = None
) -> Listening:
    """What `listen` writes down; what sounds as it did the last time is not heard again."""
    from polyreel.engine.backcheck.quality import speech_judge
    from polyreel.engine.speakers.voiceprint import encoder

    ears = Ears(
        languages=usual_listener() if listener_here() and usual_listener().knows(request.locale) else None,
        voices=encoder if shelf.is_here(VOICE_PRINTS) else None,
        quality=speech_judge if shelf.is_here(SPEECH_QUALITY) else None,
    )
    if dubbed.speech is None or not dubbed.lines:
        # Which line is which comes from the words that were heard.
        heard, notes = await _hear_words(language, request, dubbed)
        return Listening(heard=heard, lines=await _hear_lines(Given(dubbed, request, stems, heard), ears), notes=notes)
    # Such a dub says itself which line is which, so that prints and judge fill what the listener leaves idle.
    beside = asyncio.create_task(_hear_lines(Given(dubbed, request, stems), ears))
    try:
        heard, notes = await _hear_words(language, request, dubbed)
        return Listening(heard=heard, lines=await beside, notes=notes)
    finally:
        beside.cancel()
        # Its thread ends before the stage does, and the stage's error stays the first one.
        await asyncio.gather(beside, return_exceptions=True)


async def _hear_lines(given: Given, ears: Ears) -> LinesHeard | None:
    return await hear_lines(given, ears, open_store()) if ears.hear_anything else None


async def _hear_words(
    language: LanguagePlan, request: DubRequest, dubbed: Dubbed
) -> tuple[Heard | None, tuple[str, ...]]:
    """What was said, or why nobody listened."""
    from polyreel.dubbing.hearing import listen_to_dub

    if not listener_here():
        return None, (f"Back-transcription skipped: no Whisper weights. Run `{listener_command()}`.",)
    heard = await listen_to_dub(dubbed, request, usual_listener(), reporter("listen", language.locale), open_store())
    skipped = "Back-transcription skipped: Whisper was not taught this language."
    return heard, () if heard else (skipped,)
