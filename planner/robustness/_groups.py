"""Who is compared when a programme is called fair: groups, and the lines served in each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from planner.choice import ChoiceProblem
from planner.vocab import AreaKind

__all__ = ["Groups", "groups_by_actor", "groups_by_area"]


@dataclass(frozen=True, kw_only=True)
class Groups:
    """Who is compared, in lines.

    Parameters
    ----------
    names
        The groups.
    totals, before
        Lines of each group, and those served whatever is chosen.
    lines
        Lines that each candidate serves in each group, shape (groups, candidates).
    """

    names: tuple[str, ...]
    totals: tuple[int, ...]
    before: tuple[int, ...]
    lines: npt.NDArray[np.int64]

    def worst(self, chosen: npt.NDArray[np.bool_]) -> tuple[Fraction, str]:
        """Return the smallest share served and its group, the first name of several."""
        served = self.lines[:, chosen].sum(axis=1).tolist()
        return min(
            (Fraction(before + more, total), name)
            for name, total, before, more in zip(
                self.names, self.totals, self.before, served, strict=True
            )
            if total > 0
        )

    def without(self, names: frozenset[str]) -> Groups:
        """Return the other groups."""
        kept = [g for g, name in enumerate(self.names) if name not in names]
        return replace(
            self, names=tuple(self.names[g] for g in kept),
            totals=tuple(self.totals[g] for g in kept),
            before=tuple(self.before[g] for g in kept), lines=self.lines[kept],
        )  # fmt: skip

    def served(self, chosen: npt.NDArray[np.bool_]) -> dict[str, int]:
        """Return the lines that ``chosen`` serves in each group, beside those served before."""
        lines: list[int] = self.lines[:, chosen].sum(axis=1).tolist()
        return dict(zip(self.names, lines, strict=True))

    def least(self, share: Fraction, *, more: bool) -> dict[str, int]:
        """Return the lines that serve ``share`` of each group, or more than it.

        Groups without lines have no share, and ask for nothing.
        """
        return {
            name: (share * total).__floor__() + 1 - before
            if more
            else (share * total).__ceil__() - before
            for name, total, before in zip(self.names, self.totals, self.before, strict=True)
            if total > 0
        }

    def share(self, name: str, lines: int) -> Fraction:
        """Return the share of a group that is served by so many lines beside those before."""
        at = self.names.index(name)
        return Fraction(self.before[at] + lines, self.totals[at])


def groups_by_actor(
    problem: ChoiceProblem,
    *,
    totals: Mapping[str, int] | None = None,
    before: Mapping[str, int] | None = None,
    cents_per_line: Mapping[str, int] | None = None,
) -> Groups:
    """Compare the EPCI (each by its share of every sector).

    Parameters
    ----------
    problem
        The question.
    totals
        Actor to its public lines; by default those of its candidates.
    before
        Actor to the lines served whatever is chosen; by default none.
    cents_per_line
        Actor to the price of a line, for envelopes in cents.
    """
    lines = np.zeros((len(problem.actors), problem.candidates_count), dtype=np.int64)
    np.add.at(lines, (problem.share_actor, problem.share_candidate), problem.share_need)
    for g, actor in enumerate(problem.actors):
        lines[g] //= (cents_per_line or {}).get(actor, 1)
    sums = lines.sum(axis=1).tolist()
    return Groups(
        names=problem.actors,
        totals=tuple((totals or {}).get(a, s) for a, s in zip(problem.actors, sums, strict=True)),
        before=tuple((before or {}).get(actor, 0) for actor in problem.actors),
        lines=lines,
    )


def groups_by_area(problem: ChoiceProblem) -> Groups:
    """Compare town and countryside, over the candidates (parity)."""
    lines = np.stack(
        [np.where(problem.rural, problem.lines, 0), np.where(problem.rural, 0, problem.lines)]
    )
    return Groups(
        names=(AreaKind.RURAL.value, AreaKind.URBAN.value),
        totals=tuple(lines.sum(axis=1).tolist()),
        before=(0, 0),
        lines=lines,
    )
