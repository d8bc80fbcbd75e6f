"""The report page: made again only where it would read differently."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from polyreel.delivery.port import Item
from polyreel.outcome import Cost, LanguageOutcome, Outcome, Reel, StoredFile
from polyreel.plans import Plan
from polyreel.store.choice import open_store
from polyreel.store.local import path_of
from tasks.report import report_of
from tasks.run.values import LanguageResult, LanguageResults, Tracks


@pytest.fixture
def reported(plan: Callable[..., Plan], reel: Reel, stored: Callable[[str], StoredFile]) -> Callable[..., Item]:
    """The report of one Spanish dub whose outcome is changed: ``reported(notes=(...))``."""
    vtt = open_store().keep_bytes(b"WEBVTT\n\n00:00.000 --> 00:00.900\nHola <b>a todos</b>\n", ".vtt")
    made = LanguageResult(locale="es-ES", video=stored("es.mp4"), tracks=Tracks(files={"vtt": vtt}, script=vtt))
    items = [
        Item(path="es-ES/reel.es-ES.sdh.vtt", stored_file=vtt, role="captions", locale="es-ES"),
        Item(path="es-ES/reel.es-ES.mix.wav", stored_file=vtt, role="mix", locale="es-ES"),
        Item(path="es-ES/reel.es-ES.subtitled.mp4", stored_file=vtt, role="subtitled", locale="es-ES"),
        Item(path="es-ES/reel.es-ES.mp4", stored_file=stored("es.mp4"), role="video", locale="es-ES"),
        Item(path="es-ES/reel.es-ES.vtt", stored_file=vtt, role="subtitles", locale="es-ES"),
    ]

    def report(media: str = "reel.mp4", **changes: Any) -> Item:
        languages = {"es-ES": LanguageOutcome(status="delivered", stages={"dub": changes.pop("dub", "done")})}
        outcome = Outcome(job="reel", status="completed", languages=languages).model_copy(update=changes)
        asked = plan("es-ES", source={"media": media, "locale": "en-US"}).model_copy(update={"source": stored("reel")})
        return report_of(asked, reel, LanguageResults(finished=(made,)), outcome, items)

    return report


def test_how_long_it_took_and_what_was_kept_is_no_reason_for_a_new_page(reported: Callable[..., Item]) -> None:
    first = reported()
    cost = Cost(stage_seconds={"dub": 3.0})
    assert reported(dub="cached", seconds=12.0, stages={"trim": "cached"}, cost=cost) == first


def test_a_new_note_is_one(reported: Callable[..., Item]) -> None:
    first = reported()
    assert reported(notes=("The sound was ducked.",)).stored_file != first.stored_file


def test_a_page_that_was_lost_from_the_store_is_made_again(reported: Callable[..., Item]) -> None:
    first = reported()
    path_of(first.stored_file).unlink()
    again = reported()
    assert path_of(again.stored_file).is_file()


def test_it_names_the_source_as_a_person_would_and_no_signature_of_its_address(reported: Callable[..., Item]) -> None:
    signed = reported(media="https://films.example.com/reel.mp4?X-Amz-Signature=s3cr3t", notes=("elsewhere",))
    page = path_of(signed.stored_file).read_text()
    assert "films.example.com/reel.mp4" in page
    assert "s3cr3t" not in page
    assert signed.path == "report.html"


def test_it_links_texts_of_every_kind_and_plays_the_film_itself(reported: Callable[..., Item]) -> None:
    page = path_of(reported().stored_file).read_text()
    assert 'href="./es-ES/reel.es-ES.sdh.vtt" download>captions vtt</a>' in page
    assert 'src="./es-ES/reel.es-ES.mp4"' in page
    assert "reel.es-ES.subtitled.mp4" not in page
