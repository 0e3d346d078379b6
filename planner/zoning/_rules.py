"""The rules by which the public area is cut into sectors."""

from __future__ import annotations

from dataclasses import dataclass

from planner.errors import RuleError
from planner.texts import Message

__all__ = ["CutRules"]


@dataclass(frozen=True, kw_only=True)
class CutRules:
    """How the public area is cut into sectors.

    Parameters
    ----------
    minimum, maximum
        Premises of a sector (lower bounds added up).  300 lines is what a concentration point
        serves at least where a remote connection is offered, 1 000 otherwise (ARCEP, decision
        2010-1312, article 3).
    target
        Premises of a sector on average; 464 is what 1 160 808 public premises make of some 2 500
        sectors.
    cell_premises
        Premises that the small cells from which sectors are assembled hold at most.
    directions
        Directions in which a cut is tried, evenly spread over a full turn.
    attempts
        Shortest cuts of which the connectedness is looked at before another way is taken.
    balance_share
        Difference to the average, as a share of it, at which the length of a cut counts double.
    single_bonus
        How many times longer a border counts if joining there makes one single sector.
    named_share
        Share of a sector's premises from which a second commune is in its name.
    centre_share
        A sector is called the centre of its commune when its premises are nearer to the bourg than
        this share of what the others are (median).
    islet_premises
        An islet with fewer premises than this is joined to the nearest sector of its commune
        instead of being a sector of its own: ten houses are not what an EPCI votes on.  1 joins
        empty islets only.
    overshoot_m
        Metres by which dividing lines reach over a boundary so that both are noded together.
    drift_m
        Metres within which a vertex left on a straight line by that noding is taken out again.
    """

    minimum: int = 300
    maximum: int = 1000
    target: int = 464
    cell_premises: int = 60
    directions: int = 16
    attempts: int = 8
    balance_share: float = 0.15
    single_bonus: float = 2.0
    named_share: float = 0.1
    centre_share: float = 0.5
    islet_premises: int = 10
    overshoot_m: float = 1e-3
    drift_m: float = 1e-3

    def __post_init__(self) -> None:
        """Refuse bounds that contradict each other."""
        if not 0 < self.minimum <= self.target <= self.maximum:
            values = {"minimum": self.minimum, "target": self.target, "maximum": self.maximum}
            raise RuleError(
                Message.of("zoning.sector_bounds", **values),
                Message.of("zoning.sector_bounds_remedy", **values),
            )

    def parts(self, premises: int) -> int:
        """Return into how many sectors so many premises are cut (halves are rounded up)."""
        count = max(1, (2 * premises + self.target) // (2 * self.target))
        while count > 1 and premises < count * self.minimum:
            count -= 1
        while premises > count * self.maximum:
            count += 1
        return count
