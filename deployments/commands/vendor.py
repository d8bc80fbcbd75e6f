"""`polyreel vendor`: a vendor's operations by their names, for what no stage of a job does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from polyreel.vendors.operations import Operation


@click.command()
@click.argument("vendor", required=False)
@click.argument("operation", required=False)
@click.option("--credentials", metavar="NAME", help="Which saved credentials of the vendor's.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="An argument; objects and lists as JSON.")
@click.option("--charged", is_flag=True, help="The vendor may charge for it.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Where the answer goes; missing folders are made."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def vendor(
    vendor: str | None,
    operation: str | None,
    credentials: str | None,
    settings: tuple[str, ...],
    charged: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Call OPERATION at VENDOR with saved credentials; without one, list what there is.

    \b
    polyreel vendor                                   the vendors
    polyreel vendor tpstreams                         what can be asked of one, and what it takes
    polyreel vendor tpstreams get_asset --credentials library --set asset_id=ID --json
    """
    from deployments.commands.credentials import on_server, read_pair
    from deployments.commands.errors import report_errors
    from polyreel.machine.files import prepare_output

    with report_errors(as_json):
        if vendor is None:
            _list_vendors(as_json=as_json)
            return
        if operation is None:
            _list_operations(vendor, as_json=as_json)
            return
        wanted = _require_operation(vendor, operation, credentials, charged=charged)
        # An answer may have been paid for: whether there is a place for it is known before it is asked for.
        if out:
            prepare_output(out)
    given = dict(read_pair(setting) for setting in settings)
    answer = on_server(lambda book: _call_operation(book, wanted, str(credentials), given), as_json=as_json)
    with report_errors(as_json):
        _show_answer(answer, out)


def _require_operation(vendor: str, name: str, credentials: str | None, *, charged: bool) -> Operation:
    from polyreel.errors import InvalidJob
    from polyreel.vendors.operations import find_operation

    found = find_operation(vendor, name)
    if not credentials:
        raise InvalidJob(
            "whose account is meant?", where=f"vendor {vendor}", code="unknown_credentials",
            remedy="Name saved credentials: --credentials NAME (`polyreel credentials list`).",
        )  # fmt: skip
    # A name typed wrongly must not cost money.
    if found.charged and not charged:
        raise InvalidJob(
            f"{vendor} charges for {found.name}", where=f"vendor {vendor}", code="charged",
            remedy="Add --charged if that is meant.",
        )  # fmt: skip
    return found


async def _call_operation(book: ModuleType, wanted: Operation, credentials: str, given: Mapping[str, str]) -> Any:
    block = await book.load_credentials(wanted.vendor, credentials)
    with book.refusals_explained(block, credentials):
        async with block.get_client() as client:
            return await wanted.call_on(client, given)


def _list_vendors(*, as_json: bool) -> None:
    from polyreel.vendors.operations import CLIENTS

    click.echo(json.dumps(list(CLIENTS)) if as_json else "\n".join(CLIENTS))


def _list_operations(vendor: str, *, as_json: bool) -> None:
    from polyreel.vendors.operations import list_operations

    found = list_operations(vendor).values()
    if as_json:
        rows = [
            {
                "name": each.name,
                "endpoint": each.endpoint,
                "summary": each.summary,
                "takes": {parameter.name: parameter.required for parameter in each.parameters},
                "charged": each.charged,
            }
            for each in found
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    for each in found:
        takes = [taken.name if taken.required else f"[{taken.name}]" for taken in each.parameters]
        click.echo(f"{' '.join([each.name, *takes])}\n    {each.summary}")


def _show_answer(answer: Any, out: Path | None) -> None:
    text = json.dumps(answer, indent=2, ensure_ascii=False) if not isinstance(answer, bytes) else ""
    content = answer if isinstance(answer, bytes) else f"{text}\n".encode()
    if out:
        from polyreel.machine.files import write_output

        write_output(out, content)
        click.echo(f"{out}: {len(content)} bytes", err=True)
    else:
        click.echo(content, nl=False)
