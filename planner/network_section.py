"""How the network is designed: the ``network`` section of a scenario."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from planner.schedule_settings import Frozen

__all__ = ["NetworkSection"]


class NetworkSection(Frozen):
    """What ``--network`` designs with: an engineer's rules, but for ARCEP's two thresholds."""

    prices: str | None = Field(None, title="File of prices, contract works_prices; none: examples")
    ratios: str | None = Field(
        None, title="File of ratios of poles, contract works_ratios; none: examples"
    )
    funding_keys: str | None = Field(
        None, title="File of funding keys, contract funding_keys; none: examples"
    )
    on_demand_m: float = Field(100.0, ge=0, title="Drop from which a premise is on demand, metres")
    pm_lines: int = Field(1000, ge=1, title="Least lines of a PM without remote connection (ARCEP)")
    pm_lines_remote: int = Field(300, ge=1, title="Least lines of a PM that offers it (ARCEP)")
    cabinet_lines: int = Field(
        1000, ge=1, title="Most lines of a cabinet: a PM has as many as it needs"
    )
    nro_lines: int = Field(20_000, ge=1, title="Most lines of an NRO")
    loop_m: float = Field(12_000.0, ge=0, title="Longest way from an NRO to its PM, metres")
    line_m: float = Field(
        20_000.0,
        ge=0,
        title="Way from an NRO to a branching point beyond which it is flagged, metres",
    )
    pbo_lines: int = Field(8, ge=1, title="Most lines of a PBO")
    spare_share: float = Field(0.2, ge=0, title="Fibres laid beyond those asked for, as a share")
    lines_per_feeder_fibre: int = Field(
        16, ge=1, title="Lines of a PM for each fibre of its feeder"
    )
    pm_candidates: int = Field(12, ge=1, title="Places among which a PM is sited")
    site_reach_m: float = Field(200.0, ge=0, title="Farthest an existing site may stand, metres")
    effort: Literal["quick", "normal", "thorough"] = Field(
        "quick", title="Work that a tree is worth; from normal on its gap is stated"
    )

    def rules(self) -> dict[str, Any]:
        """Return the rules of the design, by the names that :mod:`planner.network` gives them."""
        return self.model_dump(exclude={"prices", "ratios", "funding_keys"})
