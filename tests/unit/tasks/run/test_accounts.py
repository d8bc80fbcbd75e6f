"""The accounts that a job delivers to and stages at are looked at before anything is bought."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from fractions import Fraction
from typing import Any, ClassVar

import pytest

from polyreel.errors import InvalidJob, PolyreelError
from polyreel.outcome import Problem, StoredFile
from polyreel.plans import Plan
from polyreel.plans.language import Way
from polyreel.vendors.dubformer.models import Options, Voice
from polyreel.vendors.errors import Garbled, NotFound, ServerError, Unauthorized, Unreachable, WrongAddress
from tasks import paid
from tasks.run import accounts, looks
from tasks.run.accounts import require_saved
from tasks.run.looks import Seen, look_at_vendors, require_open

NOMAD = {"to": "nomad", "credentials": "library"}
PANJAYA = {"provider": "panjaya", "credentials": "studio"}
DUBFORMER = {"provider": "dubformer", "credentials": "account"}


class Library:
    """An asset manager with one asset; as a block and as its client."""

    vendor, ways_in = "nomad", ()
    model_fields: ClassVar[dict[str, Any]] = {}

    def __init__(self, error: PolyreelError | None = None) -> None:
        self.error = error
        self.checked = 0

    async def check(self) -> tuple[str, ...]:
        self.checked += 1
        if self.error:
            raise self.error
        return ()

    async def get_asset(self, asset_id: str) -> Any:
        if asset_id != "there":
            raise NotFound("no such asset")
        return self

    id = "there"

    async def get_options(self) -> Options:
        """As Dubformer; no other vendor has such a list."""
        return Options(source_langs=("en",), target_langs=("es-ES", "sr-RS"))

    async def get_voices(self) -> dict[str, tuple[Voice, ...]]:
        return {"es-ES": (Voice(voice_key="Lucía"),)}


def open_as(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    async def load(_vendor: str, name: str) -> Library:
        if name == "nobody":
            raise InvalidJob("There are no saved nomad credentials named 'nobody'.", code="unknown_credentials")
        return library

    @asynccontextmanager
    async def client(_vendor: str, _name: str) -> AsyncIterator[Library]:
        yield library

    monkeypatch.setattr(accounts, "load_saved", load)
    monkeypatch.setattr(looks, "load_saved", load)
    monkeypatch.setattr(looks, "client_of", client)


@pytest.mark.parametrize(
    ("asked", "error", "code"),
    [
        ({"delivery": [NOMAD], "staging": NOMAD}, None, ""),
        ({"delivery": [{**NOMAD, "related_to": "there"}]}, None, ""),
        ({"delivery": [{**NOMAD, "related_to": "nowhere"}]}, None, "vendor_not_found"),
        ({"delivery": [NOMAD]}, Unauthorized("wrong key"), "vendor_unauthorized"),
        ({"staging": NOMAD}, Unauthorized("wrong key"), "vendor_unauthorized"),
        ({"delivery": [NOMAD]}, ServerError("503"), ""),
        ({"delivery": [NOMAD]}, Unreachable("no connection"), ""),
        ({"delivery": [NOMAD]}, Garbled("HTML"), "vendor_malformed"),
        ({"delivery": [NOMAD]}, WrongAddress("another server"), "wrong_address"),
        ({"dubbing": PANJAYA}, WrongAddress("another server"), "wrong_address"),
        ({"dubbing": PANJAYA, "fallback": [{"provider": "embedded"}]}, WrongAddress("another server"), ""),
        ({"dubbing": PANJAYA}, Unauthorized("wrong key"), "vendor_unauthorized"),
        ({"dubbing": PANJAYA, "fallback": [DUBFORMER]}, Unauthorized("wrong key"), "vendor_unauthorized"),
        ({"dubbing": PANJAYA, "fallback": [{"provider": "embedded"}]}, Unauthorized("wrong key"), ""),
        ({"delivery": [{"to": "folder", "path": "/out"}]}, Unauthorized("not asked"), ""),
    ],
)
async def test_what_can_t_be_delivered_is_said_before_it_is_bought(
    plan: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any], error: Any, code: str
) -> None:
    """A wrong key, or an id that nobody has; a library that is away for a moment may be there when it is needed."""
    open_as(Library(error), monkeypatch)
    try:
        await require_open(plan("es-ES", **asked).job)
        said = ""
    except PolyreelError as raised:
        said = raised.code
    assert said == code


async def test_an_account_that_is_named_twice_is_asked_once_for_each_thing(
    plan: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library()
    open_as(library, monkeypatch)
    await require_open(plan("es-ES", delivery=[NOMAD, NOMAD, {**NOMAD, "related_to": "there"}]).job)
    assert library.checked == 1


async def test_two_names_of_one_account_with_one_folder_are_said_before_it_is_bought(
    plan: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which account a name is of is known once its credentials are looked at."""
    open_as(Library(), monkeypatch)
    monkeypatch.setattr(looks, "account_of", lambda _block, _name: asyncio.sleep(0, "nomad#1"))
    job = plan("es-ES", delivery=[NOMAD, {**NOMAD, "credentials": "same"}]).job
    assert [each.code for each in (await look_at_vendors(job)).faults] == ["delivery_twice"]


async def test_names_that_nothing_is_saved_under_are_said_at_once(
    plan: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_as(Library(), monkeypatch)
    await require_saved(plan("es-ES", delivery=[NOMAD]).job)
    with pytest.raises(InvalidJob, match="nobody"):
        await require_saved(plan("es-ES", staging={**NOMAD, "credentials": "nobody"}).job)


async def test_every_name_that_nothing_is_saved_under_is_said(
    plan: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the job has it, in one go."""

    async def load(vendor: str, name: str) -> Library:
        raise InvalidJob(f"There are no saved {vendor} credentials named '{name}'.", code="unknown_credentials")

    monkeypatch.setattr(accounts, "load_saved", load)
    asked = {"dubbing": PANJAYA, "fallback": [DUBFORMER], "delivery": [NOMAD], "staging": {**NOMAD, "credentials": "b"}}
    with pytest.raises(InvalidJob) as caught:
        await require_saved(plan("es-ES", **asked).job)
    said = " ".join(each.message for each in caught.value.each())
    assert all(f"named '{name}'" in said for name in ("studio", "account", "library", "b"))


async def test_what_is_away_is_a_note_and_a_provider_that_can_be_spared_too(
    plan: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan says what it could not see, and does not fail for it."""
    job = plan("es-ES", dubbing=PANJAYA, fallback=[{"provider": "embedded"}]).job
    open_as(Library(Unreachable("no connection")), monkeypatch)
    assert (await look_at_vendors(job)).notes[0].startswith("panjaya/studio was not looked at: no connection")
    open_as(Library(Unauthorized("wrong key")), monkeypatch)
    assert (await look_at_vendors(job)).notes[0].startswith("panjaya/studio can't be used: wrong key")


async def test_a_vendor_that_does_not_answer_is_not_waited_for_long(
    plan: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are asked at the same time, each for a moment."""
    library = Library()

    async def wait() -> tuple[str, ...]:
        await asyncio.sleep(60)
        return ()

    monkeypatch.setattr(library, "check", wait)
    open_as(library, monkeypatch)
    monkeypatch.setattr(looks, "SECONDS", 0.05)
    seen: Seen = await look_at_vendors(plan("es-ES", dubbing=PANJAYA, delivery=[NOMAD]).job)
    assert (len(seen.notes), seen.faults) == (2, ())
    assert "no answer within 0.05 s" in seen.notes[0]


@pytest.mark.parametrize(
    ("locales", "fallback", "faults", "notes"),
    [
        (["es-ES"], [], [], []),
        (["sr-Latn-RS"], [], ["unsupported_locale"], []),
        (["sr-Latn-RS", "es-ES"], [], [], ["sr-Latn-RS will fail: Dubformer does not take sr-Latn-RS"]),
        (["he-IL", "sr-Latn-RS"], [PANJAYA], ["unsupported_locale", "unsupported_locale"], []),
        (["hr-HR", "es-ES"], [PANJAYA], [], ["hr-HR goes to the next provider: Dubformer does not take hr-HR"]),
    ],
)
async def test_a_vendor_s_own_list_of_languages_is_asked(
    plan: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch, locales: Any, fallback: Any, faults: Any, notes: Any
) -> None:
    """What it lacks on the day is a fault where nothing of the job could be dubbed, else it is said beforehand."""
    open_as(Library(), monkeypatch)
    targets = [{"locale": locale} for locale in locales]
    job = plan(locales[0], dubbing=DUBFORMER, fallback=fallback, targets=targets).job
    seen = await look_at_vendors(job)
    assert [each.code for each in seen.faults] == faults
    assert [note.partition(" as a target")[0] for note in seen.notes] == notes


async def test_what_only_a_fallback_lacks_goes_nowhere(
    plan: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first provider dubs it: the note is of what can't step in, and not of a language that moves."""
    open_as(Library(), monkeypatch)
    seen = await look_at_vendors(plan("hr-HR", "es-ES", dubbing=PANJAYA, fallback=[DUBFORMER]).job)
    (note,) = seen.notes
    assert note.startswith("The fallback Dubformer can't take over: Dubformer does not take hr-HR as a target")


async def test_a_language_that_its_vendor_lacks_is_not_in_the_quote(
    plan: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It will not be bought: a budget for the others is enough. Where nobody is asked, it counts."""
    open_as(Library(), monkeypatch)

    async def no_balances(_plan: Plan) -> dict[str, float]:
        return {}

    monkeypatch.setattr(paid, "_read_balances", no_balances)
    asked = plan("es-ES", "sr-Latn-RS", dubbing=DUBFORMER, budget={"minutes": 1})
    assert (await paid.quote_job(asked, Fraction(60))).quote["languages"].keys() == {"es-ES"}
    with pytest.raises(InvalidJob, match="the budget is 1 minute"):
        await paid.quote_job(asked, Fraction(60), ask=False)


async def test_a_language_that_a_fallback_will_buy_is_in_the_quote(
    plan: Callable[..., Plan], stored: Callable[[str], StoredFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Left out, it would be bought beyond the budget. One that the fallback has not either is bought nowhere."""
    open_as(Library(), monkeypatch)

    async def no_balances(_plan: Plan) -> dict[str, float]:
        return {}

    monkeypatch.setattr(paid, "_read_balances", no_balances)
    lacks = Problem(code="unsupported_locale", message="Panjaya lacks it", remedy="Leave it out.")

    def ask(minutes: float, *locales: str) -> Plan:
        made = plan(*locales, dubbing=DUBFORMER, fallback=[PANJAYA], budget={"minutes": minutes})
        languages = []
        for each in made.languages:
            second = Way(identity="p#2", works_here=False, problem=lacks if each.locale.startswith("sr") else None)
            ways = (Way(identity="d#1", works_here=False), second)
            languages.append(each.model_copy(update={"ways": ways}))
        return made.model_copy(update={"languages": tuple(languages)}).with_source(stored("reel.mp4"))

    quote = (await paid.quote_job(ask(2, "es-ES", "hr-HR", "sr-Latn-ME"), Fraction(60))).quote
    assert {locale: each["provider"] for locale, each in quote["languages"].items()} == {
        "es-ES": "Dubformer",
        "hr-HR": "Panjaya",
    }
    with pytest.raises(InvalidJob, match="the budget is 1 minute"):
        await paid.quote_job(ask(1, "es-ES", "hr-HR"), Fraction(60))


async def test_a_voice_that_the_vendor_lacks_is_said_before_the_dub_is_bought(
    plan: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_as(Library(), monkeypatch)
    for voice, codes in (("Lucía", []), ("soundalike", []), ("nobody", ["unknown_voice"])):
        job = plan("es-ES", dubbing=DUBFORMER, targets=[{"locale": "es-ES", "voice": voice}]).job
        assert [each.code for each in (await look_at_vendors(job)).faults] == codes
