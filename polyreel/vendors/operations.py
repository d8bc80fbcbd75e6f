"""A client's operations by their names, for people: what each one takes, read from text, and what it gives, as JSON."""

from __future__ import annotations

import dataclasses
import inspect
import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from polyreel.errors import InvalidJob
from polyreel.vendors.endpoints import list_endpoints

CLIENTS = {
    "panjaya": "PanjayaClient",
    "dubformer": "DubformerClient",
    "tpstreams": "TPStreamsClient",
    "videojungle": "VideoJungleClient",
    "nomad": "NomadClient",
}
OWN_BUSINESS = frozenset({"login", "logout", "refresh_token"})
"""What a client does by itself; by hand it would only print, or end, what it needs."""
_KINDS = {"int": "a whole number, such as 3", "float": "a number, such as 2.5", "bool": "true or false"}
"""Values by the beginning of pydantic's word for what is wrong with one: ``int_parsing``."""
_HIDDEN = frozenset({"token", "refresh_token", "secret_token", "stream_key", "cookies"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument. ``form`` reads its value; a text that the form doesn't take is read as JSON."""

    name: str
    form: TypeAdapter[Any]
    is_file: bool
    required: bool

    def read_text(self, text: str) -> Any:
        """The value that a text stands for. Raises `InvalidJob`."""
        if self.is_file:
            return self._read_path(text)
        # As text first: an id that is all digits must not become a number.
        try:
            return self.form.validate_python(text)
        except ValidationError as error:
            wrong_text = error
        try:
            return self.form.validate_json(text)
        except ValidationError as error:
            # What is not meant as JSON is not to be told how JSON is wrong.
            is_json = text.lstrip().startswith(("{", "["))
            raise self._make_error(error if is_json else wrong_text, is_json=is_json) from None

    def _make_error(self, error: ValidationError, *, is_json: bool) -> InvalidJob:
        fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
        # Of an object, a field is wrong, which its place names: the object itself is to be no number.
        kind = None if is_json else _KINDS.get(fault["type"].partition("_")[0])
        # In a union, the place is the name of one of its forms.
        place = "" if kind else ".".join(str(step) for step in fault["loc"])
        said = f"{place}: {fault['msg']}" if place else str(fault["msg"])
        remedy = f"Give {kind}." if kind else "Objects and lists are written as JSON."
        return InvalidJob(f"this is no {self.name}: {said}", where=self.name, remedy=remedy)

    def _read_path(self, text: str) -> Path:
        path = Path(text)
        # A folder, a pipe, or nothing at all would fail half-way through the call, as a defect of ours.
        if not path.is_file() or not os.access(path, os.R_OK):
            raise InvalidJob(
                f"{text or 'nothing'} is no file that can be read", where=self.name,
                remedy="Give a file's path, seen from the current folder.",
            )  # fmt: skip
        return path


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of a vendor's client."""

    vendor: str
    name: str
    summary: str
    endpoint: str
    parameters: tuple[Parameter, ...]
    charged: bool = False
    """The vendor takes money for it, each time."""

    async def call_on(self, client: Any, given: Mapping[str, str]) -> Any:
        """Call it on an open client, with its arguments as text; what came back, as JSON would hold it (or bytes)."""
        result = getattr(client, self.name)(**self._read_arguments(given))
        if isinstance(result, AsyncIterator):
            return [make_plain(each) async for each in result]
        return make_plain(await result)

    def _read_arguments(self, given: Mapping[str, str]) -> dict[str, Any]:
        known = {each.name: each for each in self.parameters}
        for name in given:
            if name not in known:
                remedy = f"It takes: {', '.join(known) or 'nothing'}."
                raise InvalidJob(f"{self.name} takes no {name}", where=self.vendor, remedy=remedy)
        missing = [each.name for each in self.parameters if each.required and each.name not in given]
        if missing:
            raise InvalidJob(
                f"{self.name} needs {' and '.join(missing)}", where=self.vendor,
                remedy="Give it with --set " + " --set ".join(f"{name}=..." for name in missing) + ".",
            )  # fmt: skip
        return {name: known[name].read_text(text) for name, text in given.items()}


@cache
def list_operations(vendor: str) -> dict[str, Operation]:
    """A vendor's operations that can be called by their names. Raises `InvalidJob` for a vendor that isn't."""
    if vendor not in CLIENTS:
        raise InvalidJob(f"There is no vendor '{vendor}'.", remedy=f"Known are: {', '.join(CLIENTS)}.")
    client = getattr(import_module(f"polyreel.vendors.{vendor}.client"), CLIENTS[vendor])
    found: dict[str, Operation] = {}
    for each in list_endpoints():
        name = each.client.rpartition(".")[2]
        # Dubs are bought by jobs alone, through the ledger: by hand they could be bought twice.
        if each.vendor == vendor and each.price != "dub" and name not in OWN_BUSINESS and name not in found:
            method = getattr(client, name)
            if (parameters := _list_parameters(method)) is not None:
                summary = inspect.cleandoc(method.__doc__ or "").partition("\n")[0]
                shown, charged = f"{each.method} {each.path}", each.price == "charged"
                found[name] = Operation(vendor, name, summary, shown, parameters, charged)
    return found


def find_operation(vendor: str, name: str) -> Operation:
    """One operation. Raises `InvalidJob` where there is none of this name."""
    known = list_operations(vendor)
    if name.replace("-", "_") in _list_purchases(vendor):
        remedy = "Write a job: what it buys stands in the ledger, and is bought once."
        raise InvalidJob(f"{name} buys a dub, and that only jobs do", where=vendor, remedy=remedy)
    if (found := known.get(name.replace("-", "_"))) is None:
        raise InvalidJob(f"{vendor} has no operation '{name}'.", remedy=f"`polyreel vendor {vendor}` lists them.")
    return found


def _list_purchases(vendor: str) -> set[str]:
    return {
        each.client.rpartition(".")[2] for each in list_endpoints() if each.vendor == vendor and each.price == "dub"
    }


def _list_parameters(method: Callable[..., Any]) -> tuple[Parameter, ...] | None:
    """A method's parameters; None where one that it needs can't be written down."""
    hints, found = get_type_hints(method), []
    for name, each in inspect.signature(method).parameters.items():
        if name == "self":
            continue
        required = each.default is inspect.Parameter.empty
        try:
            form: TypeAdapter[Any] = TypeAdapter(hints[name])
            form.core_schema  # noqa: B018 - it is built when it is asked for, and fails there
        except PydanticUserError:
            if required:
                return None
            continue
        if "Callable" in str(hints[name]):
            continue
        found.append(Parameter(name, form, "Path" in str(hints[name]), required))
    return tuple(found)


def make_plain(value: Any) -> Any:
    """What a client gave, as JSON holds it; tokens and other keys are left out, bytes stay bytes."""
    if isinstance(value, BaseModel):
        return make_plain(value.model_dump(mode="json"))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return make_plain(dataclasses.asdict(value))
    if isinstance(value, Mapping):
        return {str(key): "********" if key in _HIDDEN and each else make_plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [make_plain(each) for each in value]
    return value if value is None or isinstance(value, (str, int, float, bool, bytes)) else str(value)
