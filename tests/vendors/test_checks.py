"""`polyreel credentials check`: one harmless call per vendor, over real sockets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from blocks.credentials import list_kinds
from polyreel.vendors.errors import Refused

LOGIN = {"username": "sandbox", "password": "sandbox"}
ACCOUNTS: list[tuple[str, dict[str, str]]] = [
    ("panjaya", {"api_key": "panjaya-sandbox"}),
    ("panjaya", {"api_key": "sandbox"}),
    ("dubformer", {"api_key": "dubformer-sandbox"}),
    ("tpstreams", {**LOGIN, "organization_id": "sandbox"}),
    ("videojungle", {"api_key": "videojungle-sandbox"}),
    ("nomad", {"api_key": "nomad-sandbox"}),
    ("nomad", LOGIN),
    ("nomad", {**LOGIN, "prefix": ""}),
]


@pytest.fixture
def block(vendor_url: str, nomad_prefix: str) -> Callable[[str, dict[str, Any]], Any]:
    """A block of credentials for one of the vendors."""

    def make(vendor: str, fields: dict[str, Any]) -> Any:
        prefix = {"prefix": nomad_prefix} if vendor == "nomad" else {}
        return list_kinds()[vendor](base_url=f"{vendor_url}/{vendor}", **{**prefix, **fields})

    return make


@pytest.mark.parametrize(
    ("vendor", "fields"), ACCOUNTS, ids=lambda each: each if isinstance(each, str) else "-".join(each)
)
async def test_the_fixed_accounts_may_do_something(
    request: pytest.FixtureRequest, block: Callable[[str, dict[str, Any]], Any], vendor: str, fields: dict[str, str]
) -> None:
    """Each says what, in a sentence."""
    if fields.get("prefix") == "":
        request.getfixturevalue("bare_paths")
    may = await block(vendor, fields).check()
    assert may
    assert all(sentence.startswith(("may ", "it", "its ")) for sentence in may)


@pytest.mark.parametrize(
    ("vendor", "fields"), ACCOUNTS, ids=lambda each: each if isinstance(each, str) else "-".join(each)
)
async def test_a_wrong_secret_is_refused(
    request: pytest.FixtureRequest, block: Callable[[str, dict[str, Any]], Any], vendor: str, fields: dict[str, str]
) -> None:
    """With a typed error, whichever way in it is."""
    if fields.get("prefix") == "":
        request.getfixturevalue("bare_paths")
    wrong = {name: "wrong-4711" if name in ("api_key", "password") else value for name, value in fields.items()}
    with pytest.raises(Refused) as caught:
        await block(vendor, wrong).check()
    assert caught.value.code in ("vendor_unauthorized", "vendor_forbidden")
    assert "wrong-4711" not in str(caught.value)


@pytest.mark.parametrize(
    ("vendor", "fields"), ACCOUNTS, ids=lambda each: each if isinstance(each, str) else "-".join(each)
)
async def test_an_address_that_answers_404_to_everything_is_not_the_vendor(
    vendor_url: str, vendor: str, fields: dict[str, str]
) -> None:
    """Also where the harmless call asks for what nobody has: that is not found at the right address either."""
    with pytest.raises(Refused):
        await list_kinds()[vendor](base_url=f"{vendor_url}/nothing/{vendor}", **fields).check()
