"""Saving, listing and checking credentials on a real server."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from polyreel.errors import InvalidJob
from polyreel.packaging.provenance.signer import make_test_key

SECRET = "hush-hush-0815"


@pytest.fixture
def book(prefect_server: str) -> Iterator[Any]:
    """The functions under test, on the session's server."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from blocks import credentials

    with temporary_settings({PREFECT_API_URL: prefect_server}):
        yield credentials


async def test_what_is_saved_is_listed_with_its_secret_hidden(book: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when it came from the environment; saving again replaces."""
    monkeypatch.setenv("THE_KEY", SECRET)
    await book.save_credentials(
        "dubformer", "rehearsal", {"api_key": "old", "base_url": "http://127.0.0.1:9/dubformer"}
    )
    kept = await book.save_credentials("dubformer", "rehearsal", {"api_key": "env:THE_KEY", "calls_per_second": "4"})
    assert kept.fields["api_key"] == "********"
    # The server is shared: other tests save other vendors' accounts under the same name.
    listed = [each for each in await book.list_saved() if (each.vendor, each.name) == ("dubformer", "rehearsal")]
    assert [each.fields["calls_per_second"] for each in listed] == ["4.0"]
    assert SECRET not in repr(listed)
    block = await book.load_credentials("dubformer", "rehearsal")
    assert block.api_key.get_secret_value() == SECRET


async def test_a_key_that_does_not_fit_its_certificate_is_not_saved(book: Any) -> None:
    """Told while both files are at hand; a pair that fits is taken."""
    key, other = make_test_key(), make_test_key()
    with pytest.raises(InvalidJob) as caught:
        await book.save_credentials("signing", "mismatched", make_fields(key.certificates, other.private_key))
    assert caught.value.code == "key_certificate_mismatch"
    assert "mismatched" not in [each.name for each in await book.list_saved()]
    await book.save_credentials("signing", "mismatched", make_fields(key.certificates, key.private_key))
    assert (await book.check_credentials("signing", "mismatched")).ok


def make_fields(certificates: bytes, private_key: bytes) -> dict[str, str]:
    """A key and its chain as they are typed."""
    return {"certificates": certificates.decode(), "private_key": private_key.decode()}


async def test_a_check_says_what_goes_wrong(book: Any) -> None:
    """Nobody listens there: reported, not raised."""
    await book.save_credentials("panjaya", "nowhere", {"api_key": "x", "base_url": "http://127.0.0.1:9"})
    from polyreel.vendors.retry import waiting_off

    with waiting_off():
        report = await book.check_credentials("panjaya", "nowhere")
    assert not report.ok
    assert report.error["code"] == "vendor_unreachable"
    assert report.error["remedy"]


async def test_a_check_of_what_needs_no_call_says_what_it_may(book: Any) -> None:
    """Callback secrets are checked without asking anybody."""
    await book.save_credentials("callbacks", "ours", {"tpstreams_token": SECRET})
    report = await book.check_credentials("callbacks", "ours")
    assert report.ok
    assert report.may == ("may check callbacks of panjaya and tpstreams",)


@pytest.mark.parametrize(
    ("vendor", "name", "fields", "said"),
    [
        ("acme", "x", {}, "no credentials for 'acme'"),
        ("panjaya", "Not A Name", {"api_key": "x"}, "is no name"),
        ("panjaya", "x", {"apikey": "x"}, "no field 'apikey'"),
        ("panjaya", "x", {}, "api_key: Field required"),
        ("panjaya", "x", {"api_key": "env:NOT_SET_ANYWHERE"}, "NOT_SET_ANYWHERE is not set"),
        ("panjaya", "x", {"api_key": SECRET, "calls_at_once": "0"}, "calls_at_once"),
        ("callbacks", "x", {"panjaya_public_key": "nonsense"}, "not a P-256 public key"),
    ],
)
async def test_incomplete_credentials_are_refused(
    book: Any, vendor: str, name: str, fields: dict[str, str], said: str
) -> None:
    """With what is wrong, and never with a value."""
    with pytest.raises(InvalidJob) as caught:
        await book.save_credentials(vendor, name, fields)
    assert said in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("vendor", "fields"),
    [
        ("panjaya", "--set api_key=env:API_KEY"),
        ("signing", "--set certificates=env:CERTIFICATES --set private_key=env:PRIVATE_KEY"),
        ("webhook", "--set url=... --set signing_secret=env:SIGNING_SECRET"),
        ("tpstreams", "--set organization_id=... --set token=env:TOKEN"),
        ("nomad", "--set base_url=... --set api_key=env:API_KEY"),
    ],
)
async def test_unknown_credentials_say_how_to_save_them(book: Any, vendor: str, fields: str) -> None:
    """The command, ready to be typed, with what that vendor needs; secrets stand in variables, not in the command."""
    with pytest.raises(InvalidJob) as caught:
        await book.load_credentials(vendor, "never-saved")
    assert caught.value.code == "unknown_credentials"
    assert f"`polyreel credentials save {vendor} never-saved {fields}`" in caught.value.remedy


def test_the_command_line_saves_lists_and_checks(polyreel: Callable[..., Any]) -> None:
    """The real program, in a process of its own."""
    key = f"api_key={SECRET}"
    done = polyreel("credentials", "save", "dubformer", "cli", "--set", key, "--set", "base_url=http://127.0.0.1:9")
    assert (done.code, done.stdout) == (0, "Saved dubformer/cli.\n"), done.stderr
    listed = polyreel("credentials", "list", "--json")
    assert ("dubformer", "cli") in {(each["vendor"], each["name"]) for each in listed.json}
    refused = polyreel("credentials", "save", "dubformer", "cli", "--set", "nonsense")
    assert refused.code == 2
    unknown = polyreel("credentials", "check", "dubformer", "missing")
    assert unknown.code == 2
    assert SECRET not in json.dumps([done.stdout, done.stderr, listed.stdout, listed.stderr, unknown.stderr])


@pytest.mark.parametrize("vendor", ["panjaya", "dubformer", "tpstreams", "nomad", "videojungle", "s3", "deepl", "chat"])
def test_a_command_that_saves_credentials_names_every_field_that_is_needed(vendor: str) -> None:
    """And each of its ways in: what is typed after it is taken."""
    from blocks.credentials import kind_of, spell_save

    first, *others = spell_save(kind_of(vendor), "studio").split(", or with ")
    fields = re.findall(r"--set (\w+)=", first)
    instead = []
    for other in others:
        new, _, old = other.partition(" instead of ")
        instead.append([*set(fields) - set(re.findall(r"\w+", old)), *re.findall(r"--set (\w+)=", new)])
    for names in (fields, *instead):
        values = {name: "http://127.0.0.1:9" if name == "base_url" else "given" for name in names}
        assert kind_of(vendor)(**values).vendor == vendor


async def test_what_is_missing_is_told_at_once(book: Any) -> None:
    """The required fields, and that there must be a way in: not one after the other."""
    with pytest.raises(InvalidJob, match=r"organization_id.*token or username and password"):
        await book.save_credentials("tpstreams", "library", {"username": "ana"})


async def test_a_refused_key_says_the_whole_command_that_saves_another(book: Any) -> None:
    """With what was saved beside it, which saving replaces: but no secret, nor one inside an address."""
    from blocks.credentials import refusals_explained
    from polyreel.vendors.errors import Unauthorized

    address = f"http://127.0.0.1:9/tpstreams?{SECRET}"
    await book.save_credentials(
        "tpstreams", "library", {"organization_id": "o 1", "username": "ana", "password": SECRET, "base_url": address}
    )
    block = await book.load_credentials("tpstreams", "library")
    with pytest.raises(Unauthorized) as caught, refusals_explained(block, "library"):
        raise Unauthorized("401 no")
    said = caught.value.remedy
    assert "save tpstreams library --set organization_id='o 1' --set username=ana --set password=env:PASSWORD" in said
    assert "base_url='http://127.0.0.1:9/tpstreams?...'" in said
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("vendor", "fields"),
    [
        ("s3", {"access_key_id": "a", "secret_access_key": "", "bucket": "films"}),
        ("s3", {"access_key_id": "a", "secret_access_key": "b\nc", "bucket": "films"}),
        ("tpstreams", {"organization_id": "o", "token": "schl\u00fcssel"}),
        ("videojungle", {"api_key": "one\ntwo"}),
        ("dubformer", {"api_key": "  "}),
    ],
)
async def test_what_can_be_no_key_is_not_saved(book: Any, vendor: str, fields: dict[str, str]) -> None:
    """Said with the credentials' name and the command that saves them."""
    with pytest.raises(InvalidJob, match=f"{vendor} credentials odd: The key is empty or has characters") as caught:
        await book.save_credentials(vendor, "odd", fields)
    assert f"`polyreel credentials save {vendor} odd --set " in caught.value.remedy
    assert "odd" not in [each.name for each in await book.list_saved()]


async def test_what_a_paste_adds_around_a_key_is_not_kept(book: Any) -> None:
    """With it, the ledger would take the same account for another one, and buy again. A password keeps its blanks."""
    await book.save_credentials("dubformer", "pasted", {"api_key": f" {SECRET}\n"})
    await book.save_credentials("dubformer", "typed", {"api_key": SECRET})
    assert (await book.load_credentials("dubformer", "pasted")).account == (
        await book.load_credentials("dubformer", "typed")
    ).account
    await book.save_credentials(
        "nomad", "pasted", {"base_url": "http://127.0.0.1:9", "username": "ana", "password": " a b \n"}
    )
    assert (await book.load_credentials("nomad", "pasted")).password.get_secret_value() == " a b "


@pytest.mark.parametrize("vendor", ["panjaya", "dubformer", "videojungle", "nomad"])
def test_a_newline_that_a_form_kept_makes_no_other_account_of_a_key(book: Any, vendor: str) -> None:
    """Else the ledger would not know it again, and what was bought would be bought anew."""
    base = {"base_url": "http://127.0.0.1:1"}
    clean, pasted = (book.list_kinds()[vendor](api_key=key, **base).account for key in ("some-key", "some-key\r\n"))
    assert clean == pasted


async def test_a_block_that_the_api_saved_without_a_field_says_so(book: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prefect gives it back unchecked, its secrets as bare words."""
    kind = book.list_kinds()["nomad"]

    async def load_unchecked(_name: str, **_how: bool) -> Any:
        return kind.model_construct(api_key="some-key")

    monkeypatch.setattr(kind, "aload", load_unchecked)
    with pytest.raises(InvalidJob, match=r"'library' have no base_url. Save them again: ") as caught:
        await book.load_credentials("nomad", "library")
    assert "some-key" not in str(caught.value)


@pytest.mark.parametrize("vendor", ["panjaya", "dubformer", "videojungle"])
async def test_a_new_key_of_the_same_account_finds_what_the_old_one_bought(book: Any, vendor: str) -> None:
    """The ledger knows the account as before, from key to key; a key that is merely saved is another account."""
    there = {"base_url": "http://127.0.0.1:9/api"}
    await book.save_credentials(vendor, "turned", {"api_key": "old-key", **there})
    before = await book.find_account(vendor, "turned")
    for key in ("new-key", "newer-key"):
        await book.save_same_account(vendor, "turned", {"api_key": key, **there})
        block = await book.load_credentials(vendor, "turned")
        assert (block.account, block.api_key.get_secret_value()) == (before, key)
    await book.save_credentials(vendor, "turned", {"api_key": "new-key", **there})
    other = await book.find_account(vendor, "turned")
    assert other != before
    # What is said then helps.
    mend = re.search(r"--set known_as=(\w+)", book.explain_other_account(vendor, before, other))
    assert mend
    await book.save_credentials(vendor, "turned", {"api_key": "new-key", "known_as": mend[1], **there})
    assert await book.find_account(vendor, "turned") == before
    assert await book.find_account(vendor, "never-saved") == ""


async def test_an_account_is_kept_only_where_there_is_one_at_the_same_address(book: Any) -> None:
    """Another address is another account, and nothing saved is none; what is there stays as it was."""
    with pytest.raises(InvalidJob, match="no saved panjaya credentials"):
        await book.save_same_account("panjaya", "nobody-here", {"api_key": "k"})
    await book.save_credentials("panjaya", "moved", {"api_key": "old-key", "base_url": "http://127.0.0.1:9"})
    with pytest.raises(InvalidJob, match="another address is another account"):
        await book.save_same_account("panjaya", "moved", {"api_key": "k", "base_url": "http://127.0.0.1:10"})
    assert (await book.load_credentials("panjaya", "moved")).api_key.get_secret_value() == "old-key"


async def test_what_was_saved_in_part_is_saved_anew(book: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its account is none yet: nobody is warned, and nothing keeps the right ones out."""
    kind = book.list_kinds()["panjaya"]

    async def load_unchecked(_name: str, **_how: bool) -> Any:
        return kind.model_construct()

    monkeypatch.setattr(kind, "aload", load_unchecked)
    assert await book.find_account("panjaya", "partial") == ""
    with pytest.raises(InvalidJob, match="whose account could be kept"):
        await book.save_same_account("panjaya", "partial", {"api_key": "k"})


async def test_another_organisation_is_another_account(book: Any) -> None:
    """What lies in one library is not in the other's; a new token of the same one needs no word."""
    there = {"base_url": "http://127.0.0.1:9"}
    await book.save_credentials("tpstreams", "house", {"organization_id": "ours", "token": "old", **there})
    before = await book.find_account("tpstreams", "house")
    await book.save_same_account("tpstreams", "house", {"organization_id": "ours", "token": "new", **there})
    block = await book.load_credentials("tpstreams", "house")
    assert (block.account, block.known_as, block.token.get_secret_value()) == (before, None, "new")
    with pytest.raises(InvalidJob, match="another organisation's"):
        await book.save_same_account("tpstreams", "house", {"organization_id": "theirs", "token": "x", **there})
    assert await book.find_account("tpstreams", "house") == before


def test_a_word_that_keeps_an_account_is_said_only_where_it_would(book: Any) -> None:
    """At another address, or of another organisation, there is none to keep."""
    old, new, moved = "https://a.example#0a", "https://a.example#0b", "https://b.example#0b"
    assert "known_as=0a" in book.explain_other_account("panjaya", old, new)
    for vendor, after in (("panjaya", moved), ("tpstreams", new)):
        said = book.explain_other_account(vendor, old, after)
        assert "bought again" in said
        assert "known_as" not in said
    assert book.explain_other_account("panjaya", "", new) == book.explain_other_account("panjaya", old, old) == ""
