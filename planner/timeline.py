"""What stood on a day: the last dated change of each key, up to that day included.

Premises have dated states and sectors dated stages; both are read the same way.  Keys are matched
once (:class:`Timeline`), after which every further day costs a few milliseconds a million changes.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

from planner.vocab import Term

__all__ = ["Timeline", "codes_on", "is_among", "term_codes"]

_NONE: Final = -1
# A change is ordered by day, then by code: the code, made positive, fills the lowest byte.
_CODE_BITS: Final = 8
_CODE_SHIFT: Final = 128


def _arrow(values: pd.Series | pd.Index | NDArray[Any]) -> Any:  # noqa: ANN401 (pyarrow has no types)
    array = pa.array(values, from_pandas=True)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _text(array: Any) -> Any:  # noqa: ANN401 (pyarrow has no types)
    if pa.types.is_dictionary(array.type):
        return array.dictionary_decode().cast(pa.large_string())
    return array.cast(pa.large_string())


def _positions(values: Any, value_set: Any) -> NDArray[np.int64]:  # noqa: ANN401 (same)
    found = pc.index_in(values, value_set=value_set, skip_nulls=True)
    positions: NDArray[np.int64] = pc.fill_null(found, _NONE).to_numpy().astype(np.int64)
    return positions


def is_among(values: pd.Series, keys: pd.Series) -> NDArray[np.bool_]:
    """Tell which values are among some keys, millions of them in a second.

    Parameters
    ----------
    values, keys
        Text or category; an absent value is among nothing.

    Returns
    -------
    array of bool

    Examples
    --------
    >>> is_among(pd.Series(["a", None, "b"]), pd.Series(["b", "c"])).tolist()
    [False, False, True]
    """
    known = pc.is_in(_text(_arrow(values)), value_set=_text(_arrow(keys)), skip_nulls=True)
    flags: NDArray[np.bool_] = known.to_numpy(zero_copy_only=False)
    return flags


def term_codes(values: pd.Series, terms: type[Term]) -> NDArray[np.int8]:
    """Return the position of each code in the order of its vocabulary.

    Parameters
    ----------
    values
        Codes of ``terms``, text or category.
    terms
        The vocabulary.

    Returns
    -------
    array of int8
        Position in ``terms.codes()``; -1 where the value is absent or is no code of ``terms``.

    Examples
    --------
    >>> from planner.vocab import SectorStage
    >>> term_codes(pd.Series(["open", None, "study"]), SectorStage).tolist()
    [2, -1, 0]
    """
    codes = pd.Index(terms.codes())
    if isinstance(values.dtype, pd.CategoricalDtype):
        place = np.append(codes.get_indexer(values.cat.categories.astype(object)), _NONE)
        return place[values.cat.codes.to_numpy()].astype(np.int8)
    return _positions(_text(_arrow(values)), pa.array(terms.codes(), pa.large_string())).astype(
        np.int8
    )


@dataclass(frozen=True, eq=False)
class Timeline:
    """Dated changes matched with their keys, to be asked for any day.

    Parameters
    ----------
    groups
        For each key, the number of its group of changes, -1 where it has none.
    change_groups, change_days, change_codes
        For each change its group, its day since 1970-01-01 and its code.
    groups_count
        Number of groups.
    unknown_count
        Number of keys that have changes but are not among those asked for.
    """

    groups: NDArray[np.int64]
    change_groups: NDArray[np.int64]
    change_days: NDArray[np.int64]
    change_codes: NDArray[np.int64]
    groups_count: int
    unknown_count: int

    @classmethod
    def of(
        cls,
        keys: pd.Series,
        changes_keys: pd.Series,
        changes_on: pd.Series,
        changes_codes: ArrayLike,
    ) -> Self:
        """Match changes with keys.

        Parameters
        ----------
        keys
            The keys to answer for, text or category; a key may come twice.
        changes_keys, changes_on, changes_codes
            Key, day and code (int8) of each change, in any order.  A change without a day is
            never in force.
        """
        days = changes_on.to_numpy(dtype="datetime64[D]")
        dated = ~np.isnat(days)
        encoded = _arrow(changes_keys)
        if not pa.types.is_dictionary(encoded.type):
            encoded = pc.dictionary_encode(encoded)
        known = _text(encoded.dictionary)
        groups = _positions(_text(_arrow(keys)), known)
        of_change = pc.fill_null(encoded.indices, _NONE).to_numpy().astype(np.int64)
        dated &= of_change >= 0
        used = np.zeros(len(known) + 1, dtype=bool)
        used[of_change[dated]] = True
        asked = np.zeros(len(known) + 1, dtype=bool)
        asked[groups] = True
        codes = np.asarray(changes_codes, dtype=np.int8).astype(np.int64)
        return cls(
            groups=groups,
            change_groups=of_change[dated],
            change_days=days[dated].astype(np.int64),
            change_codes=codes[dated],
            groups_count=len(known),
            unknown_count=int(np.count_nonzero(used[:-1] & ~asked[:-1])),
        )

    def codes_on(self, on: dt.date) -> NDArray[np.int8]:
        """Return the code of each key on a day, -1 where no change came yet.

        Two changes of one key on one day break the contracts; the later code of the vocabulary
        then wins, whatever the order of the rows.
        """
        day = np.datetime64(on, "D").astype(np.int64)
        past = self.change_days <= day
        last = np.full(self.groups_count + 1, np.iinfo(np.int64).min)
        ordered = (self.change_days[past] << _CODE_BITS) | (self.change_codes[past] + _CODE_SHIFT)
        np.maximum.at(last, self.change_groups[past], ordered)
        none = last == np.iinfo(np.int64).min
        codes = (last & ((1 << _CODE_BITS) - 1)) - _CODE_SHIFT
        codes[none] = _NONE
        return codes.astype(np.int8)[self.groups]


def codes_on(
    keys: pd.Series,
    changes_keys: pd.Series,
    changes_on: pd.Series,
    changes_codes: ArrayLike,
    *,
    on: dt.date,
) -> NDArray[np.int8]:
    """Return the code of each key on a day: that of its last change up to that day included.

    Parameters
    ----------
    keys
        The keys to answer for, text or category.
    changes_keys, changes_on, changes_codes
        Key, day and code (int8) of each change, in any order.
    on
        The day.

    Returns
    -------
    array of int8
        One code a key, in the order of ``keys``; -1 where no change came yet.

    Examples
    --------
    >>> codes_on(
    ...     pd.Series(["a", "b", "c"]),
    ...     pd.Series(["b", "a", "a"]),
    ...     pd.to_datetime(pd.Series(["2018-01-01", "2019-01-01", "2017-01-01"])),
    ...     [3, 4, 1],
    ...     on=dt.date(2018, 6, 30),
    ... ).tolist()
    [1, 3, -1]
    """
    return Timeline.of(keys, changes_keys, changes_on, changes_codes).codes_on(on)
