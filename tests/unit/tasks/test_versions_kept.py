"""What a language had delivered stays out while a newer version of it waits."""

from __future__ import annotations

from collections.abc import Callable

from polyreel.delivery.port import Item
from polyreel.outcome import LanguageOutcome, Outcome, Reel
from polyreel.plans import Plan
from polyreel.store.choice import open_store
from tasks.review import items_out_before, keep_versions
from tasks.run.values import LanguageResult, Tracks


async def test_its_masters_and_its_list_stay_out_with_its_film(plan: Callable[..., Plan], reel: Reel) -> None:
    """What all languages share is made anew without it, and is no part of its version."""
    store = open_store()
    vtt, video = store.keep_bytes(b"WEBVTT\n\n00:00.000 --> 00:00.900\nHola\n", ".vtt"), store.keep_bytes(b"f", ".mp4")
    made = LanguageResult(locale="es-ES", video=video, tracks=Tracks(files={"vtt": vtt}, script=vtt))
    beside = {
        "es-ES/reel.es-ES.mix.wav": ("mix", "es-ES"),
        "es-ES/reel.es-ES.list.json": ("script", "es-ES"),
        "en-US/reel.en-US.script.srt": ("script", "en-US"),
        "hls/audio_es-ES.mp4": ("hls", "es-ES"),
        "masters/reel.mkv": ("master", None),
    }
    further = [Item(path=path, stored_file=vtt, role=role, locale=locale) for path, (role, locale) in beside.items()]
    asked = plan("es-ES")

    def outcome(status: str) -> Outcome:
        return Outcome(
            job="reel", status="completed", languages={"es-ES": LanguageOutcome.model_validate({"status": status})}
        )

    await keep_versions(asked, reel, (made,), outcome("delivered"), further)
    assert await items_out_before(asked, outcome("delivered")) == ()
    there = {item.path: item.role for item in await items_out_before(asked, outcome("held"))}
    assert there == {
        "es-ES/reel.es-ES.mp4": "video",
        "es-ES/reel.es-ES.vtt": "subtitles",
        "es-ES/reel.es-ES.mix.wav": "mix",
        "es-ES/reel.es-ES.list.json": "script",
    }
