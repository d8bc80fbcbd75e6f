"""Two rows of tokens laid beside each other with the fewest changes (Levenshtein), and what each token met there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Alignment:
    """``met[i]``: the index of what stands at wanted token *i* (None: nothing does). ``extra``: what nobody wanted."""

    met: tuple[int | None, ...]
    extra: tuple[int, ...]
    errors: int


def align_tokens(wanted: Sequence[str], found: Sequence[str]) -> Alignment:
    """The cheapest way from one row to the other; a change, a loss and an extra token cost one each."""
    table = _fill_table(wanted, found)
    met: list[int | None] = [None] * len(wanted)
    extra: list[int] = []
    # Back from the end, a change before a loss or an extra token:
    # equally cheap ways then pair words that stand for each other.
    row, column = len(wanted), len(found)
    while row or column:
        here = table[row, column]
        if row and column and here == table[row - 1, column - 1] + (wanted[row - 1] != found[column - 1]):
            row, column = row - 1, column - 1
            met[row] = column
        elif row and here == table[row - 1, column] + 1:
            row -= 1
        else:
            column -= 1
            extra.append(column)
    return Alignment(tuple(met), tuple(reversed(extra)), int(table[-1, -1]))


def find_best_ends(wanted: Sequence[str], found: Sequence[str]) -> tuple[NDArray[np.int32], list[int]]:
    """The places in ``found`` where a stretch ends that is nearest to ``wanted``, and the table to trace it back."""
    table = _fill_table(wanted, found, anywhere=True)
    return table, np.flatnonzero(table[-1] == table[-1].min()).tolist()


def trace_back(
    table: NDArray[np.int32], wanted: Sequence[str], found: Sequence[str], end: int
) -> list[tuple[int, int]]:
    """The equal tokens of ``wanted`` and of the stretch of ``found`` that ends at ``end``: their places, in order."""
    pairs: list[tuple[int, int]] = []
    row, column = len(wanted), end
    while row and column:
        here, same = table[row, column], wanted[row - 1] == found[column - 1]
        if here == table[row - 1, column - 1] + (not same):
            row, column = row - 1, column - 1
            if same:
                pairs.append((row, column))
        elif here == table[row - 1, column] + 1:
            row -= 1
        else:
            column -= 1
    return pairs[::-1]


def _fill_table(wanted: Sequence[str], found: Sequence[str], *, anywhere: bool = False) -> NDArray[np.int32]:
    # Numbers in place of words, so that numpy compares a whole row at once.
    ids = {token: number for number, token in enumerate(dict.fromkeys([*wanted, *found]))}
    columns = np.array([ids[token] for token in found], dtype=np.int32)
    steps = np.arange(len(found) + 1, dtype=np.int32)
    table = np.zeros((len(wanted) + 1, len(found) + 1), dtype=np.int32)
    # Where a stretch may begin anywhere, what is before it costs nothing.
    table[0] = 0 if anywhere else steps
    for row, token in enumerate(wanted, 1):
        above = table[row - 1]
        best = np.empty_like(above)
        best[0] = row
        best[1:] = np.minimum(above[:-1] + (columns != ids[token]), above[1:] + 1)
        # An extra token costs one more than its neighbour on the left: a running minimum.
        table[row] = np.minimum.accumulate(best - steps) + steps
    return table
