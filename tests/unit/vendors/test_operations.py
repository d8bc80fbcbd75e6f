"""A vendor's operations by their names: arguments from text, answers as JSON, purchases refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pydantic import TypeAdapter

from deployments.commands.vendor import vendor
from polyreel import vendors
from polyreel.errors import InvalidJob
from polyreel.vendors.nomad.models_edits import ClipAsset
from polyreel.vendors.operations import CLIENTS, Parameter, find_operation, list_operations, make_plain
from polyreel.vendors.tpstreams.models import Token, Trim


class Client:
    """Remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        async def method(**given: Any) -> Any:
            self.asked = given
            return Trim(end_time=3)

        return method


@pytest.mark.parametrize("name", list(CLIENTS))
def test_each_vendor_has_operations_with_a_summary(name: str) -> None:
    """One sentence each, and the endpoint behind it."""
    for each in list_operations(name).values():
        assert each.summary.endswith((".", ":"))
        assert each.endpoint.split()[0] in {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"}


async def test_arguments_are_read_as_what_they_are(tmp_path: Path) -> None:
    """Text, numbers, truth, files, lists and objects."""
    client = Client()
    await find_operation("nomad", "clip").call_on(
        client, {"asset_id": "a", "request": '{"startTimecode": "00:00:01;00", "title": "c"}'}
    )
    assert client.asked == {"asset_id": "a", "request": ClipAsset(start_timecode="00:00:01;00", title="c")}
    await find_operation("nomad", "add-to-queue").call_on(client, {"ids": '["1", "2"]', "download_proxy": "true"})
    assert client.asked == {"ids": ["1", "2"], "download_proxy": True}
    cover = tmp_path / "cover.jpg"
    cover.write_bytes(b"jpeg")
    await find_operation("tpstreams", "upload_thumbnail").call_on(client, {"asset_id": "7", "picture": str(cover)})
    assert client.asked == {"asset_id": "7", "picture": cover}
    answer = await find_operation("tpstreams", "trim").call_on(client, {"asset_id": "7", "trim": '{"end_time": 3}'})
    assert answer == {"start_time": None, "end_time": 3.0}


@pytest.mark.parametrize("name", ["", "missing.mp4", ".", "/dev/null"])
async def test_a_file_that_is_none_is_refused_before_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Missing, a folder, a device: one line that names the argument, for every operation that takes a file."""
    monkeypatch.chdir(tmp_path)
    taking = [
        (each, file)
        for vendor_name in CLIENTS
        for each in list_operations(vendor_name).values()
        for file in each.parameters
        if file.is_file
    ]
    assert len(taking) >= 3
    for operation, file in taking:
        given = {each.name: "{}" for each in operation.parameters if each.required and each is not file}
        client = Client()
        with pytest.raises(InvalidJob) as caught:
            await operation.call_on(client, {file.name: name, **given})
        assert caught.value.where == file.name
        assert client.asked == {}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "needs asset_id and trim"),
        ({"asset_id": "1", "trim": "{}", "colour": "red"}, "takes no colour"),
        ({"asset_id": "1", "trim": "{}"}, "start_time or end_time"),
        ({"asset_id": "1", "trim": "nonsense"}, "no trim"),
    ],
)
async def test_what_is_wrong_with_an_argument_is_said(given: dict[str, str], words: str) -> None:
    """Before anything is sent."""
    client = Client()
    with pytest.raises(InvalidJob, match=words):
        await find_operation("tpstreams", "trim").call_on(client, given)
    assert client.asked == {}


@pytest.mark.parametrize(
    ("whose", "name"), [("panjaya", "create_asset"), ("panjaya", "add_languages"), ("dubformer", "create_project")]
)
def test_dubs_are_bought_by_jobs_alone(whose: str, name: str) -> None:
    """By hand they could be bought twice."""
    with pytest.raises(InvalidJob, match="buys a dub"):
        find_operation(whose, name)


def test_every_vendor_with_endpoints_can_be_called_by_name() -> None:
    """A client that is in no list would have neither operations nor a row in the table of endpoints."""
    folder = Path(vendors.__file__).parent
    have = {path.parent.name for path in folder.glob("*/*.py") if "@endpoint(" in path.read_text("utf-8")}
    assert have == CLIENTS.keys()


def test_an_unknown_operation_or_vendor_says_what_there_is() -> None:
    """With the command that lists them."""
    with pytest.raises(InvalidJob) as caught:
        find_operation("tpstreams", "explode")
    assert "polyreel vendor tpstreams" in caught.value.remedy
    with pytest.raises(InvalidJob, match="acme"):
        list_operations("acme")


def test_tokens_are_never_shown() -> None:
    """Whatever they stand in."""
    assert make_plain([Token(token="s3cret")]) == [{"token": "********"}]
    assert make_plain({"cookies": {"a": "s3cret"}, "id": 1}) == {"cookies": "********", "id": 1}


def test_the_command_lists_and_asks_for_what_is_missing() -> None:
    """No server is needed for either."""
    runner = CliRunner()
    listed = json.loads(runner.invoke(vendor, ["tpstreams", "--json"]).stdout)
    assert {"name": "trim", "charged": False}.items() <= next(each for each in listed if each["name"] == "trim").items()
    nameless = runner.invoke(vendor, ["tpstreams", "get_asset", "--set", "asset_id=1"])
    assert nameless.exit_code == 2
    assert "--credentials" in nameless.stderr
    charged = runner.invoke(vendor, ["tpstreams", "generate_subtitle", "--credentials", "x", "--set", "asset_id=1"])
    assert charged.exit_code == 2
    assert "--charged" in charged.stderr


@pytest.mark.parametrize(
    ("kind", "text", "said", "remedy"),
    [
        (int, "many", "valid integer", "a whole number, such as 3"),
        (int | None, "1.5", "valid integer", "a whole number, such as 3"),
        (float, "soon", "valid number", "a number, such as 2.5"),
        (bool, "perhaps", "valid boolean", "true or false"),
        (Trim, "3", "valid dictionary", "written as JSON"),
        (list[int], "[1, ", "JSON", "written as JSON"),
        (Trim, '{"start_time": "soon"}', "start_time: Input should be a valid", "written as JSON"),
    ],
)
def test_a_wrong_value_is_told_what_kind_is_wanted(kind: Any, text: str, said: str, remedy: str) -> None:
    """A number that is none is no wrong JSON."""
    with pytest.raises(InvalidJob, match=said) as caught:
        Parameter("page", TypeAdapter(kind), is_file=False, required=True).read_text(text)
    assert remedy in caught.value.remedy
    assert ("JSON" in caught.value.message) == (said == "JSON")
