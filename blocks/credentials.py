"""Saved credentials: save, list, check, load. Plain functions, so that the command line stays thin."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr, ValidationError

import blocks
from blocks.base import PolyreelCredentials
from polyreel.errors import InvalidJob, PolyreelError

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved block: whose, its name, and its fields with the secrets hidden."""

    vendor: str
    name: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What one harmless call said. `error` is as in an outcome: code, message, remedy."""

    vendor: str
    name: str
    ok: bool
    may: tuple[str, ...] = ()
    error: dict[str, str] | None = None


def kinds() -> dict[str, type[PolyreelCredentials]]:
    """The block of each vendor, by the vendor's name."""
    found = (getattr(blocks, name) for name in blocks.__all__)
    return {kind.vendor: kind for kind in found}


def kind_of(vendor: str) -> type[PolyreelCredentials]:
    """The block of one vendor. Raises `InvalidJob` for a vendor that is none."""
    try:
        return kinds()[vendor]
    except KeyError:
        known = ", ".join(sorted(kinds()))
        raise InvalidJob(f"There are no credentials for '{vendor}'.", remedy=f"Known are: {known}.") from None


async def save(vendor: str, name: str, fields: Mapping[str, str]) -> Saved:
    """Save a block under a name, over one that is there. A value ``env:VAR`` is taken from that variable now."""
    if not _NAME.fullmatch(name):
        raise InvalidJob(f"'{name}' is no name for credentials.", remedy="Use lowercase letters, digits and dashes.")
    block = _make_block(kind_of(vendor), {key: _read_value(value) for key, value in fields.items()})
    # A key that is none, or another certificate's, is told now, and not by the run that needs it.
    block.get_client()
    # A server that is new knows no type of ours yet.
    await type(block).aregister_type_and_schema()
    await block.asave(name, overwrite=True)
    return Saved(vendor, name, _mask_secrets(block))


async def load(vendor: str, name: str) -> PolyreelCredentials:
    """A saved block. Raises `InvalidJob` where there is none."""
    kind = kind_of(vendor)
    try:
        return await kind.aload(name, validate=False)
    except ValueError:
        others = await _find_named(name)
        raise InvalidJob(
            f"There are no saved {vendor} credentials named '{name}'"
            + (f", only {', '.join(others)}." if others else "."),
            code="unknown_credentials",
            remedy=f"Save them: `polyreel credentials save {vendor} {name} {_spell_fields(kind)}`.",
        ) from None


def _spell_fields(kind: type[PolyreelCredentials]) -> str:
    """What has to be set: ``--set base_url=... --set api_key=env:API_KEY``. Secrets are read from variables."""
    needed = [name for name, field in kind.model_fields.items() if field.is_required()]
    secret = {name for name in needed if "SecretStr" in str(kind.model_fields[name].annotation)}
    # A chain of certificates is no secret, but too long to be typed.
    told = [
        f"{name}=env:{name.upper()}" if name in secret or name == "certificates" else f"{name}=..." for name in needed
    ]
    return " ".join(f"--set {each}" for each in told) or "--set field=value"


async def _find_named(name: str) -> list[str]:
    """Credentials of any kind under this name, as people write them: ``nomad/library``."""
    return [f"{each.vendor}/{each.name}" for each in await list_saved() if each.name == name]


async def list_saved() -> list[Saved]:
    """Every saved block of ours, by vendor and name."""
    from prefect.client.orchestration import get_client

    slugs = {kind.get_block_type_slug(): kind for kind in kinds().values()}
    found = []
    async with get_client() as client:
        for slug, kind in sorted(slugs.items()):
            # Prefect's client asks for the secrets in the clear unless told not to.
            for document in await client.read_block_documents_by_type(slug, include_secrets=False):
                found.append(Saved(kind.vendor, document.name or "", _make_plain(document.data)))
    return sorted(found, key=lambda each: (each.vendor, each.name))


async def check(vendor: str, name: str) -> CheckReport:
    """One harmless call with saved credentials. What the vendor says against it is in the report, not raised."""
    block = await load(vendor, name)
    try:
        return CheckReport(vendor, name, ok=True, may=await block.check())
    except PolyreelError as error:
        return CheckReport(vendor, name, ok=False, error=error.as_dict())


def _make_block(kind: type[PolyreelCredentials], fields: Mapping[str, str]) -> PolyreelCredentials:
    unknown = sorted(set(fields) - set(kind.model_fields))
    if unknown:
        known = ", ".join(kind.model_fields)
        raise InvalidJob(f"{kind.vendor} credentials have no field '{unknown[0]}'.", remedy=f"Fields: {known}.")
    try:
        return kind(**fields)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        said = "; ".join(f"{'.'.join(map(str, fault['loc'])) or kind.vendor}: {fault['msg']}" for fault in faults)
        raise InvalidJob(
            f"These {kind.vendor} credentials are not complete: {said}.",
            remedy="Give each with `--set FIELD=VALUE`; a secret as `--set FIELD=env:VARIABLE`.",
        ) from None


def _read_value(given: str) -> str:
    if not given.startswith("env:"):
        return given
    variable = given.removeprefix("env:")
    if variable not in os.environ:
        raise InvalidJob(f"The environment variable {variable} is not set.", remedy="Set it, or give the value itself.")
    return os.environ[variable]


def _mask_secrets(block: PolyreelCredentials) -> dict[str, str]:
    given = {name: getattr(block, name) for name in type(block).model_fields}
    return {name: "********" if isinstance(value, SecretStr) else str(value) for name, value in given.items()}


def _make_plain(data: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in data.items()}
