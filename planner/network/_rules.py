"""The rules by which a network is designed, each with its unit and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from planner.errors import RuleError
from planner.network._result import Effort
from planner.texts import Message

__all__ = ["DesignRules"]

_WHOLE: Final = (
    "pm_lines", "pm_lines_remote", "cabinet_lines", "nro_lines", "pbo_lines",
    "lines_per_feeder_fibre", "pm_candidates",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class DesignRules:
    """How a network is designed.

    The legal ones come from ARCEP's decision 2010-1312, article 3; the others are choices of an
    engineer, given here as examples to be replaced by those of the study.

    Parameters
    ----------
    spacing_m
        Most metres between two places of a way where a PBO may stand; None: only at the ends of
        ways, as on a synthetic support.
    on_demand_m
        Length of a drop from which a premise is "raccordable sur demande", metres.
    pm_lines, pm_lines_remote
        Least lines of a PM, without and with an offer of remote connection (ARCEP: 1 000, 300).
    cabinet_lines
        Most lines of a cabinet: as many stand at a PM as its lines need, beyond what an existing
        site holds already.
    nro_lines
        Most lines of an NRO; an existing one holds what it is known to.
    loop_m
        Longest way from an NRO to its PM, along the network, metres: what is left of the optical
        budget is for the distribution.
    line_m
        Longest way from an NRO to a branching point, along the network, metres: what is longer is
        flagged.
    pbo_lines
        Most lines of a PBO.
    spare_share
        Fibres laid beyond those asked for, as a share of them.
    lines_per_feeder_fibre
        Lines of a PM for each fibre of its feeder.
    pm_candidates
        Places near the middle of a sector among which its PM is sited.
    site_reach_m
        How far an existing site may stand from the ways, metres.
    effort
        How much work a tree is worth (:class:`planner.network.Effort`).
    """

    spacing_m: float | None = 30.0
    on_demand_m: float = 100.0
    pm_lines: int = 1000
    pm_lines_remote: int = 300
    cabinet_lines: int = 1000
    nro_lines: int = 20_000
    loop_m: float = 12_000.0
    line_m: float = 20_000.0
    pbo_lines: int = 8
    spare_share: float = 0.2
    lines_per_feeder_fibre: int = 16
    pm_candidates: int = 12
    site_reach_m: float = 200.0
    effort: Effort = Effort.QUICK

    def __post_init__(self) -> None:
        """Refuse rules that no design can keep."""
        wrong = [name for name in _WHOLE if getattr(self, name) < 1]
        wrong += [
            name
            for name in ("on_demand_m", "loop_m", "line_m", "spare_share", "site_reach_m")
            if not getattr(self, name) >= 0
        ]
        if self.spacing_m is not None and not self.spacing_m > 0:
            wrong.append("spacing_m")
        if wrong:
            raise RuleError(
                Message.of("design.rules", which=", ".join(wrong)),
                Message.of("design.rules_remedy"),
            )
