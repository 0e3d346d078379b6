"""Premises counted by cell: a cell is a pair (commune, sector) that some premise lies in.

Every level is a sum of whole cells, and the phase of a premise depends on its cell only.  So one
``bincount`` over cell × state answers for all levels, phases and states at once.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.errors import ContractError
from planner.territory import Territory
from planner.texts import Message
from planner.timeline import Timeline, term_codes
from planner.vocab import PremiseState, SectorStage

__all__ = ["Cells", "CoverageCounter", "texts_at"]

_STATE_SLOTS: Final = len(PremiseState) + 1  # slot 0 is for stateless premises
# Above this many pairs a table of all pairs costs more memory than sorting those that exist.
_DENSE_PAIRS: Final = 50_000_000


@dataclass(frozen=True, eq=False)
class Cells:
    """The pairs (commune, sector) that premises lie in, sorted by commune then sector.

    Parameters
    ----------
    insee
        Code that the premises carry; None where they carry none.
    commune
        Row in the communes sorted by code; -1 where the territory doesn't know the commune.
    sector
        Row in the sectors sorted by id; -1 outside every sector.
    premises_min, premises_max
        Premises, lower and upper bound; the upper one counts known bounds only.
    unlimited
        Whether some premise of the cell has no upper bound.
    """

    insee: NDArray[np.object_]
    commune: NDArray[np.int64]
    sector: NDArray[np.int64]
    premises_min: NDArray[np.int64]
    premises_max: NDArray[np.int64]
    unlimited: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.commune)


def texts_at(texts: NDArray[np.object_], rows: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return the text of each row, None for row -1."""
    ended = np.empty(texts.size + 1, dtype=object)  # its last item is None
    ended[:-1] = texts
    return ended[rows]


def _sorted_codes(values: pd.Series) -> tuple[NDArray[np.int64], pd.Index]:
    """Return the code of each value in the sorted distinct values (-1 if absent), and those."""
    if not isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype("category")
    categories = pd.Index(values.cat.categories.astype(object))
    order = np.argsort(categories.to_numpy(), kind="stable")
    rank = np.full(len(categories) + 1, -1, dtype=np.int64)
    rank[order] = np.arange(len(categories))
    return rank[values.cat.codes.to_numpy()], categories[order]


def _distinct(
    pairs: NDArray[np.int64], pairs_count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the sorted distinct numbers, and for each number its place among them."""
    if pairs_count > _DENSE_PAIRS:
        found, places = np.unique(pairs, return_inverse=True)
        return found, places.astype(np.int64)
    seen = np.zeros(pairs_count, dtype=bool)
    seen[pairs] = True
    distinct = np.flatnonzero(seen)
    place = np.empty(pairs_count, dtype=np.int64)
    place[distinct] = np.arange(distinct.size)
    return distinct, place[pairs]


def _weighed(
    labels: NDArray[np.int64], weights: NDArray[np.float64] | None, length: int
) -> NDArray[np.int64]:
    # Sums of whole numbers stay exact in float64 up to 2**53.
    counted = np.bincount(labels, weights=weights, minlength=length)
    return counted.astype(np.int64)


def _sector_rows(
    territory: Territory, sector_ids: NDArray[np.object_]
) -> tuple[NDArray[np.int64], bool]:
    """Return the row of each premise's sector, and whether the territory is zoned."""
    premises = territory.premises
    if "sector_id" not in premises.columns or not sector_ids.size:
        return np.full(len(premises), -1, dtype=np.int64), False
    codes, ids = _sorted_codes(premises["sector_id"])
    rows = pd.Index(sector_ids).get_indexer(ids)
    used = np.bincount(codes[codes >= 0], minlength=len(ids)) > 0
    stale = ids[used & (rows < 0)]
    if len(stale):
        raise ContractError(
            Message.of("coverage.stale_sectors", count=len(stale), sector=stale[0]),
            Message.of("coverage.stale_sectors_remedy"),
        )
    return np.append(rows, -1)[codes].astype(np.int64), True


@dataclass(frozen=True, eq=False)
class CoverageCounter:
    """Premises labelled once, to be counted again and again.

    Labelling reads the commune and the sector of each premise; after it, a count of other states
    is one ``bincount`` (:meth:`count`), and a measure on another day reads no text again.

    Parameters
    ----------
    territory
        What was labelled.
    cells
        The pairs (commune, sector) that its premises lie in.
    zoned
        Whether its premises know their sector.
    communes, sector_ids
        Sorted keys that the cells refer to.
    """

    territory: Territory
    cells: Cells
    zoned: bool
    communes: NDArray[np.object_]
    sector_ids: NDArray[np.object_]
    _slots: NDArray[np.int64]
    _weights: NDArray[np.float64] | None
    _states: Timeline | None
    _stages: Timeline | None

    @classmethod
    def of(cls, territory: Territory) -> Self:
        """Label the premises of a territory.

        Raises
        ------
        MissingLayerError
            When there are no communes or no premises.
        ContractError
            When premises name a sector that the territory doesn't have.
        """
        territory.require("communes", "premises")
        premises = territory.premises
        communes = np.sort(territory.communes["insee"].to_numpy(dtype=object))
        sector_ids = np.sort(territory.sectors["sector_id"].to_numpy(dtype=object))
        sectors, zoned = _sector_rows(territory, sector_ids)
        insee, codes = _sorted_codes(premises["insee"])
        width = len(sector_ids) + 1
        pairs, labels = _distinct((insee + 1) * width + sectors + 1, (len(codes) + 1) * width)
        of_code = pairs // width - 1
        minimum = premises["premises_min"].to_numpy(dtype=np.int64)
        weights = None if (minimum == 1).all() else minimum.astype(np.float64)
        maximum = premises["premises_max"]
        unlimited = maximum.isna().to_numpy(dtype=bool)
        upper = maximum.to_numpy(dtype=np.float64, na_value=0.0)
        cells = Cells(
            insee=texts_at(codes.to_numpy(dtype=object), of_code),
            commune=np.append(pd.Index(communes).get_indexer(codes), -1)[of_code],
            sector=pairs % width - 1,
            premises_min=_weighed(labels, weights, pairs.size),
            premises_max=_weighed(labels, upper, pairs.size),
            unlimited=_weighed(labels[unlimited], None, pairs.size) > 0,
        )
        return cls(
            territory=territory,
            cells=cells,
            zoned=zoned,
            communes=communes,
            sector_ids=sector_ids,
            _slots=labels * _STATE_SLOTS + 1,
            _weights=weights,
            _states=_state_timeline(territory),
            _stages=_stage_timeline(territory, sector_ids) if zoned else None,
        )

    def with_state_changes(self, state_changes: pd.DataFrame) -> CoverageCounter:
        """Return a counter of the same premises with other changes of state."""
        territory = self.territory.with_tables(state_changes=state_changes)
        return replace(self, territory=territory, _states=_state_timeline(territory))

    @property
    def labels(self) -> NDArray[np.int64]:
        """Cell of each premise, in the order of the premises."""
        return self._slots // _STATE_SLOTS

    @property
    def unknown_premises_count(self) -> int:
        """Premises that have changes of state but are not in the territory."""
        return 0 if self._states is None else self._states.unknown_count

    def states_on(self, on: dt.date) -> NDArray[np.int8] | None:
        """Return the state of each premise on a day; None when no state is known at all.

        Codes are positions in :class:`planner.vocab.PremiseState`, -1 for stateless.
        """
        return None if self._states is None else self._states.codes_on(on)

    def stages_on(self, on: dt.date) -> NDArray[np.int8] | None:
        """Return the stage of each sector on a day; None when no stage is known at all."""
        return None if self._stages is None else self._stages.codes_on(on)

    def count(self, states: NDArray[np.int8]) -> NDArray[np.int64]:
        """Count premises (lower bound) by cell and state.

        Parameters
        ----------
        states
            State of each premise, in the order of the premises: position in
            :class:`planner.vocab.PremiseState`, -1 for stateless.

        Returns
        -------
        array of int64, cells × (1 + states)
            Column 0 is stateless, then the states in their order.

        Raises
        ------
        ContractError
            When there is not one state a premise, or a code is out of range.
        """
        wrong = states.shape != self._slots.shape
        if wrong or states.min() < -1 or states.max() >= len(PremiseState):
            raise ContractError(
                Message.of("coverage.bad_states", found=states.size, expected=self._slots.size),
                Message.of("coverage.bad_states_remedy", last=len(PremiseState) - 1),
            )
        size = len(self.cells) * _STATE_SLOTS
        counted = _weighed(self._slots + states, self._weights, size)
        return counted.reshape(len(self.cells), _STATE_SLOTS)


def _state_timeline(territory: Territory) -> Timeline | None:
    changes = territory.state_changes
    if changes.empty:
        return None
    codes = term_codes(changes["state"], PremiseState)
    return Timeline.of(
        territory.premises["premise_id"], changes["premise_id"], changes["on"], codes
    )


def _stage_timeline(territory: Territory, sector_ids: NDArray[np.object_]) -> Timeline | None:
    changes = territory.stage_changes
    if changes.empty:
        return None
    codes = term_codes(changes["stage"], SectorStage)
    return Timeline.of(pd.Series(sector_ids), changes["sector_id"], changes["on"], codes)
