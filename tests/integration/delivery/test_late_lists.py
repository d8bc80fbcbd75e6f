"""Libraries whose lists, or whose looks at one thing, lag behind what was made a moment ago: nothing is made twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from polyreel.delivery.port import Access, Parcel
from polyreel.ledger.entry import Subject
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.once import Timing
from polyreel.ledger.testing import MemoryRows
from tests.integration.delivery.test_libraries import PROVIDERS, Library, _expected

LATE_S = 1.5
"""How far the library lags behind; a "not there" is believed a little later."""


@pytest.fixture
def patient() -> Callable[..., Access]:
    """A ledger that believes "not there" later than the library lags."""
    rows = MemoryRows()

    def make(client: object, provider: str) -> Access:
        subject = Subject(kind="delivery", job="test", provider=provider, account=f"{provider}#test")
        return Access(client, Ledger(rows, timing=Timing(lease=2, quiet=LATE_S + 1.5)), subject)

    return make


@pytest.fixture(params=PROVIDERS)
def library(request: pytest.FixtureRequest, clients: Any, patient: Any, make_parcel: Any) -> Library:
    """Each of the three."""
    return Library(request.param, make_parcel("es-ES").name, clients, patient)


async def _list_texts(library: Library, clients: Any, film: str) -> list[str]:
    """A film's files of text at the library, by name."""
    async with clients(library.provider) as client:
        if library.provider == "tpstreams":
            return sorted(each.language for each in await client.list_subtitles(film))
        if library.provider == "nomad":
            return sorted(each.name for each in (await client.get_detail(film)).related_assets)
    return []


async def _list_notes(library: Library, clients: Any, film: str) -> list[str]:
    """The ids of a film's notes."""
    async with clients(library.provider) as client:
        return [each.id for each in await client.list_annotations(film)] if library.provider == "nomad" else []


@pytest.mark.parametrize("kind", ["listed_late", "found_late"])
async def test_a_repeat_makes_nothing_again_where_the_library_lags_behind(
    library: Library, make_parcel: Any, clients: Any, arm: Any, disarm: Any, kind: str
) -> None:
    """Neither films nor folders, subtitles or notes: the repeat comes at once, when none of them is shown yet."""
    parcel: Parcel = make_parcel("es-ES", "fr-FR")
    await arm(kind=kind, vendor=library.provider, times=0, seconds=LATE_S)
    first = await library.bring(parcel)
    again = await library.bring(parcel)
    assert not again.written
    assert again.ids == first.ids
    await disarm()
    await _require_once(library, clients, parcel, first.ids["es-ES"])


async def _require_once(library: Library, clients: Any, parcel: Parcel, film: str) -> None:
    assert await library.names() == _expected(library, parcel)
    texts = await _list_texts(library, clients, film)
    assert texts == sorted(set(texts))
    # Each language has one check that failed, and each such check one note, where the library has notes.
    assert len(await _list_notes(library, clients, film)) == (library.provider == "nomad")


async def test_a_repeat_with_other_words_replaces_them_where_the_list_lags_behind(
    library: Library, make_parcel: Any, clients: Any, arm: Any, disarm: Any
) -> None:
    """The old words are not shown yet when the new ones come; they are gone afterwards, and a repeat sends nothing."""
    await arm(kind="listed_late", vendor=library.provider, times=0, seconds=LATE_S)
    await library.bring(make_parcel("es-ES"))
    changed = make_parcel("es-ES", words="Adiós")
    done = await library.bring(changed)
    again = await library.bring(changed)
    assert again.ids == done.ids
    assert not again.written
    await disarm()
    await _require_once(library, clients, changed, done.ids["es-ES"])


async def test_a_lost_answer_is_found_in_a_list_that_lags_behind(
    library: Library, make_parcel: Any, clients: Any, arm: Any, disarm: Any
) -> None:
    """What was made by a call without an answer is looked for as long as it may not be shown."""
    parcel = make_parcel("es-ES")
    paths = {
        "tpstreams": "*/assets/upload-sessions/", "nomad": "*/asset/upload/start", "videojungle": "/projects/*/asset",
    }  # fmt: skip
    await arm(kind="listed_late", vendor=library.provider, times=0, seconds=LATE_S)
    await arm(kind="reset_after", vendor=library.provider, method="POST", path=paths[library.provider], times=1)
    with pytest.raises(Exception, match=r"answer|connection|closed"):
        await library.bring(parcel)
    done = await library.bring(parcel)
    await disarm()
    await _require_once(library, clients, parcel, done.ids["es-ES"])


@pytest.mark.parametrize("library", ["tpstreams"], indirect=True)
async def test_subtitles_whose_upload_was_not_answered_are_found_and_not_sent_again(
    library: Library, make_parcel: Any, clients: Any, arm: Any, disarm: Any
) -> None:
    """The vendor took them and the connection died; the list shows them later."""
    parcel = make_parcel("es-ES")
    await arm(kind="listed_late", vendor="tpstreams", times=0, seconds=LATE_S)
    await arm(kind="reset_after", vendor="tpstreams", method="POST", path="*/upload_subtitle/", times=1)
    with pytest.raises(Exception, match=r"answer|connection|closed"):
        await library.bring(parcel)
    done = await library.bring(parcel)
    await disarm()
    assert await _list_texts(library, clients, done.ids["es-ES"]) == ["es"]


@pytest.mark.parametrize("library", ["tpstreams"], indirect=True)
async def test_what_a_library_never_shows_costs_one_wait_and_no_failure(
    library: Library, make_parcel: Any, clients: Any, arm: Any, disarm: Any
) -> None:
    """A list of subtitles that lags for an hour: they were taken, the film is delivered; the next run cleans up."""
    parcel = make_parcel("es-ES")
    await arm(kind="listed_late", vendor="tpstreams", path="*/subtitles/", times=0, seconds=3600)
    began = time.monotonic()
    done = await library.bring(parcel)
    assert "es-ES" in done.ids
    assert time.monotonic() - began < 4 * LATE_S + 10
    await library.bring(parcel)
    await disarm()
    await library.bring(parcel)
    assert await _list_texts(library, clients, done.ids["es-ES"]) == ["es"]
