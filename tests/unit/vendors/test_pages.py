"""Lists: every row once, in any of the three ways to page."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from polyreel.vendors.calls import Reply
from polyreel.vendors.errors import Facts, Invalid, Malformed
from polyreel.vendors.pages import Page, Turn, all_rows, make_page_call, read_page
from polyreel.vendors.transport import Transport

ROWS = [{"id": number} for number in range(25)]


def _pages(turn: Turn) -> Any:
    page = int(turn["page"]) if isinstance(turn, dict) and "page" in turn else 1
    return {"items": ROWS[(page - 1) * 10 : page * 10], "page": page, "page_size": 10, "total": 25}


def _total_pages(turn: Turn) -> Any:
    answer = _pages(turn)
    return {"data": answer["items"], "pagination": {"currentPage": answer["page"], "totalPages": 3}}


def _offsets(turn: Turn) -> Any:
    offset = int(turn.get("offset", 0)) if isinstance(turn, dict) else 0
    return {"results": ROWS[offset : offset + 10], "limit": 10, "offset": offset}


def _links(turn: Turn) -> Any:
    start = int(turn.rpartition("=")[2]) if isinstance(turn, str) else 0
    following = f"https://vendor/assets?start={start + 10}" if start + 10 < 25 else None
    return {"assets": ROWS[start : start + 10], "next": following}


def _bare_pages(turn: Turn) -> Any:
    return _pages(turn)["items"]


def _bare_offsets(turn: Turn) -> Any:
    if isinstance(turn, dict) and "page" in turn:
        raise Invalid("unknown parameter: page")
    return _offsets(turn)["results"]


def _everything(_turn: Turn) -> Any:
    return ROWS


@pytest.mark.parametrize(
    "vendor",
    [_pages, _total_pages, _offsets, _links, _bare_pages, _bare_offsets, _everything],
    ids=lambda each: each.__name__,
)
async def test_every_row_comes_once_and_the_list_ends(vendor: Any) -> None:
    """Whichever way the vendor pages, and also when it ignores what it is asked."""

    async def fetch(turn: Turn) -> Any:
        return vendor(turn)

    rows = [row async for row in all_rows(fetch, lambda row: row["id"])]
    assert rows == ROWS


@pytest.mark.parametrize("answer", [[], {}, None, {"items": []}, {"results": [], "next": "https://vendor/x"}])
async def test_an_empty_list_is_empty(answer: Any) -> None:
    """Whatever its wrapping; and it is asked for once."""
    asked = []

    async def fetch(turn: Turn) -> Any:
        asked.append(turn)
        return answer

    assert [row async for row in all_rows(fetch, repr)] == []
    assert len(asked) == 1


def test_a_null_next_link_ends_the_list() -> None:
    """It says that there is no more, so nothing is guessed."""
    assert Page.of_answer({"results": [1], "next": None}).list_turns(1, 1) == []


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        ("https://host/gate/v1/assets/?page=2", "https://host/gate/v1/assets/?page=2"),
        ("/gate/v1/assets/?page=2", "https://host/gate/v1/assets/?page=2"),
        ("/v1/assets/?page=2", "https://host/gate/v1/assets/?page=2"),
        ("?page=2", "https://host/gate/v1/assets/?page=2"),
        ("//other/v1/assets/?page=2", "https://other/v1/assets/?page=2"),
    ],
)
def test_a_link_to_the_next_page_leads_where_the_vendor_means(link: str, leads: str) -> None:
    """Whole, from the root with and without the base's own path, or relative to the list."""
    transport = Transport("panjaya", "https://host/gate/")
    call = make_page_call("get assets", "/v1/assets/", link, transport.follow_link)
    assert str(transport.make_url(call)) == leads


@pytest.mark.parametrize(
    "body", [b"null", b'"hello"', b"7", b"{}", b'{"balance": 5}', b'{"items": 7}', b'{"items": {}}']
)
def test_an_answer_that_holds_no_list_is_not_an_empty_list(body: bytes) -> None:
    """Who looks whether a dub was bought would buy it once more."""
    with pytest.raises(Malformed, match="holds no list"):
        read_page(Reply(200, httpx.Headers(), body, Facts()))


@pytest.mark.parametrize("body", [b"[]", b"[1]", b'{"items": []}', b'{"Results": null}', b'{"data": [1], "total": 1}'])
def test_a_list_is_one_in_any_wrapping(body: bytes) -> None:
    assert read_page(Reply(200, httpx.Headers(), body, Facts())) == json.loads(body)
