"""`polyreel credentials check`: one harmless call per vendor, over real sockets."""

from __future__ import annotations

from typing import Any

import pytest

from blocks.credentials import kinds
from polyreel.vendors.errors import Refused

LOGIN = {"username": "sandbox", "password": "sandbox"}
ACCOUNTS: list[tuple[str, dict[str, str]]] = [
    ("panjaya", {"api_key": "panjaya-sandbox"}),
    ("panjaya", {"api_key": "sandbox"}),
    ("dubformer", {"api_key": "dubformer-sandbox"}),
    ("tpstreams", {**LOGIN, "organization_id": "sandbox"}),
    ("videojungle", {"api_key": "videojungle-sandbox"}),
    ("nomad", {"api_key": "nomad-sandbox"}),
    ("nomad", {**LOGIN, "prefix": ""}),
]


def _block(vendor_url: str, vendor: str, fields: dict[str, Any]) -> Any:
    return kinds()[vendor](base_url=f"{vendor_url}/{vendor}", **fields)


@pytest.mark.parametrize(
    ("vendor", "fields"), ACCOUNTS, ids=lambda each: each if isinstance(each, str) else "-".join(each)
)
async def test_the_fixed_accounts_may_do_something(vendor_url: str, vendor: str, fields: dict[str, str]) -> None:
    """Each says what, in a sentence."""
    may = await _block(vendor_url, vendor, fields).check()
    assert may
    assert all(sentence.startswith(("may ", "it", "its ")) for sentence in may)


@pytest.mark.parametrize(
    ("vendor", "fields"), ACCOUNTS, ids=lambda each: each if isinstance(each, str) else "-".join(each)
)
async def test_a_wrong_secret_is_refused(vendor_url: str, vendor: str, fields: dict[str, str]) -> None:
    """With a typed error, whichever way in it is."""
    wrong = {name: "wrong-4711" if name in ("api_key", "password") else value for name, value in fields.items()}
    with pytest.raises(Refused) as caught:
        await _block(vendor_url, vendor, wrong).check()
    assert caught.value.code == "vendor_unauthorized"
    assert "wrong-4711" not in str(caught.value)
