"""Every block keeps Prefect's block standards, and keeps its secrets."""

from __future__ import annotations

import base64
import inspect
import json
import logging
import pickle
import re
from typing import Any

import pytest
from prefect.blocks.core import Block
from prefect.testing.standard_test_suites import BlockStandardTestSuite
from prefect.utilities.dispatch import get_registry_for_type
from pydantic import SecretStr, ValidationError

import blocks
import blocks.catalogue
from blocks.base import PolyreelCredentials, VendorCredentials
from blocks.credentials import list_kinds
from polyreel.packaging.provenance.signer import make_test_key
from polyreel.vendors.callbacks import CallbackVerifier

SECRET = "hush-hush-0815"
SIGNING_KEY = base64.b64encode(b"hush-hush-0815-and-then-some").decode()
SIGNING = make_test_key()
FILLED: dict[str, dict[str, Any]] = {
    "callbacks": {"tpstreams_token": SECRET},
    "chat": {"model": "llama", "api_key": SECRET},
    "deepl": {"api_key": SECRET},
    "dubformer": {"api_key": SECRET},
    "libretranslate": {"api_key": SECRET},
    "nomad": {"base_url": "https://nomad.example", "username": "me", "password": SECRET, "api_key": SECRET},
    "panjaya": {"api_key": SECRET},
    "s3": {"access_key_id": "id", "secret_access_key": SECRET, "bucket": "films"},
    "signing": {"certificates": SIGNING.certificates.decode(), "private_key": SIGNING.private_key.decode()},
    "tpstreams": {"organization_id": "org", "token": SECRET, "username": "me", "password": SECRET},
    "videojungle": {"api_key": SECRET},
    "webhook": {"url": "https://films.example/hook", "signing_secret": f"whsec_{SIGNING_KEY}"},
}
ALL = sorted(list_kinds())


@pytest.fixture(params=ALL)
def kind(request: pytest.FixtureRequest) -> type[PolyreelCredentials]:
    """Each of our blocks."""
    return list_kinds()[request.param]


@pytest.fixture
def filled(kind: type[PolyreelCredentials]) -> PolyreelCredentials:
    """The block with every secret filled in."""
    return kind(**FILLED[kind.vendor])


def test_an_accounts_name_holds_no_secret_and_is_the_same_for_the_same_account(filled: PolyreelCredentials) -> None:
    """Keys and the ledger know an account by it."""
    if isinstance(filled, VendorCredentials):
        again = type(filled)(**FILLED[filled.vendor], calls_per_second=1)
        assert filled.account == again.account
        assert SECRET not in filled.account
        assert re.fullmatch(r"(https?://\S+)?#[0-9a-f]{12}", filled.account)


def test_a_key_pasted_with_its_beginning_is_the_same_account() -> None:
    kind = list_kinds()["panjaya"]
    names = {kind(api_key=key).account for key in (SECRET, f"panjaya-{SECRET}", f" {SECRET} ")}
    assert len(names) == 1
    assert kind(api_key="another").account not in names


class TestPrefectsStandards(BlockStandardTestSuite):
    """Prefect's own suite, over every block."""

    @pytest.fixture(params=ALL)
    def block(self, request: pytest.FixtureRequest) -> Any:
        """Each of our blocks."""
        return list_kinds()[request.param]

    def test_has_a_valid_image(self, block: Any) -> None:
        """None of our blocks shows a logo that is not ours, and none fetches one."""
        assert block._logo_url is None


def test_a_block_is_found_by_its_vendor() -> None:
    """The table says where each is, so that the others need not be imported."""
    for vendor, (module, name) in blocks.KINDS.items():
        kind = list_kinds()[vendor]
        assert (kind.vendor, kind.__module__, kind.__name__) == (vendor, f"blocks.{module}", name)
    assert set(blocks.catalogue.BLOCKS) == set(list_kinds().values())


def test_every_block_is_among_the_packages_members() -> None:
    """`prefect block register -m blocks` takes them from there."""
    assert set(blocks.__all__) <= {name for name, _ in inspect.getmembers(blocks, Block.is_block_class)}


def test_every_vendor_has_a_block() -> None:
    """The five, and what the pipeline needs beside them."""
    assert {"panjaya", "dubformer", "tpstreams", "videojungle", "nomad", "s3", "callbacks"} <= set(ALL)
    assert len(ALL) == len(blocks.__all__) == len(FILLED)


def test_every_field_has_a_title(kind: type[PolyreelCredentials]) -> None:
    """The form in the UI explains itself."""
    assert all(field.title for field in kind.model_fields.values())


def test_names_are_good(kind: type[PolyreelCredentials]) -> None:
    """One slug per block, all ours."""
    assert re.fullmatch(r"polyreel-[a-z-]+", kind.get_block_type_slug())
    assert str(kind._documentation_url).startswith("https://")


def test_a_secret_is_seen_nowhere(
    filled: PolyreelCredentials, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not in repr, str, JSON, nor in a log line."""
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").warning("%s %r", filled, filled)
    shown = repr(filled) + str(filled) + filled.model_dump_json() + json.dumps(filled.model_dump(mode="json"))
    assert SECRET not in shown + caplog.text
    assert SIGNING_KEY not in shown + caplog.text
    assert "hush" not in "".join(capsys.readouterr())


def test_whatever_is_secret_is_typed_as_such(kind: type[PolyreelCredentials]) -> None:
    """Prefect encrypts `SecretStr` fields, and the UI hides them."""
    for name, field in kind.model_fields.items():
        secret = "SecretStr" in str(field.annotation)
        assert secret == bool(re.search(r"api_key|password|token|secret_access|signing_secret|private_key", name)), name


def test_a_webhooks_secret_has_to_be_one() -> None:
    """What is too short to sign with is refused when it is saved, and not shown."""
    with pytest.raises(ValidationError) as refused:
        list_kinds()["webhook"](url="https://films.example/hook", signing_secret="whsec_c2hvcnQ=")
    assert "24 to 64 bytes" in str(refused.value)
    assert "c2hvcnQ=" not in str(refused.value)


def test_the_client_knows_the_secret_and_does_not_show_it(filled: PolyreelCredentials) -> None:
    """`get_client` alone unwraps it."""
    client = filled.get_client()
    assert SECRET not in repr(client)
    if isinstance(client, CallbackVerifier):
        assert client.tpstreams_token == SECRET
    elif filled.vendor == "signing":
        assert client.private_key == SIGNING.private_key
        assert "PRIVATE KEY" not in repr(client)
    elif filled.vendor not in ("s3", "libretranslate", "webhook"):
        assert any(SECRET in each for each in client.transport.auth.list_secrets())


def test_limits_reach_the_transport(kind: type[PolyreelCredentials]) -> None:
    """As the form says."""
    if not issubclass(kind, VendorCredentials):
        return
    block = kind(**FILLED[kind.vendor], calls_per_second=3, calls_at_once=2)
    limits = block.get_client().transport.gate.limits
    assert (limits.per_second, limits.at_once) == (3, 2)


def test_impossible_limits_are_refused() -> None:
    """Nothing per second would wait for ever."""
    with pytest.raises(ValidationError):
        blocks.PanjayaCredentials(api_key=SecretStr("x"), calls_per_second=0)


def test_a_block_needs_a_way_in() -> None:
    """A key, or user name and password."""
    with pytest.raises(ValidationError):
        list_kinds()["nomad"](base_url="https://nomad.example")


def test_blocks_pickle_without_a_client(filled: PolyreelCredentials) -> None:
    """A block is a value: nothing in it is open."""
    assert pickle.loads(pickle.dumps(filled)) == filled


def test_what_the_ui_offers_are_our_blocks_and_not_what_they_have_in_common() -> None:
    """Prefect's server registers whatever is in this registry: common bases stood in the UI's catalogue of blocks."""
    offered = {kind for kind in (get_registry_for_type(Block) or {}).values() if kind.__module__.startswith("blocks.")}
    assert offered == {getattr(blocks, name) for name in blocks.__all__}
