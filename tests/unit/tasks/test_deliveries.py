"""Delivering to several places: one that fails is named, and stops no other."""

from pathlib import Path

import pytest

from deployments.commands.job_run import exit_code
from polyreel.delivery.port import Delivered, Parcel
from polyreel.errors import DeliveryError, UnresolvedCall
from polyreel.job import Delivery, FolderDelivery, Job
from polyreel.outcome import LanguageOutcome, Outcome
from polyreel.vendors.errors import CallError, RateLimited, Refused, ServerError
from tasks import deliver
from tasks.deliver import Brought, bring_to_all


def outcome_of(*brought: Brought) -> Outcome:
    begun = Outcome(job="welcome", status="completed", languages={"es-ES": LanguageOutcome(status="delivered")})
    return deliver._judge_deliveries(deliver._with_deliveries(begun, brought))


def there(path: str) -> Brought:
    return Brought(FolderDelivery(path=path), "welcome", done=Delivered(location=path, ids={"es-ES": "1"}))


def missed(path: str) -> Brought:
    problem = deliver.Problem(code="disk_full", message="the disk is full", remedy="Free some space.")
    return Brought(FolderDelivery(path=path), "welcome", problem=problem)


def test_all_places_reached_is_completed() -> None:
    found = outcome_of(there("/a"), there("/b"))
    assert found.status == "completed"
    assert [each.ids for each in found.deliveries] == [{"es-ES": "1"}] * 2


def test_one_place_that_fails_is_partial_and_named() -> None:
    """Its language has gone out all the same."""
    found = outcome_of(there("/a"), missed("/b"))
    assert found.status == "partial"
    assert found.languages["es-ES"].status == "delivered"
    places = [(each.status, each.location) for each in found.deliveries]
    assert places == [("delivered", "/a"), ("failed", "/b/welcome")]
    assert found.error
    assert found.error.code == "disk_full"


def test_when_every_place_fails_no_language_has_gone_out() -> None:
    found = outcome_of(missed("/a"), missed("/b"))
    assert found.status == "failed"
    assert found.languages["es-ES"].error == found.error


def test_a_language_that_one_place_got_has_gone_out_and_one_that_none_got_has_not() -> None:
    """The place says which it lacks, and why; the ids of the others stand."""
    problem = deliver.Problem(code="too_large", message="the file is too large", remedy="Trim it.")
    done = Delivered(location="TPStreams", ids={"es-ES": "1"}, problems={"fr-FR": problem})
    languages = {locale: LanguageOutcome(status="delivered") for locale in ("es-ES", "fr-FR")}
    begun = Outcome(job="welcome", status="completed", languages=languages)
    brought = Brought(FolderDelivery(path="/a"), "welcome", done=done)
    found = deliver._judge_deliveries(deliver._with_deliveries(begun, [brought]))
    assert (found.status, found.languages["es-ES"].status, found.languages["fr-FR"].status) == (
        "partial",
        "delivered",
        "failed",
    )
    (place,) = found.deliveries
    assert (place.status, place.ids) == ("failed", {"es-ES": "1"})
    assert place.error
    assert "fr-FR: the file is too large" in place.error.message


@pytest.mark.parametrize("also", [there("/a"), missed("/a")])
def test_what_only_a_person_can_settle_holds_the_job(also: Brought) -> None:
    """As a dub of which nobody knows whether it was bought does (exit code 4); also beside a place that failed."""
    error = UnresolvedCall("It is not known whether Nomad took this", key="k", remedy="`polyreel ledger settle k`")
    asked = Brought(FolderDelivery(path="/b"), "welcome", problem=deliver.Problem.of(error))
    found = outcome_of(also, asked)
    assert (found.status, exit_code(found)) == ("held", 4)
    assert found.error
    assert found.error.code == "unresolved_call"
    assert found.languages["es-ES"].status == ("delivered" if also.done else "held")
    assert [each.status for each in found.deliveries][-1] == "failed"


def test_one_language_of_a_place_that_only_a_person_can_settle_holds_the_job() -> None:
    """Whichever of the place's languages was the first to fail."""
    problems = {
        "es-ES": deliver.Problem(code="too_large", message="the file is too large"),
        "fr-FR": deliver.Problem.of(UnresolvedCall("It is not known whether Nomad took this", key="k")),
    }
    done = Delivered(location="Nomad", ids={"de-DE": "1"}, problems=problems)
    found = outcome_of(there("/a"), Brought(FolderDelivery(path="/b"), "welcome", done=done))
    assert (found.status, found.error and found.error.code) == ("held", "unresolved_call")


async def test_places_are_brought_to_at_once_and_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one of them raises is its own."""

    async def bring(asked: Delivery, _parcel: Parcel, _job: Job) -> Delivered:
        if asked.path_fields and Path(asked.with_paths(str).model_dump()["path"]).name == "full":
            raise DeliveryError("the disk is full", code="disk_full")
        return Delivered(location="/a")

    monkeypatch.setattr(deliver, "bring", bring)
    asked = [FolderDelivery(path="/full"), FolderDelivery(path="/a")]
    job = Job.model_validate({"name": "welcome", "source": {"media": "a.mp4", "locale": "en-US"}, "targets": ["fr-FR"]})
    found = await bring_to_all(asked, Parcel(name="welcome", items=()), job)
    assert [each.problem and each.problem.code for each in found] == ["disk_full", None]


@pytest.mark.parametrize(
    ("weather", "tries", "ends"),
    [
        ([ServerError("503")], 2, "there"),
        ([Delivered(location="part", may_pass=True)], 2, "there"),
        ([ServerError("503")] * 9, 3, "503"),
        ([Refused("no")], 1, "no"),
        ([Delivered(location="lost", may_pass=False)], 1, "lost"),
    ],
)
async def test_a_delivery_is_tried_again_for_as_long_as_what_failed_may_pass(
    weather: list[Delivered | Exception], tries: int, ends: str
) -> None:
    """One 503 at the wrong call made a job partial; what a vendor says no to is not asked again."""
    asked = 0

    async def bring() -> Delivered:
        nonlocal asked
        asked += 1
        found = weather[asked - 1] if asked <= len(weather) else Delivered(location="there")
        if isinstance(found, Exception):
            raise found
        return found

    try:
        end = (await deliver.deliver_with_patience(bring, (0.0, 0.0))).location
    except CallError as error:
        end = error.message
    assert (asked, end) == (tries, ends)


async def test_a_place_that_is_busy_costs_no_try() -> None:
    """Where one call in ten is refused as too many, three tries are soon over; not for ever, though."""
    asked = 0

    async def bring() -> Delivered:
        nonlocal asked
        asked += 1
        if asked <= 6:
            raise RateLimited("busy")
        if asked <= 9:
            return Delivered(location="some", may_pass=True, is_busy=True)
        return Delivered(location="there")

    assert (await deliver.deliver_with_patience(bring, (0.0, 0.0))).location == "there"
    assert asked == 10
    asked = 0
    with pytest.raises(RateLimited):
        await deliver.deliver_with_patience(bring, (0.0, 0.0), busy_s=0)
    assert asked == 3
