"""What deliveries to libraries have in common: languages side by side, bytes counted, subtitles as WebVTT."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from polyreel.delivery.port import Access, Delivered, Item, Parcel, Progress
from polyreel.outcome import Problem
from polyreel.store.local import path_of
from polyreel.subtitles.convert import read_file, write_bytes
from polyreel.subtitles.formats.registry import can_be_read, format_of_file
from polyreel.subtitles.model import Track
from polyreel.vendors.errors import CallError, RateLimited

AT_ONCE = 3
"""Languages that are brought to a library at the same time."""
TEXTS = ("subtitles", "captions", "bilingual", "forced")
"""The roles of a language's files of text."""
WHOLE_TEXTS = ("subtitles", "captions", "bilingual")
MOST_STARTS = 3
"""How often something is begun anew that the library lost, or whose form ran out."""


@dataclass
class Brought:
    """What came of one language, or of one file."""

    ids: dict[str, str] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    passing: list[CallError] = field(default_factory=list)
    """Refusals that are noted and may be over in a moment, such as too many calls: worth another try."""


class Gauge:
    """How much of a parcel's bytes is there: each file tells its own share, in any order."""

    def __init__(self, parcel: Parcel, on_progress: Progress | None) -> None:
        self._total = max(1, sum(item.stored_file.bytes for item in parcel.items))
        self._report = on_progress
        self._done: dict[str, int] = {}

    def report_for(self, item: Item) -> Callable[[int, int], None]:
        """What an upload of this file is to call: bytes gone out, of how many."""

        def report_bytes(done: int, total: int) -> None:
            self._done[item.path] = item.stored_file.bytes * done // max(1, total)
            if self._report:
                self._report(min(1.0, sum(self._done.values()) / self._total))

        return report_bytes

    def finish_item(self, item: Item) -> None:
        """This file is there."""
        self.report_for(item)(1, 1)


async def bring_languages(
    parcel: Parcel, bring: Callable[[str], Awaitable[Brought]], location: str, access: Access, room: str
) -> Delivered:
    """Bring every language of a parcel; one that fails stops no other, and is named. Raises where none could be.

    ``room`` is the id of what holds them there: another run that brings the same language there waits for this one.
    """
    places = asyncio.Semaphore(AT_ONCE)

    async def bring_one(locale: str) -> Brought:
        async with places:
            return await access.run_alone(f"{room}/{parcel.name}.{locale}", lambda: bring(locale))

    # Libraries take films: of a language that has other files only there is nothing to bring.
    locales = [locale for locale in parcel.list_locales() if parcel.items_of(locale, "video")]
    results = await asyncio.gather(*(bring_one(locale) for locale in locales), return_exceptions=True)
    failures = {locale: each for locale, each in zip(locales, results, strict=True) if isinstance(each, BaseException)}
    for each in failures.values():
        # Cancelling is no failure of a language; and where nothing is there, the first reason is the place's.
        if not isinstance(each, Exception) or len(failures) == len(locales):
            raise each
    brought_languages = [each for each in results if isinstance(each, Brought)]
    passing = [each for each in failures.values() if isinstance(each, CallError) and each.transient]
    passing += [each for brought in brought_languages for each in brought.passing]
    return Delivered(
        location=location,
        written=tuple(path for each in brought_languages for path in each.written),
        kept=tuple(path for each in brought_languages for path in each.kept),
        ids={name: value for each in brought_languages for name, value in each.ids.items()},
        urls={name: value for each in brought_languages for name, value in each.urls.items()},
        notes=tuple(dict.fromkeys(note for each in brought_languages for note in each.notes)),
        problems={locale: Problem.of(each) for locale, each in failures.items()},
        may_pass=bool(passing),
        is_busy=are_refused_as_busy((*passing, *failures.values())),
        retry_after=find_longest_wish(passing),
    )


def are_refused_as_busy(failures: Iterable[BaseException]) -> bool:
    """Whether a place only had too many calls, whatever failed there."""
    return all(isinstance(each, RateLimited) for each in failures)


def find_longest_wish(failures: Iterable[CallError]) -> float:
    """Seconds that a place asks to be left alone, at most; 0 where it does not say."""
    return max((each.retry_after or 0.0 for each in failures), default=0.0)


def video_of(parcel: Parcel, locale: str) -> Item:
    """A language's film."""
    return next(iter(parcel.items_of(locale, "video")))


def texts_of(parcel: Parcel, locale: str) -> tuple[Item, ...]:
    """All of a language's files of text, the subtitles first."""
    return tuple(item for role in TEXTS for item in parcel.items_of(locale, role))


def whole_texts_of(parcel: Parcel, locale: str) -> tuple[Item, ...]:
    """The files that hold all that is said: subtitles, else captions, else both languages; forced lines do not."""
    return next((found for role in WHOLE_TEXTS if (found := parcel.items_of(locale, role))), ())


def describe_left_out(parcel: Parcel, locale: str, place: str) -> list[str]:
    """What a place that has one text per language does not get, for people."""
    taken = {item.role for item in whole_texts_of(parcel, locale)}
    left = [role for role in TEXTS if role not in taken and parcel.items_of(locale, role)]
    if not left:
        return []
    return [f"{place} has one text per language: {', '.join(left)} in {locale} stay out there."]


def track_of(parcel: Parcel, locale: str) -> Track | None:
    """A language's text, from whichever of its files holds it whole; None where it has none."""
    # WebVTT first, which holds the most.
    files = sorted(whole_texts_of(parcel, locale), key=lambda item: not item.path.endswith(".vtt"))
    readable = next((item for item in files if can_be_read(item.path)), None)
    return read_file(path_of(readable.stored_file)).track if readable else None


async def webvtt_of(parcel: Parcel) -> dict[str, bytes]:
    """Every language's text as WebVTT, made where only other formats were asked for."""
    return {
        locale: text
        for locale in parcel.list_locales()
        if (text := await asyncio.to_thread(_read_webvtt, parcel, locale))
    }


def _read_webvtt(parcel: Parcel, locale: str) -> bytes:
    own = next((item for item in whole_texts_of(parcel, locale) if item.path.endswith(".vtt")), None)
    if own is not None:
        return path_of(own.stored_file).read_bytes()
    track = track_of(parcel, locale)
    return write_bytes(track, "vtt", locale=locale)[0] if track else b""


def hash_bytes(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def file_name(item: Item) -> str:
    """A file's own name: ``narrated.es-ES.mp4``."""
    return Path(item.path).name


def format_name(item: Item) -> str:
    """A file's format, as jobs name it: five of them end in ``.ttml``."""
    known = format_of_file(item.path)
    return known.name if known else item.path.rpartition(".")[2]
