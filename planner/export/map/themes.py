"""The table of themes: what each one is called, needs and paints.

A theme of the map is one row of :data:`TABLE`: the function that lays it on the territory, and
returns None where the data have nothing to say of it.  A new theme is a new row.  The map that
compares two plans has a table of its own, :data:`COMPARED`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from planner.export.follow_palettes import COMPLETENESS_THEME, SLIPPAGE_THEME, TAKE_UP_THEME
from planner.export.map.changes import change_classes, shift_classes
from planner.export.map.data import MapData, records
from planner.export.map.topology import Topology
from planner.export.palettes import (
    AXE3_THEME,
    BALLOT_THEME,
    CHANGE_THEME,
    COST_THEME,
    NETWORK_THEME,
    PHASE_BEFORE_THEME,
    RANK_THEME,
    SHIFT_THEME,
    STATE_THEME,
    class_above,
    year_theme,
)
from planner.export.style import (
    COVERAGE_THEME,
    PHASE_THEME,
    Theme,
    coverage_class,
    phase_class,
)
from planner.follow_vocab import ClockVerdict
from planner.vocab import Decision, Eligibility, Level, Phase, PremiseState, RegulatoryZone, Wish

__all__ = ["COMPARED", "TABLE", "Painted", "paint"]


@dataclass(frozen=True, kw_only=True)
class Painted:
    """A theme laid on the territory.

    Parameters
    ----------
    theme
        The theme.
    sectors, communes
        Class of each area, in the order of the tables; a face is painted as its sector, or as its
        commune where it has none.  ``sectors`` is empty when the theme paints communes only.
    dated
        ``area`` when the classes of the areas follow the date; ``works``: what isn't built at the
        date is shown pale; ``never``: the date changes nothing.
    by_state
        Whether premises are painted by their state instead of their area's class.
    """

    theme: Theme
    sectors: list[int]
    communes: list[int]
    dated: str = "works"
    by_state: bool = False

    def faces(self, topology: Topology) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return the class of each face of a topology; -1 outside the communes and sectors."""
        commune = topology.labels["commune"]
        classes = np.append(np.array(self.communes, dtype=np.int64), -1)[commune]
        if self.sectors and "sector" in topology.labels:
            sector = topology.labels["sector"]
            of_sector = np.append(np.array(self.sectors, dtype=np.int64), -1)[sector]
            classes = np.where(sector >= 0, of_sector, classes)
        painted: np.ndarray[Any, np.dtype[np.int64]] = classes
        return painted


def paint(data: MapData) -> tuple[Painted, ...]:
    """Lay the themes that the data allow on the territory, the first one shown at first."""
    table = TABLE if data.change is None else COMPARED
    laid = [painted for lay in table if (painted := lay(data)) is not None]
    return tuple(laid) or (_rates(data),)


def _private(data: MapData) -> list[bool]:
    return [zone != RegulatoryZone.PUBLIC.value for zone in data.communes["regulatory_zone"]]


def _beside(data: MapData, theme: Theme) -> list[int]:
    """Return the class of each commune's ground without a sector."""
    private, unknown = theme.position(Phase.PRIVATE.value), theme.position("unknown")
    return [private if is_private else unknown for is_private in _private(data)]


def _phase(data: MapData) -> Painted | None:
    if data.sectors.empty:
        return None
    phases = dict(zip(data.programme["sector_id"], data.programme["phase"], strict=True))
    return Painted(
        theme=PHASE_THEME,
        sectors=[phase_class(phases.get(key)) for key in data.sectors["sector_id"]],
        communes=[phase_class(Phase.PRIVATE.value if p else None) for p in _private(data)],
    )


def _year(data: MapData) -> Painted | None:
    if data.sectors.empty or data.schedule.empty:
        return None
    years = dict(zip(data.schedule["sector_id"], data.schedule["year"].astype(int), strict=True))
    theme = year_theme(sorted(set(years.values())))
    states = data.coverage_of(Level.SECTOR)

    def position(key: str) -> int:
        if key in years:
            return theme.position(str(years[key]))
        opened = states.get(key, {}).get("stage_open_count")
        return theme.position("open" if opened else "unknown")

    return Painted(
        theme=theme,
        sectors=[position(key) for key in data.sectors["sector_id"]],
        communes=_beside(data, theme),
    )


def _coverage(data: MapData) -> Painted | None:
    return _rates(data) if data.coverage_of(Level.COMMUNE) else None


def _rates(data: MapData) -> Painted:
    rates = data.coverage_of(Level.COMMUNE)
    known = [rates.get(code, {}).get("coverage_rate") for code in data.communes["insee"]]
    return Painted(
        theme=COVERAGE_THEME,
        sectors=[],
        communes=[coverage_class(rate) for rate in known],
        dated="area",
        by_state=True,
    )


def _state(data: MapData) -> Painted | None:
    if data.layer is None:
        return None

    def most(row: Any) -> int:  # noqa: ANN401 (a row of coverage)
        counts = {s.value: row.get(f"{s.value}_count") or 0 for s in PremiseState} if row else {}
        best = max(counts, key=lambda key: counts[key], default="unknown")
        stateless = (row or {}).get("stateless_count") or 0
        known = bool(counts) and counts[best] > 0 and counts[best] >= stateless
        return STATE_THEME.position(best if known else "unknown")

    by_sector, by_commune = data.coverage_of(Level.SECTOR), data.coverage_of(Level.COMMUNE)
    return Painted(
        theme=STATE_THEME,
        sectors=[most(by_sector.get(key)) for key in data.sectors["sector_id"]],
        communes=[most(by_commune.get(code)) for code in data.communes["insee"]],
        by_state=True,
    )


def _cost(data: MapData) -> Painted | None:
    if data.sectors.empty or data.costs.empty:
        return None
    costs = dict(zip(data.costs["sector_id"], data.costs["unit_cost_cents"], strict=True))
    return Painted(
        theme=COST_THEME,
        sectors=[class_above(COST_THEME, costs.get(key)) for key in data.sectors["sector_id"]],
        communes=_beside(data, COST_THEME),
    )


def _network(data: MapData) -> Painted | None:
    if data.sectors.empty or data.network_sectors.empty:
        return None
    rows = {row["sector_id"]: row["cents_per_line"] for row in records(data.network_sectors)}
    return Painted(
        theme=NETWORK_THEME,
        sectors=[class_above(NETWORK_THEME, rows.get(key)) for key in data.sectors["sector_id"]],
        communes=_beside(data, NETWORK_THEME),
        dated="never",
    )


def _rank(data: MapData) -> Painted | None:
    if data.programme.empty or not data.programme["rank"].notna().any():
        return None
    rows = {row["sector_id"]: row for row in records(data.programme)}
    named = {
        Decision.REQUIRED.value: Wish.REQUIRED.value,
        Decision.REFUSED.value: Wish.REFUSED.value,
        Decision.PHASE_1.value: "phase_1",
    }

    def position(key: str) -> int:
        row = rows.get(key)
        if row is None:
            return RANK_THEME.position("unknown")
        if row["decision"] in named:
            return RANK_THEME.position(named[row["decision"]])
        return class_above(RANK_THEME, row["rank"])

    return Painted(
        theme=RANK_THEME,
        sectors=[position(key) for key in data.sectors["sector_id"]],
        communes=_beside(data, RANK_THEME),
    )


def _ballot(data: MapData) -> Painted | None:
    if data.balances.empty or data.programme.empty:
        return None
    states = dict(zip(data.balances["epci_siren"], data.balances["deliberation"], strict=True))
    decider = dict(zip(data.programme["sector_id"], data.programme["epci_siren"], strict=True))

    def position(key: str) -> int:
        state = states.get(decider.get(key))
        return BALLOT_THEME.position(state if isinstance(state, str) else "unknown")

    return Painted(
        theme=BALLOT_THEME,
        sectors=[position(key) for key in data.sectors["sector_id"]],
        communes=_beside(data, BALLOT_THEME),
    )


def _axe3(data: MapData) -> Painted | None:
    if data.axe3_sites.empty:
        return None
    counts: dict[str, int] = {}
    for row in records(data.axe3_sites):
        eligible = row["eligibility"] == Eligibility.ELIGIBLE.value
        counts[row["insee"]] = counts.get(row["insee"], 0) + eligible
    return Painted(
        theme=AXE3_THEME,
        sectors=[],
        communes=[class_above(AXE3_THEME, counts.get(code)) for code in data.communes["insee"]],
        dated="never",
        by_state=True,
    )


def _change(data: MapData) -> Painted | None:
    if data.sectors.empty:
        return None
    return Painted(
        theme=CHANGE_THEME, sectors=change_classes(data), communes=_beside(data, CHANGE_THEME)
    )


def _shift(data: MapData) -> Painted | None:
    if data.sectors.empty or data.schedule.empty:
        return None
    return Painted(
        theme=SHIFT_THEME, sectors=shift_classes(data), communes=_beside(data, SHIFT_THEME)
    )


def _phase_before(data: MapData) -> Painted | None:
    after = _phase(data)
    if data.change is None or after is None:
        return None
    first = data.change.programme
    phases = dict(zip(first["sector_id"], first["phase"], strict=True))
    classes = [phase_class(phases.get(key)) for key in data.sectors["sector_id"]]
    return replace(after, theme=PHASE_BEFORE_THEME, sectors=classes)


def _followed(data: MapData, theme: Theme, column: str) -> Painted | None:
    """Lay a number or a code of each sector that is followed, where any is known."""
    frame = data.sector_follow_up
    if frame.empty or not frame[column].notna().any():
        return None
    known = {row["sector_id"]: row[column] for row in records(frame)}

    def position(key: str) -> int:
        value = known.get(key)
        if isinstance(value, str):
            return theme.position("unclocked" if value == ClockVerdict.UNKNOWN.value else value)
        return class_above(theme, value)

    return Painted(
        theme=theme,
        sectors=[position(key) for key in data.sectors["sector_id"]],
        communes=_beside(data, theme),
        dated="never",
    )


def _slippage(data: MapData) -> Painted | None:
    return _followed(data, SLIPPAGE_THEME, "late_quarters")


def _take_up(data: MapData) -> Painted | None:
    return _followed(data, TAKE_UP_THEME, "take_up_share")


def _completeness(data: MapData) -> Painted | None:
    return _followed(data, COMPLETENESS_THEME, "verdict")


TABLE: Final[tuple[Callable[[MapData], Painted | None], ...]] = (
    _phase, _year, _coverage, _state, _cost, _network, _rank, _ballot, _axe3, _slippage, _take_up,
    _completeness,
)  # fmt: skip
"""The themes in the order of the choice."""
COMPARED: Final[tuple[Callable[[MapData], Painted | None], ...]] = (
    _change, _shift, _phase_before, _phase, _year, _cost,
)  # fmt: skip
"""Those of a map that compares two plans."""
