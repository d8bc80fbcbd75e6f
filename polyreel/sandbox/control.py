"""The rehearsal's own controls, under /sandbox: accounts, faults, the clock, what happened. No vendor has these."""

from __future__ import annotations

from pydantic import Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from polyreel.sandbox.box import box_of
from polyreel.sandbox.faults import PROFILES, Armed, Fault
from polyreel.sandbox.panjaya.shapes import public_key
from polyreel.sandbox.state import Json
from polyreel.sandbox.wire import Refusal, Wire, first_fault, json_body, raw_json

ACCOUNTS: dict[str, dict[str, str]] = {
    "panjaya": {"key": "panjaya-sandbox"},
    "dubformer": {"key": "dubformer-sandbox"},
    "tpstreams": {"username": "sandbox", "password": "sandbox", "organization_id": "sandbox"},
    "videojungle": {"key": "videojungle-sandbox"},
    "nomad": {"username": "sandbox", "password": "sandbox", "api_key": "nomad-sandbox"},
}


class Account(Wire):
    """What an account may be given."""

    minutes: float | None = Field(default=None, description="The balance from now on.")
    most_bytes: int | None = Field(default=None, gt=0, description="Panjaya: the largest video the account may send.")


class Skip(Wire):
    """How much time passes at once."""

    seconds: float = Field(gt=0)


async def answer_error(_request: Request, error: Exception) -> Response:
    """How the controls say no."""
    assert isinstance(error, Refusal)  # noqa: S101 - registered for Refusal only
    return JSONResponse({"error": error.message}, error.status)


async def list_accounts(request: Request) -> Response:
    """Every account with its base URL, credentials, balance; and the key that verifies Panjaya's callbacks."""
    box = box_of(request)
    return JSONResponse(
        {
            "accounts": {
                name: {
                    "base_url": f"{box.files.base_url}/{name}",
                    **credentials,
                    "minutes": box.purse.balance(name),
                }
                for name, credentials in ACCOUNTS.items()
            },
            "panjaya_public_key": public_key(box),
        }
    )


async def set_account(request: Request) -> Response:
    """Give an account a balance, or a limit."""
    box, vendor = box_of(request), request.path_params["vendor"]
    if vendor not in ACCOUNTS:
        raise Refusal(404, f"no such vendor: {vendor}")
    wanted = await json_body(request, Account)
    if wanted.minutes is not None:
        box.purse.set_opening(vendor, wanted.minutes)
    if wanted.most_bytes is not None:
        box.state.set_fact(f"{vendor}-most-bytes", str(wanted.most_bytes))
    return JSONResponse({"minutes": box.purse.balance(vendor)})


def _describe_fault(armed: Armed) -> Json:
    return {"id": armed.id, "struck": armed.struck, **armed.fault.model_dump()}


async def list_faults(request: Request) -> Response:
    """The faults that may still strike, and the profiles there are."""
    armed = [_describe_fault(armed) for armed in box_of(request).faults.list_armed()]
    return JSONResponse({"faults": armed, "profiles": sorted(PROFILES)})


async def arm_fault(request: Request) -> Response:
    """Arm one fault."""
    try:
        fault = Fault.model_validate_json(await raw_json(request))
    except ValidationError as error:
        raise Refusal(422, first_fault(error)) from error
    return JSONResponse(_describe_fault(box_of(request).faults.arm(fault)), 201)


async def arm_profile(request: Request) -> Response:
    """Arm all faults of a profile."""
    name = request.path_params["profile"]
    if name not in PROFILES:
        raise Refusal(404, f"no such profile: {name}; there are {', '.join(sorted(PROFILES))}")
    return JSONResponse(
        {"faults": [_describe_fault(box_of(request).faults.arm(fault)) for fault in PROFILES[name]]}, 201
    )


async def clear_faults(request: Request) -> Response:
    """Fair weather again; or take away one fault."""
    return JSONResponse({"cleared": box_of(request).faults.clear(request.path_params.get("fault_id"))})


async def skip_time(request: Request) -> Response:
    """Let time pass at once, so that links and tokens expire."""
    wanted = await json_body(request, Skip)
    box = box_of(request)
    box.clock.skip(wanted.seconds)
    return JSONResponse({"now": box.clock.stamp()})


async def list_events(request: Request) -> Response:
    """Jobs, callbacks and charges, newest first."""
    box = box_of(request)
    jobs = [{"step": job.step, "vendor": job.vendor, "subject": job.subject, "state": job.state, "note": job.note}
            for job in box.jobs.recent()]  # fmt: skip
    charges = [{"vendor": charge.vendor, "subject": charge.subject, "minutes": charge.minutes, "what": charge.what}
               for charge in box.purse.charges()]  # fmt: skip
    return JSONResponse({"jobs": jobs, "callbacks": box.mailbox.recent(), "charges": charges})


def list_routes() -> list[BaseRoute]:
    """The control endpoint's paths."""
    return [
        Route("/sandbox", list_accounts, methods=["GET"]),
        Route("/sandbox/accounts/{vendor}", set_account, methods=["POST"]),
        Route("/sandbox/faults", list_faults, methods=["GET"]),
        Route("/sandbox/faults", arm_fault, methods=["POST"]),
        Route("/sandbox/faults", clear_faults, methods=["DELETE"]),
        Route("/sandbox/faults/{fault_id}", clear_faults, methods=["DELETE"]),
        Route("/sandbox/profiles/{profile}", arm_profile, methods=["POST"]),
        Route("/sandbox/clock", skip_time, methods=["POST"]),
        Route("/sandbox/log", list_events, methods=["GET"]),
    ]
