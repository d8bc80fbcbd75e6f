"""Saved credentials: save, list, check, load. Plain functions, so that the command line stays thin."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr, ValidationError

import blocks
from blocks.base import PolyreelCredentials, VendorCredentials
from polyreel.errors import InvalidJob, PolyreelError
from polyreel.redaction import redact_addresses
from polyreel.vendors.errors import CallError
from polyreel.vendors.wrong_address import as_wrong_address

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.objects import BlockDocument

_UNNAMED = "credentials"
"""Where clients say that a key is none: they don't know what it is saved as."""
# What Prefect itself takes as a block document's name.
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


def list_kinds() -> dict[str, type[PolyreelCredentials]]:
    """The block of each vendor, by the vendor's name."""
    return {vendor: kind_of(vendor) for vendor in blocks.KINDS}


def kind_of(vendor: str) -> type[PolyreelCredentials]:
    """The block of one vendor. Raises `InvalidJob` for a vendor that is none."""
    try:
        _, name = blocks.KINDS[vendor]
    except KeyError:
        known = ", ".join(sorted(blocks.KINDS))
        raise InvalidJob(f"There are no credentials for '{vendor}'.", remedy=f"Known are: {known}.") from None
    # Only this one: the others' clients would be imported for nothing.
    kind: type[PolyreelCredentials] = getattr(blocks, name)
    return kind


async def find_account(vendor: str, name: str) -> str:
    """What the ledger knows the account of saved credentials by; empty where there are none, or none that it knows."""
    kind = kind_of(vendor)
    if not issubclass(kind, VendorCredentials):
        return ""
    try:
        block = await kind.aload(name, validate=False)
        told = {field: getattr(block, field, None) for field in kind.model_fields}
        # What the API or a form saved in part is no account yet, and must keep nobody from saving it whole.
        return kind.model_validate({field: value for field, value in told.items() if value is not None}).account
    except ValueError:
        return ""


async def save_same_account(vendor: str, name: str, fields: Mapping[str, str]) -> Saved:
    """Save a new key of the account that is saved under this name: the ledger knows it as before.

    What was bought with the old key is found with the new one, and not bought again. Raises `InvalidJob` as `save`
    does, and where nothing is saved under the name, or for another address or organisation.
    """
    before = await find_account(vendor, name)
    if not before:
        raise InvalidJob(
            f"There are no saved {vendor} credentials named '{name}' whose account could be kept.",
            code="unknown_credentials", remedy="Leave `--same-account` out.",
        )  # fmt: skip
    kind = kind_of(vendor)
    block = _make_block(kind, name, {key: _trim_value(key, _read_value(value)) for key, value in fields.items()})
    after = str(getattr(block, "account", ""))
    if _read_address(after) != _read_address(before):
        address = redact_addresses(_read_address(before))
        raise InvalidJob(
            f"The {vendor} credentials '{name}' are saved for {address}: another address is another account.",
            remedy=f"Give the same one: `--set base_url={address}`.",
        )
    if after == before:
        return await save_credentials(vendor, name, fields)
    if not _is_named_by_key(vendor):
        raise InvalidJob(
            f"The {vendor} credentials '{name}' are another organisation's: what was made there is not here.",
            remedy="Save these under a name of their own, or leave `--same-account` out.",
        )
    return await save_credentials(vendor, name, {**fields, "known_as": before.rpartition("#")[2]})


def explain_other_account(vendor: str, before: str, after: str) -> str:
    """What it means that saved credentials are of another account than `find_account` gave before; "" where not."""
    if not before or before == after:
        return ""
    said = "The ledger takes it for another account than before: what was bought there would be bought again."
    if _read_address(before) != _read_address(after) or not _is_named_by_key(vendor):
        return said
    mend = f"`--set known_as={before.rpartition('#')[2]}` with the same fields"
    return f"{said} If only the key is new, say so: {mend}."


def _read_address(account: str) -> str:
    return account.rpartition("#")[0]


def _is_named_by_key(vendor: str) -> bool:
    kind = kind_of(vendor)
    return issubclass(kind, VendorCredentials) and kind.named_by_key


async def save_credentials(vendor: str, name: str, fields: Mapping[str, str]) -> Saved:
    """Save a block under a name, over one that is there. A value ``env:VAR`` is taken from that variable now.

    What is there is replaced whole: a field that is left out has its default again. Raises `InvalidJob` for a vendor,
    a name or a field that is none, and for a key that can't be one; nothing is saved then. Nobody is asked.

        await save("panjaya", "studio", {"api_key": "env:PANJAYA_API_KEY"})
    """
    if not _NAME.fullmatch(name):
        raise InvalidJob(f"'{name}' is no name for credentials.", remedy="Use lowercase letters, digits and dashes.")
    kind = kind_of(vendor)
    block = _make_block(kind, name, {key: _trim_value(key, _read_value(value)) for key, value in fields.items()})
    # A key that is none, or another certificate's, is told now, and not by the run that needs it.
    with refusals_explained(block, name):
        block.get_client()
    # A server that is new knows no type of ours yet.
    await type(block).aregister_type_and_schema()
    await block.asave(name, overwrite=True)
    return Saved(vendor, name, _mask_secrets(block))


async def load_credentials(vendor: str, name: str) -> PolyreelCredentials:
    """A saved block. Raises `InvalidJob` where there is none, or none that is whole."""
    kind = kind_of(vendor)
    try:
        block = await kind.aload(name, validate=False)
    except ValueError:
        others = await _find_named(name)
        raise InvalidJob(
            f"There are no saved {vendor} credentials named '{name}'"
            + (f", only {', '.join(others)}." if others else "."),
            code="unknown_credentials",
            remedy=f"Save them: {spell_save(kind, name)}.",
        ) from None
    # The server takes such from the API: fields that have no value then have no type either.
    asked = (field for field, each in kind.model_fields.items() if each.is_required())
    if lacking := [field for field in asked if getattr(block, field, None) is None]:
        raise InvalidJob(
            f"The saved {vendor} credentials '{name}' have no {' and no '.join(lacking)}.",
            remedy=f"Save them again: {spell_save(kind, name)}.",
        )
    return block


def spell_save(kind: type[PolyreelCredentials], name: str, block: PolyreelCredentials | None = None) -> str:
    """The command that saves such credentials whole: ```polyreel credentials save panjaya NAME --set ...```.

    ``block``, such as are there: saving replaces all of them, so what they say beside secrets is in the command too.
    """
    needed = [field for field, asked in kind.model_fields.items() if asked.is_required()]
    told = _list_told(block) if block else {}
    first, *others = sorted(kind.ways_in, key=lambda way: -len(set(way) & told.keys())) or ((),)
    fields = dict.fromkeys((*needed, *first, *told))
    whole = f"`polyreel credentials save {kind.vendor} {name} {_spell_fields(kind, tuple(fields), told)}`"
    instead = "".join(f", or with {_spell_fields(kind, fields)} instead of {' and '.join(first)}" for fields in others)
    return whole + instead


def _list_told(block: PolyreelCredentials) -> dict[str, str]:
    """What a block says otherwise than by default, without secrets and what is too long to be typed."""
    fields = type(block).model_fields
    said = {name: getattr(block, name) for name, field in fields.items() if getattr(block, name) != field.default}
    shown = {name: value for name, value in said.items() if value is not None and not _is_read(type(block), name)}
    return {name: quote(redact_addresses(str(value))) for name, value in shown.items()}


def _spell_fields(kind: type[PolyreelCredentials], names: Sequence[str], told: Mapping[str, str] | None = None) -> str:
    """Fields as they are set: ``--set base_url=... --set api_key=env:API_KEY``. Secrets are read from variables."""
    values = [f"env:{name.upper()}" if _is_read(kind, name) else (told or {}).get(name, "...") for name in names]
    return " ".join(f"--set {name}={value}" for name, value in zip(names, values, strict=True)) or "--set field=value"


def _is_read(kind: type[PolyreelCredentials], name: str) -> bool:
    """Whether a field is read from a variable: a chain of certificates is no secret, but too long to be typed."""
    return "SecretStr" in str(kind.model_fields[name].annotation) or name in {"certificates", "panjaya_public_key"}


async def _find_named(name: str) -> list[str]:
    """Credentials of any kind under this name, as people write them: ``nomad/library``."""
    return [f"{each.vendor}/{each.name}" for each in await list_saved() if each.name == name]


async def list_saved() -> list[Saved]:
    """Every saved block of ours, by vendor and name."""
    from prefect.client.orchestration import get_client

    slugs = {kind.get_block_type_slug(): kind for kind in list_kinds().values()}
    found = []
    async with get_client() as client:
        for slug, kind in sorted(slugs.items()):
            for document in await _read_documents(client, slug):
                found.append(Saved(kind.vendor, document.name or "", _make_plain(document.data)))
    return sorted(found, key=lambda each: (each.vendor, each.name))


async def _read_documents(client: PrefectClient, slug: str) -> list[BlockDocument]:
    """The blocks of a kind, secrets hidden. A kind of which none was saved yet may be unknown to the server."""
    from prefect.exceptions import PrefectHTTPStatusError

    try:
        # Prefect's client asks for the secrets in the clear unless told not to.
        return await client.read_block_documents_by_type(slug, include_secrets=False)
    except PrefectHTTPStatusError as error:
        if error.response.status_code != 404:
            raise
        return []


async def check_credentials(vendor: str, name: str) -> CheckReport:
    """One harmless call with saved credentials. What the vendor says against it is in the report, not raised."""
    block = await load_credentials(vendor, name)
    try:
        with refusals_explained(block, name, asked_for_nothing=True):
            return CheckReport(vendor, name, ok=True, may=await block.check())
    except PolyreelError as error:
        return CheckReport(vendor, name, ok=False, error=error.as_dict())


@contextmanager
def refusals_explained(block: PolyreelCredentials, name: str, *, asked_for_nothing: bool = False) -> Iterator[None]:
    """Where a vendor, or a client, refuses these credentials inside: say which they are, and how to mend it.

    ``asked_for_nothing``: that is `PolyreelCredentials.check`, and what is not found is the API itself.
    """
    try:
        yield
    except PolyreelError as failure:
        error: PolyreelError = failure
        if asked_for_nothing and isinstance(failure, CallError):
            error = as_wrong_address(failure, asked_for_nothing=True)
        unusable = error.where == _UNNAMED
        if unusable:
            error.where = f"{block.vendor} credentials {name}"
        astray = asked_for_nothing and error.code in ("vendor_not_found", "wrong_address")
        if unusable or astray or error.code == "vendor_unauthorized":
            # The vendor's own remedy knows nothing of saved blocks, and of which one was meant.
            wrong = error.code == "wrong_address"
            wanted = "them with another `base_url`, that of the API" if wrong else "the right ones"
            error.remedy = f"Save {wanted}: {spell_save(type(block), name, block)}."
            # An account that has a name of its own is the same whatever opens it.
            by_key = isinstance(block, VendorCredentials) and getattr(block, "api_key", None) is not None
            if error.code == "vendor_unauthorized" and by_key:
                error.remedy += " With `--same-account` where only the key is new: what was bought stays known."
        raise error from None


def _make_block(kind: type[PolyreelCredentials], name: str, fields: Mapping[str, str]) -> PolyreelCredentials:
    unknown = sorted(set(fields) - set(kind.model_fields))
    if unknown:
        known = ", ".join(kind.model_fields)
        raise InvalidJob(f"{kind.vendor} credentials have no field '{unknown[0]}'.", remedy=f"Fields: {known}.")
    try:
        return kind(**fields)
    except ValidationError as error:
        # Without the input: it may be the secret itself.
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        told = [f"{'.'.join(map(str, fault['loc'])) or kind.vendor}: {fault['msg']}" for fault in faults]
        # Pydantic looks for the ways in only where all else is right; people want to be told everything at once.
        if (
            kind.ways_in
            and not any(set(way) <= fields.keys() for way in kind.ways_in)
            and all(f["loc"] for f in faults)
        ):
            told.append(" or ".join(" and ".join(way) for way in kind.ways_in) + ": one is required")
        raise InvalidJob(
            f"These {kind.vendor} credentials can't be used: {'; '.join(told)}.",
            remedy=f"Save them whole: {spell_save(kind, name)}.",
        ) from None


def _read_value(given: str) -> str:
    if not given.startswith("env:"):
        return given
    variable = given.removeprefix("env:")
    if variable not in os.environ:
        raise InvalidJob(f"The environment variable {variable} is not set.", remedy="Set it, or give the value itself.")
    return os.environ[variable]


def _trim_value(field: str, value: str) -> str:
    """Without what a file or a paste adds at the ends. A password may have blanks of its own there."""
    # Keys with a line end were another account to the ledger: what was bought with them would be bought anew.
    return value.strip("\r\n") if field == "password" else value.strip()


def _mask_secrets(block: PolyreelCredentials) -> dict[str, str]:
    given = {name: getattr(block, name) for name in type(block).model_fields}
    return {name: "********" if isinstance(value, SecretStr) else str(value) for name, value in given.items()}


def _make_plain(data: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in data.items()}
