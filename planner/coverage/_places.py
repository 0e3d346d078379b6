"""What the communes, the sectors and the programme say of each cell: who serves it, and when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.coverage._cells import CoverageCounter
from planner.errors import ContractError
from planner.schemas import contract
from planner.texts import Message
from planner.timeline import term_codes
from planner.vocab import Phase, RegulatoryZone

__all__ = ["PHASES", "UNASSIGNED", "CellPlaces"]

PHASES: Final = tuple(Phase)
UNASSIGNED: Final = -1
_PRIVATE: Final = PHASES.index(Phase.PRIVATE)
_PHASE_1: Final = PHASES.index(Phase.PHASE_1)
_PHASE_2: Final = PHASES.index(Phase.PHASE_2)
_PHASE_3: Final = PHASES.index(Phase.PHASE_3)


@dataclass(frozen=True, eq=False)
class CellPlaces:
    """Phase and tranche of each cell.

    Parameters
    ----------
    phase
        Position in :data:`PHASES`, -1 for unassigned.
    tranche
        Tranche of phase 1, 0 elsewhere.
    phase_2_known
        Whether phase 2 has been decided: by a programme, or by the zones.
    """

    phase: NDArray[np.int64]
    tranche: NDArray[np.int64]
    phase_2_known: bool

    @classmethod
    def of(cls, counter: CoverageCounter, programme: pd.DataFrame | None) -> Self:
        """Find who serves each cell.

        A cell is private where its commune is; elsewhere it has the phase of its sector, and is
        unassigned outside every sector.

        Raises
        ------
        ContractError
            When the programme names unknown sectors, or forgets some with public premises.
        """
        cells = counter.cells
        communes = counter.territory.communes.set_index("insee")["regulatory_zone"].sort_index()
        zoned_private = (communes != RegulatoryZone.PUBLIC.value).to_numpy(dtype=bool)
        private = np.append(zoned_private, False)[cells.commune]
        rows = (
            _rows_of_zones(counter)
            if programme is None
            else _rows_of_programme(counter, programme, public=~private)
        )
        of_sector = term_codes(rows["phase"], Phase).astype(np.int64)
        if programme is None:
            of_sector[of_sector < 0] = _PHASE_3  # who is left, until a programme says more
        tranche_of_sector = (
            pd.to_numeric(rows["tranche"]).to_numpy(dtype=np.float64, na_value=0.0).astype(np.int64)
        )
        phase = np.append(of_sector, UNASSIGNED)[cells.sector]
        phase[private] = _PRIVATE
        tranche = np.append(tranche_of_sector, 0)[cells.sector]
        tranche[phase != _PHASE_1] = 0
        phase_2_known = programme is not None or bool((of_sector == _PHASE_2).any())
        return cls(phase, tranche, phase_2_known)

    def phase_terms(self) -> NDArray[np.object_]:
        """Return the code of the phase of each cell, None for unassigned."""
        codes = np.array([*(phase.value for phase in PHASES), None], dtype=object)
        terms: NDArray[np.object_] = codes[self.phase]
        return terms


def _rows_of_zones(counter: CoverageCounter) -> pd.DataFrame:
    """Return the phase and tranche of each sector, in their order, as its zone says."""
    territory = counter.territory
    zones = territory.zones.set_index("zone_id")[["phase", "tranche"]]
    zone_of = territory.sectors.set_index("sector_id")["zone_id"].reindex(counter.sector_ids)
    return pd.DataFrame(zones.reindex(zone_of.to_numpy(dtype=object)))


def _rows_of_programme(
    counter: CoverageCounter, programme: pd.DataFrame, *, public: NDArray[np.bool_]
) -> pd.DataFrame:
    """Return the phase and tranche of each sector, in their order, as the programme says."""
    whole = contract("programme")
    used = tuple(whole.column(name) for name in ("sector_id", "phase", "tranche"))
    replace(whole, columns=used).check(programme)
    given = set(programme["sector_id"])
    cells = counter.cells
    counted = np.unique(cells.sector[public & (cells.sector >= 0) & (cells.premises_min > 0)])
    _refuse("coverage.programme_unknown", given - set(counter.sector_ids))
    _refuse("coverage.programme_missing", set(counter.sector_ids[counted]) - given)
    rows = programme.set_index(programme["sector_id"].astype(object))
    return rows[["phase", "tranche"]].reindex(counter.sector_ids)


def _refuse(problem: str, sectors: set[str]) -> None:
    if sectors:
        raise ContractError(
            Message.of(problem, count=len(sectors), sector=min(sectors)),
            Message.of("coverage.programme_remedy"),
        )
