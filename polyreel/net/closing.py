"""What is open as long as a block lasts."""

from __future__ import annotations

from abc import abstractmethod
from types import TracebackType
from typing import Self


class ClosesAfterBlock:
    """An async context manager that gives itself, and is closed at the block's end, whatever ended it."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    @abstractmethod
    async def aclose(self) -> None:
        """Give back what is held. May be called again."""
