"""Lists in pages, whichever way the vendor turns them: a next link, page numbers, or an offset."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from polyreel.vendors.calls import Call, Reply
from polyreel.vendors.errors import Invalid, Malformed, NotFound
from polyreel.vendors.models import fold_word

Turn = str | Mapping[str, Any]
Fetch = Callable[[Turn], Awaitable[Any]]
_LISTS = ("results", "items", "assets", "data", "projects", "objects", "records")
_LAST = ("pages", "totalpages", "pagecount", "lastpage")
# Next links that lead round in a circle have to end somewhere.
MOST_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: its rows, and what the vendor says about its place."""

    rows: list[Any]
    about: Mapping[str, Any]

    @classmethod
    def of_answer(cls, answer: Any) -> Page:
        """Find the rows in whatever wrapping they came."""
        if isinstance(answer, list):
            return cls(answer, {})
        if not isinstance(answer, dict):
            return cls([], {})
        about = {fold_word(str(key)): value for key, value in answer.items()}
        for nested in ("pagination", "meta", "paging"):
            if isinstance(about.get(nested), dict):
                about |= {fold_word(str(key)): value for key, value in about[nested].items()}
        rows: list[Any] = next((about[name] for name in _LISTS if isinstance(about.get(name), list)), [])
        return cls(rows, about)

    def find_number(self, *names: str) -> int | None:
        """The first of these that is a number."""
        return next((value for name in names if isinstance(value := self.about.get(name), int)), None)

    def list_turns(self, page: int, seen: int) -> list[Turn]:
        """The requests that may give the next page, the likeliest first; none at the end."""
        if self._is_last(page, seen):
            return []
        link = self.about.get("next") or self.about.get("nextpage") or self.about.get("nexturl")
        if isinstance(link, str) and link:
            return [link]
        by_page: Turn = {"page": page + 1, **self._ask_for_size("page_size", "pagesize", "size", "perpage")}
        by_offset: Turn = {"offset": seen, **self._ask_for_size("limit", "limit")}
        if self.find_number("page", "currentpage", *_LAST) is not None:
            return [by_page]
        if self.find_number("offset", "limit", "skip") is not None:
            return [by_offset]
        # Panjaya shows no parameters for its pages (WIRE.md): both
        # usual ways are tried, and a wrong one brings nothing new.
        return [by_page, by_offset]

    def _is_last(self, page: int, seen: int) -> bool:
        total, last = self.find_number("total", "count", "totalcount", "totalitems"), self.find_number(*_LAST)
        told = "next" in self.about and not self.about["next"]
        return not self.rows or told or (total is not None and seen >= total) or (last is not None and page >= last)

    def _ask_for_size(self, send: str, *names: str) -> dict[str, int]:
        size = self.find_number(*names)
        return {send: size} if size else {}


def read_page(reply: Reply) -> Any:
    """The body of one page, to be sorted by `all_rows`. Raises `Malformed` where it holds no list at all.

    Who looks whether something was bought must not read nonsense as "nothing is there", and buy it again.
    """
    body = reply.json()
    about = {fold_word(str(key)): value for key, value in body.items()} if isinstance(body, dict) else {}
    # Null is how some serialisers write a list of nothing.
    wrapped = any(name in about and isinstance(about[name], list | None) for name in _LISTS)
    if isinstance(body, list) or wrapped:
        return body
    raise Malformed("The answer holds no list.", facts=reply.facts)


def make_page_call(operation: str, path: str, turn: Turn, follow: Callable[[str, str], str]) -> Call:
    """The call for a page of the list at `path`; `follow` says where a link in its answer leads."""
    if isinstance(turn, str):
        return Call(operation, "GET", follow(path, turn))
    return Call(operation, "GET", path, params=turn or None)


async def all_rows(fetch: Fetch, key: Callable[[Any], Any]) -> AsyncIterator[Any]:
    """Every row once, page after page. `fetch` takes a next link, or query parameters; `key` tells rows apart.

    A vendor that ignores a guessed parameter gives the same rows again: what brings nothing new is the end.
    """
    seen: set[Any] = set()
    page = Page.of_answer(await fetch({}))
    for number in range(1, MOST_PAGES):
        for row in _select_new(page, key, seen):
            yield row
        following = await _fetch_next(fetch, page.list_turns(number, len(seen)), key, seen)
        if following is None:
            return
        page = following


def _select_new(page: Page, key: Callable[[Any], Any], seen: set[Any]) -> list[Any]:
    # Rows move from page to page while a list is read; by their keys each comes once.
    fresh = [row for row in page.rows if key(row) not in seen]
    seen.update(key(row) for row in fresh)
    return fresh


async def _fetch_next(fetch: Fetch, turns: list[Turn], key: Callable[[Any], Any], seen: set[Any]) -> Page | None:
    for turn in turns:
        try:
            page = Page.of_answer(await fetch(turn))
        except (Invalid, NotFound):
            # A page past the last one; some vendors say so with an error.
            continue
        if any(key(row) not in seen for row in page.rows):
            return page
    return None


def name_row(row: Any, *names: str) -> Any:
    """What tells a row from the others: the first of these fields that it has, or all of it where it has none."""
    found = next((row[name] for name in names if row.get(name)), None) if isinstance(row, dict) else None
    return repr(row) if found is None else found
