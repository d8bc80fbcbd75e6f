"""Where `polyreel up` is: believed as long as its process lives, and no longer."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments.process import address
from polyreel.errors import PolyreelError


def test_an_address_is_read_while_its_writer_is_up_and_gone_afterwards(polyreel_home: Path) -> None:
    assert address.find_running_api() is None
    with address.only_one():
        assert address.read_address() is None, "it is not ready yet"
        address.write_address("http://127.0.0.1:4200/api", "http://127.0.0.1:4200")
        assert address.find_running_api() == "http://127.0.0.1:4200/api"
    assert address.find_running_api() is None
    assert not (address.find_folder() / "address.json").exists()


def test_what_a_killed_one_left_is_not_believed(polyreel_home: Path) -> None:
    """Else a key would be sent to whoever listens at that port now."""
    with address.only_one():
        address.write_address("http://127.0.0.1:4200/api", "http://127.0.0.1:4200")
        left = (address.find_folder() / "address.json").read_bytes()
    (address.find_folder() / "address.json").write_bytes(left)
    assert address.find_running_api() is None


def test_a_second_one_is_refused_with_where_the_first_is(polyreel_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "_PATIENCE_S", 0.0)
    with address.only_one():
        address.write_address("http://127.0.0.1:4200/api", "http://127.0.0.1:4200")
        with (
            pytest.raises(PolyreelError, match=r"up already at http://127\.0\.0\.1:4200") as refused,
            address.only_one(),
        ):
            pass
        assert refused.value.code == "already_up"
        assert address.find_running_api(), "the refused one took nothing away"
