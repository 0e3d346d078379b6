"""What both stores of the register share: rows, steps, fingerprints and the transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from planner.schemas import contract
from planner.vocab import RequestEvent

__all__ = ["FOLLOWS", "Added", "fingerprint", "quoted", "rolled", "rows_of"]

_E = RequestEvent
FOLLOWS: Final[Mapping[RequestEvent, tuple[RequestEvent, ...]]] = {
    _E.RECEIVED: (_E.ACCEPTED, _E.REFUSED, _E.WITHDRAWN),
    _E.REFUSED: (_E.ACCEPTED, _E.WITHDRAWN),
    _E.ACCEPTED: (_E.FUNDED, _E.WORKS, _E.REFUSED, _E.WITHDRAWN),
    _E.FUNDED: (_E.FUNDED, _E.WORKS, _E.REFUSED, _E.WITHDRAWN),
    _E.WORKS: (_E.FUNDED, _E.IN_SERVICE, _E.WITHDRAWN),
    _E.IN_SERVICE: (_E.FUNDED,),
    _E.WITHDRAWN: (),
    _E.ERASED: (),
}
"""What may be written after what; assessments and corrections come between without changing it."""


@dataclass(frozen=True, kw_only=True)
class Added:
    """What became of the requests handed in.

    Parameters
    ----------
    new
        Written now.
    known
        There already, word for word: nothing is done twice.
    different
        There already with another content: what is there stays, the journal too.
    erased
        Erased by request: they don't come back.
    """

    new: tuple[str, ...]
    known: tuple[str, ...]
    different: tuple[str, ...]
    erased: tuple[str, ...]


def quoted(columns: Sequence[str]) -> str:
    """Return names of columns as SQL takes them."""
    return ", ".join(f'"{name}"' for name in columns)  # "on" is a word of SQL


def rows_of(name: str, frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Return the rows as both stores take them, sorted by key."""
    table = contract(name)
    return [
        tuple(
            _cell(value, column.type) for value, column in zip(row, table.columns, strict=True)
        )
        for row in table.select(frame).astype("object").itertuples(index=False, name=None)
    ]  # fmt: skip


def _cell(value: Any, kind: str) -> Any:  # noqa: ANN401 (a cell)
    if pd.isna(value):
        return None
    if kind == "date":
        return pd.Timestamp(value).date().isoformat()
    if kind in {"int", "bool"}:
        return int(value)
    return float(value) if kind == "float" else str(value)


@contextmanager
def rolled(
    begin: Callable[[], object], commit: Callable[[], object], undo: Callable[[], object]
) -> Iterator[None]:
    """Begin, then commit, or undo what failed."""
    begin()
    try:
        yield
    except BaseException:
        undo()
        raise
    commit()


def fingerprint(before: str, row: Sequence[Any]) -> str:
    """Return the SHA-256 of the fingerprint before and of an event."""
    cells = ("" if cell is None else str(cell) for cell in row)
    return hashlib.sha256("\x1f".join([before, *cells]).encode()).hexdigest()
