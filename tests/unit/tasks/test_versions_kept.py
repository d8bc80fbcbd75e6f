"""What a language had delivered stays out while a newer version of it waits."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from polyreel.delivery.port import Item
from polyreel.errors import HeldForPerson
from polyreel.job.review import ReviewTimeout
from polyreel.outcome import Check, LanguageOutcome, Outcome, Reel, StoredFile
from polyreel.plans import Plan
from polyreel.review.events import Event, ReviewKey, format_now
from polyreel.review.log import ReviewLog
from polyreel.store.choice import open_store
from tasks import review, sign
from tasks.review import hold_for_review, items_out_before, keep_versions, with_reviewed_script, with_reviews
from tasks.run.values import LanguageResult, LanguageResults, Signed, Tracks


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


def script(*texts: str) -> StoredFile:
    cues = (f"00:0{n}.000 --> 00:0{n}.900\n{text}\n" for n, text in enumerate(texts))
    return open_store().keep_bytes("\n".join(("WEBVTT\n", *cues)).encode(), ".vtt")


async def test_lines_beside_changed_words_are_named_and_earlier_versions_listed(
    plan: Callable[..., Plan], reel: Reel
) -> None:
    """The same again changes nothing; an edited line is fresh, and so is one that was approved beside the new words."""
    old, new = script("One.", "Two.", "Three."), script("One.", "Zwei.", "Drei.")
    spanish, edited = script("Uno.", "Dos.", "Tres."), script("Uno.", "Zwei.", "Tres.")

    async def look(target: StoredFile, source: StoredFile, deliver: bool = True) -> LanguageOutcome:
        asked = plan("es-ES")
        (language,) = asked.languages
        language = language.model_copy(update={"script": target, "source_script": source})
        tracks = Tracks(files={"vtt": target}, script=target)
        made = LanguageResult(locale="es-ES", video=target, tracks=tracks, language=language)
        outcome = Outcome(job="reel", status="completed", languages={"es-ES": LanguageOutcome(status="delivered")})
        found = await with_reviews(asked, reel, (made,), outcome)
        if deliver:
            await keep_versions(asked, reel, (made,), outcome)
        return found.languages["es-ES"]

    for _ in range(2):
        first = await look(spanish, old)
        assert (first.notes, first.versions) == ((), ())
    for _ in range(2):
        changed = await look(spanish, new)
        assert "lines 2, 3 are as they were" in changed.notes[0]
        assert changed.versions == ()
    key = ReviewKey.of(plan("es-ES").job, "es-ES")
    log = ReviewLog(open_store())
    by_ana = Event(kind="edited", by="Ana", at=format_now(), subject=spanish.sha256, script=edited, changed=(2,))
    await log.write(key, lambda _: by_ana)
    for _ in range(2):
        after = await look(edited, new)
        assert "line 3 is as it was" in after.notes[0]
        assert [(each.number, each.by) for each in after.versions] == [(1, "")]
    await log.write(key, lambda _: Event(kind="approved", by="Ana", at=format_now(), script=edited))
    assert (await look(edited, new)).notes == ()
    back = await look(spanish, old, deliver=False)
    assert [(each.number, each.by, each.changed) for each in back.versions] == [(1, "", ()), (2, "Ana", (2,))]


async def test_a_signed_version_is_not_listed_as_one_before_itself(plan: Callable[..., Plan], reel: Reel) -> None:
    """What is looked at before signing is the version that went out signed."""
    asked, text, film = plan("es-ES"), script("Uno."), open_store().keep_bytes(b"film", ".mp4")
    made = LanguageResult(locale="es-ES", video=film, tracks=Tracks(files={"vtt": text}, script=text))
    outcome = Outcome(job="reel", status="completed", languages={"es-ES": LanguageOutcome(status="delivered")})
    signed = sign._with_videos(
        LanguageResults(finished=(made,)), Signed(files={film.sha256: open_store().keep_bytes(b"signed", ".mp4")})
    )
    assert signed.finished[0].video != film
    await keep_versions(asked, reel, signed.finished, outcome)
    assert (await with_reviews(asked, reel, (made,), outcome)).languages["es-ES"].versions == ()


async def test_a_review_on_which_nobody_decides_ends_as_the_job_says(
    plan: Callable[..., Plan], reel: Reel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held until then, and told when to look again; what a check has failed waits for a person however long."""
    monkeypatch.setattr(review, "sleeps_for_people", lambda: True)
    monkeypatch.setattr("polyreel.review.waits.expect_decision", expect_nothing)
    target = script("Uno.")

    async def look(then: str, locale: str, *, fails: bool = False) -> LanguageResults:
        asked = plan(locale)
        wanted = {"review": ("final",), "review_timeout": ReviewTimeout.model_validate({"hours": 1, "then": then})}
        job = asked.job.model_copy(update=wanted)
        job = job.model_copy(update={"quality": job.quality.model_copy(update={"on_fail": "hold"})})
        language = asked.languages[0].model_copy(update={"script": target, "job": job})
        asked = asked.model_copy(update={"job": job, "languages": (language,)})
        checks = (Check(name="loudness", status="fail"),) if fails else ()
        tracks = Tracks(files={"vtt": target}, script=target)
        made = LanguageResult(locale=locale, video=target, tracks=tracks, language=language, checks=checks)
        return await hold_for_review(asked, reel, LanguageResults(finished=(made,)))

    now = time.time()
    for then, locale in (("approve", "es-ES"), ("reject", "fr-FR"), ("approve", "de-DE")):
        held = await look(then, locale, fails=locale == "de-DE")
        assert held.approved == ()
        (wait,) = held.waits
        assert wait.until == 0 if locale == "de-DE" else 3595 < wait.until - now < 3700
    monkeypatch.setattr(time, "time", lambda: now + 3700)
    assert (await look("approve", "es-ES")).approved == ("es-ES",)
    rejected = (await look("reject", "fr-FR")).held["fr-FR"]
    assert (rejected.code, "nobody decided within 1 hour" in rejected.message) == ("rejected", True)
    assert (await look("approve", "de-DE", fails=True)).held["de-DE"].code == "quality"


async def expect_nothing(*_: object) -> tuple[str, str]:
    """A row of the ledger that a run may wait for."""
    return "review-row", "ready"


@pytest.mark.parametrize("harmed", ["000001.json", "000002.json"])
async def test_a_damaged_review_holds_its_own_language_and_what_it_delivered_stays_out(
    harmed: str, plan: Callable[..., Plan], reel: Reel
) -> None:
    """Of two versions the second one stays, whichever event can't be read; the other language knows nothing of it."""
    asked, key = plan("es-ES", "fr-FR"), ReviewKey.of(plan("es-ES").job, "es-ES")
    made = {}
    for text in ("Uno.", "Dos."):
        for locale in ("es-ES", "fr-FR"):
            file = script(f"{locale} {text}")
            made[locale] = LanguageResult(locale=locale, video=file, tracks=Tracks(files={"vtt": file}, script=file))
        going = {locale: LanguageOutcome(status="delivered") for locale in made}
        outcome = Outcome(job="reel", status="completed", languages=going)
        await keep_versions(asked, reel, tuple(made.values()), outcome)
    (open_store().root / key.folder / harmed).write_bytes(b"\x00")

    with pytest.raises(HeldForPerson) as caught:
        await with_reviewed_script(asked.languages[0], reel)
    assert (caught.value.code, harmed in caught.value.where) == ("review_damaged", True)
    results = await hold_for_review(asked, reel, LanguageResults(finished=tuple(made.values())))
    assert {locale: each.code for locale, each in results.held.items()} == {"es-ES": "review_damaged"}
    held = {"es-ES": LanguageOutcome(status="held", error=results.held["es-ES"]), "fr-FR": going["fr-FR"]}
    told = await with_reviews(asked, reel, (made["fr-FR"],), outcome.model_copy(update={"languages": held}))
    stays = {item.path: item.stored_file for item in await items_out_before(asked, told)}
    assert stays["es-ES/reel.es-ES.vtt"] == made["es-ES"].tracks.files["vtt"]
    await keep_versions(asked, reel, tuple(made.values()), outcome)  # damaged meanwhile: noted in the log alone
