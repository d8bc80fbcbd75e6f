"""Several things that are wrong, told at once: who mends one and starts again should not meet the next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from polyreel.errors import InvalidJob, PolyreelError


class Faults:
    """What was found wrong so far. The same thing, found twice, is told once."""

    def __init__(self) -> None:
        self._found: dict[str, PolyreelError] = {}

    @contextmanager
    def gather(self) -> Iterator[None]:
        """Go on behind the block though it fails: what it raises is told later. A defect is not kept."""
        try:
            yield
        except PolyreelError as error:
            self.add(error)

    def add(self, *errors: PolyreelError) -> None:
        """Tell these too, and what they were joined with."""
        for error in errors:
            for each in error.each():
                self._found.setdefault(each.describe(), each)

    def __bool__(self) -> bool:
        return bool(self._found)

    def require_none(self) -> None:
        """Raise what was found, as one error."""
        if self._found:
            raise join_errors(*self._found.values())


def join_errors(*errors: PolyreelError) -> PolyreelError:
    """The first error, with the others behind it. One that makes the job invalid comes first, for the exit code."""
    first, *others = sorted(errors, key=lambda error: not isinstance(error, InvalidJob))
    first.others = tuple(others)
    return first
