"""Deliveries to libraries over real sockets: brought, repeated, replaced, broken off, and nothing twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from polyreel.delivery.places import make_delivery
from polyreel.delivery.port import Access, Delivered, Parcel
from polyreel.errors import VendorError
from polyreel.job import NomadDelivery, TPStreamsDelivery, VideoJungleDelivery

PROVIDERS = ("tpstreams", "nomad", "videojungle")
Bring = Callable[..., Any]


class Library:
    """One library as a test sees it: brings parcels, and counts what is there."""

    def __init__(self, provider: str, name: str, clients: Any, access: Any) -> None:
        self.provider, self.name, self._clients, self._access = provider, name, clients, access

    @property
    def options(self) -> Any:
        """Into a folder, or project, of the test's own."""
        if self.provider == "tpstreams":
            return TPStreamsDelivery(
                to="tpstreams", credentials="x", folder=self.name, resolutions=("240p",), protection="none"
            )
        if self.provider == "nomad":
            return NomadDelivery(
                to="nomad", credentials="x", path=f"Dubs/{self.name}", tags=("dubbed",), collection="all"
            )
        return VideoJungleDelivery(to="videojungle", credentials="x", project=self.name)

    async def bring(self, parcel: Parcel, **more: Any) -> Delivered:
        """A whole run: a client of its own, the same ledger."""
        async with self._clients(self.provider) as client:
            place = make_delivery(self.options, self._access(client, self.provider))
            return await place.deliver(parcel, **more)

    async def names(self) -> list[str]:
        """What is there, by name."""
        async with self._clients(self.provider) as client:
            if self.provider == "tpstreams":
                folder = [each.id async for each in client.list_folders() if each.title == self.name]
                return sorted([each.title async for each in client.list_assets(parent=folder[0])] if folder else [])
            if self.provider == "videojungle":
                projects = [each.id for each in await client.list_projects(limit=1000) if each.name == self.name]
                assets = await client.list_assets(projects[0], limit=1000) if projects else []
                return sorted(each.keyname for each in assets)
            at = "root"
            for step in ("Dubs", self.name):
                at = next((each.id for each in await client.list_children(at) if each.name == step), "")
                if not at:
                    return []
            return sorted(each.name for each in await client.list_children(at))


@pytest.fixture(params=PROVIDERS)
def library(request: pytest.FixtureRequest, clients: Any, access: Callable[..., Access], make_parcel: Any) -> Library:
    """Each of the three."""
    return Library(request.param, make_parcel("es-ES").name, clients, access)


def _expected(library: Library, parcel: Parcel) -> list[str]:
    films = [item.path.rpartition("/")[2] for item in parcel.items if item.role == "video"]
    if library.provider == "videojungle":
        return sorted(item.path.rpartition("/")[2] for item in parcel.items)
    return sorted(name.removesuffix(".mp4") if library.provider == "tpstreams" else name for name in films)


async def test_two_languages_are_brought_and_a_repeat_sends_nothing(library: Library, make_parcel: Any) -> None:
    """Ids for every language; the second run keeps all, under the same ids."""
    parcel, told = make_parcel("es-ES", "fr-FR"), []
    first = await library.bring(parcel, on_progress=told.append)
    assert {"es-ES", "fr-FR"} <= set(first.ids)
    assert not first.kept
    assert told[-1] == pytest.approx(1, abs=0.02)
    again = await library.bring(parcel)
    assert again.ids == first.ids
    assert not again.written
    assert await library.names() == _expected(library, parcel)


async def test_new_content_takes_the_place_of_the_old(library: Library, make_parcel: Any) -> None:
    """One film and one set of words per language afterwards, the new ones."""
    await library.bring(make_parcel("es-ES", "fr-FR"))
    changed = make_parcel("es-ES", "fr-FR", first=2, words="Adiós")
    done = await library.bring(changed)
    assert any(path.endswith("es-ES.mp4") for path in done.written)
    assert await library.names() == _expected(library, changed)
    assert (await library.bring(changed)).ids == done.ids


async def test_going_back_to_earlier_content_brings_it_again(library: Library, make_parcel: Any) -> None:
    """Its first receipt is of what was replaced since: the films and words there are the earlier ones again."""
    first, changed = make_parcel("es-ES"), make_parcel("es-ES", first=2, words="Adiós")
    for parcel in (first, changed):
        await library.bring(parcel)
    back = await library.bring(first)
    assert any(path.endswith(".mp4") for path in back.written)
    assert await library.names() == _expected(library, first)
    again = await library.bring(first)
    assert again.ids == back.ids
    assert not again.written


async def test_what_somebody_deleted_there_is_brought_again(library: Library, clients: Any, make_parcel: Any) -> None:
    """A receipt is believed only as long as the thing is there."""
    parcel = make_parcel("es-ES")
    first = await library.bring(parcel)
    async with clients(library.provider) as client:
        await client.delete_asset(first.ids["es-ES"])
    again = await library.bring(parcel)
    assert again.ids["es-ES"] != first.ids["es-ES"]
    assert await library.names() == _expected(library, parcel)


@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.25, 0.5, 1.0])
async def test_a_run_that_is_killed_anywhere_leaves_nothing_twice(
    library: Library, make_parcel: Any, seconds: float
) -> None:
    """Cancelled as a killed process is: without a word to anybody. The next run completes it."""
    parcel = make_parcel("es-ES", "fr-FR")
    run = asyncio.ensure_future(library.bring(parcel))
    await asyncio.sleep(seconds)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    done = await library.bring(parcel)
    assert {"es-ES", "fr-FR"} <= set(done.ids)
    assert await library.names() == _expected(library, parcel)


_MAKING = {
    "tpstreams": "*/assets/upload-sessions/",
    "nomad": "*/asset/upload/start",
    "videojungle": "/projects/*/asset",
}


async def test_a_creation_whose_answer_was_lost_is_found_and_not_made_twice(
    library: Library, make_parcel: Any, arm: Any
) -> None:
    """The vendor made it and the connection died: the run fails or goes on, and nothing is there twice afterwards."""
    parcel = make_parcel("es-ES")
    fault = {"kind": "reset_after", "vendor": library.provider, "method": "POST", "path": _MAKING[library.provider]}
    await arm(**fault, times=1)
    with pytest.raises(VendorError):
        await library.bring(parcel)
    await library.bring(parcel)
    assert await library.names() == _expected(library, parcel)


async def test_one_language_that_fails_is_named_and_the_other_is_there(
    library: Library, make_parcel: Any, arm: Any
) -> None:
    """The next run brings what is missing, and only that."""
    parcel = make_parcel("es-ES", "fr-FR")
    fault = {"kind": "status", "status": 400, "vendor": library.provider, "method": "POST"}
    await arm(**fault, path=_MAKING[library.provider], times=1)
    done = await library.bring(parcel)
    assert len(done.problems) == 1
    (missing,) = done.problems
    assert done.problems[missing].message
    assert missing not in done.ids
    again = await library.bring(parcel)
    assert not again.problems
    assert all(missing in path for path in again.written)
    assert await library.names() == _expected(library, parcel)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_captions_and_forced_lines_are_taken_or_missed_with_a_word(
    provider: str, clients: Any, access: Any, make_parcel: Any
) -> None:
    """A job with `subtitles.kinds: [captions, forced]` has no plain subtitles at all."""
    parcel: Parcel = make_parcel("es-ES")
    kinds = {".vtt": "captions", ".srt": "forced"}
    items = [
        item.model_copy(update={"role": kinds.get(item.path[-4:], item.role), "path": _tagged(item.path, kinds)})
        for item in parcel.items
    ]
    done = await Library(provider, parcel.name, clients, access).bring(parcel.model_copy(update={"items": items}))
    brought = set(done.ids) - {"es-ES"}
    assert {
        "tpstreams": {"es-ES.es.vtt"},
        "nomad": {"es-ES.captions.vtt", "es-ES.forced.srt"},
        "videojungle": {"es-ES.captions.vtt", "es-ES.forced.srt"},
    }[provider] == brought
    said = [note for note in done.notes if "forced" in note]
    assert bool(said) == (provider == "tpstreams")


def _tagged(path: str, kinds: dict[str, str]) -> str:
    kind = kinds.get(path[-4:])
    return f"{path[:-4]}.{kind}{path[-4:]}" if kind else path
