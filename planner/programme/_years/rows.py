"""A question with years as rows of one integer programme, and what contiguity adds to it.

Beside whether a sector is open at the end of a year stands whether it opens in it: a ceiling of a
year is then a knapsack of what opens, which the solver knows how to tighten, and contiguity stays
a rule between a sector and the lines of neighbours that it is reached through.  These lines are
found where an answer, divided or whole, breaks them (:mod:`planner.programme._chains.separators`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import highspy
import numpy as np
import numpy.typing as npt

from planner.choice import Contiguity
from planner.dated import DatedProblem
from planner.programme._actors.blocks import Block, ColumnPool, Row, lighter
from planner.programme._actors.columns import Clock
from planner.programme._actors.master import new_solver, run_solver
from planner.programme._chains.cuts import reached_part
from planner.programme._chains.separators import Separators
from planner.programme._compact import CompactModel
from planner.programme._years.hulls import UNIT, Ceiling, Cut, Reach

__all__ = ["DatedRows", "Solved", "loaded"]

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_HALF = 0.5  # a whole column is at 0 or 1, give or take the solver's tolerance


class Solved:
    """What the solver told: an answer to the rows it knows, what none can pass, nodes it used."""

    def __init__(self, open_by: Flags | None, bound: int | None, nodes: int, *, none: bool) -> None:
        self.open_by, self.bound, self.nodes, self.infeasible = open_by, bound, nodes, none


class DatedRows:
    """The rows of a question, whatever the objective; lines once found are kept."""

    def __init__(self, problem: DatedProblem, base: Sequence[Block]) -> None:
        self.problem, self.base = problem, base
        self.whole = problem.whole
        self.years, self.count = len(problem.years), self.whole.candidates_count
        edges = self.whole.edges
        if self.whole.contiguity is Contiguity.WITHIN_EPCI:
            decider = self.whole.decider
            edges = edges[decider[edges[:, 0]] == decider[edges[:, 1]]]
        self.connected = self.whole.contiguity in {Contiguity.WITHIN_EPCI, Contiguity.ANY_EPCI}
        self.ground = replace(
            self.whole, edges=edges, edge_border_m=np.ones(len(edges), np.int64), objectives=()
        )
        self.refused = self.whole.refused.copy()  # those too large for an envelope among them
        for block in base:
            self.refused[block.members] |= np.array(block.ground.refused, bool)
        self.never = ~self._possible() & ~self.whole.required
        self.ground = replace(
            self.ground, edges=edges[~self.never[edges].any(axis=1)],
            edge_border_m=np.ones(int((~self.never[edges].any(axis=1)).sum()), np.int64),
        )  # fmt: skip
        self.separators = Separators(self.ground)
        self.lines: dict[tuple[str, int], tuple[int, Row]] = {}
        self.cuts: list[Cut] = []
        self.fixed: dict[int, Flags] = {}  # sectors whose years are settled
        counted = [
            one.edge_coefficients != 0
            for one in self.whole.objectives if one.edge_coefficients is not None
        ]  # fmt: skip
        self.pairs = np.flatnonzero(np.any(counted, axis=0)) if counted else np.zeros(0, np.int64)

    def _possible(self) -> Flags:
        """Return the sectors that some ceiling doesn't forbid and something may reach."""
        whole, problem = self.whole, self.problem
        fits = ~self.refused
        for limit in whole.limits:
            if limit.upper is not None and (limit.coefficients >= 0).all():
                fits &= limit.coefficients <= limit.upper
        some_year = np.zeros(self.count, bool)
        for year in problem.years:
            here = np.ones(self.count, bool)
            for one in problem.limits:
                if one.year == year and (one.coefficients >= 0).all():
                    here &= one.coefficients <= one.upper
            some_year |= here
        fits &= some_year
        for block in self.base:
            fits[block.members[block.weight > block.limit]] = False
        if self.connected:
            return reached_part(self.ground, fits)
        return fits

    @cached_property
    def parts(self) -> list[Ceiling | Reach]:
        """Return what is small enough for its whole choices to be told from divided ones."""
        parts: list[Ceiling | Reach] = []
        last = (self.years - 1) * self.count
        for limit in self.problem.limits:
            if (limit.coefficients >= 0).all() and limit.upper >= 0:
                columns = self.opening(self.problem.years.index(limit.year))
                parts.append(Ceiling(columns, limit.coefficients, limit.upper))
        for one in self.whole.limits:
            if one.upper is not None and one.upper >= 0 and (one.coefficients >= 0).all():
                columns = last + np.arange(self.count)
                parts.append(Ceiling(columns, one.coefficients, one.upper))
        pool = ColumnPool()
        for block in map(lighter, self.base):
            ground = replace(block.ground, required=(False,) * len(block.members))
            for year in range(self.years):
                own = ground if year < self.years - 1 else block.ground
                diagram = pool.diagram(own)
                if diagram is None:
                    continue
                columns = year * self.count + block.members
                parts.append(Reach(columns, block, diagram))
                for uses, most in self._by_then(year):
                    weight = uses[block.members]
                    if int(weight.sum()) > most:
                        under = replace(block, weight=weight, limit=most)
                        parts.append(Reach(columns, under, diagram))
        return parts

    def _by_then(self, year: int) -> list[tuple[Integers, int]]:
        """Return what the ceilings of the years up to one let be open at its end, in all."""
        found = []
        for name in dict.fromkeys(one.name for one in self.problem.limits):
            some = [
                one for one in self.problem.limits
                if one.name == name and one.year <= self.problem.years[year]
            ]  # fmt: skip
            uses = some[0].coefficients if some else np.full(self.count, -1)
            alike = all((one.coefficients == uses).all() for one in some)
            if len(some) == year + 1 and alike and (uses >= 0).all():
                found.append((uses, sum(one.upper for one in some)))
        return found

    # -- the rows

    def opening(self, year: int) -> Integers:
        """Return the columns of what opens in a year."""
        return max(0, year - 1) * self.count + (self.years * self.count if year else 0) + np.arange(
            self.count
        )  # fmt: skip

    def model(self, rows: Sequence[Row]) -> CompactModel:
        """State every rule, ``rows`` among them."""
        model = self._columns_alone()
        for year in range(1, self.years):
            for sector, column in enumerate(self.opening(year).tolist()):
                now = year * self.count + sector
                model.add([column, now, now - self.count], [1, -1, 1], 0, 0)
        for row in rows:
            self._add(model, row)
        self._add_envelopes(model)
        for block in self.base:
            for first, after in block.ground.before:
                self._add_open(model, block.members[[after, first]], np.array([1, -1]))
        self._add_pairs(model)
        if self.connected:
            self._add_neighbours(model)
        for year, row in self.lines.values():
            self._add_line(model, year, row)
        for cut in self.cuts:
            model.add(cut.columns, cut.values / UNIT, -math.inf, cut.upper / UNIT)
        return model

    def _add_envelopes(self, model: CompactModel) -> None:
        last = (self.years - 1) * self.count
        for sector in np.flatnonzero(self.refused & self.whole.required).tolist():
            model.add([last + sector], [1], -math.inf, 0)
        for block in self.base:
            if int(block.weight.sum()) > block.limit:
                model.add(last + block.members, block.weight, -math.inf, block.limit)

    def _add_pairs(self, model: CompactModel) -> None:
        last = (self.years - 1) * self.count
        for pair, column in model.pair_column.items():
            a, b = (last + self.whole.edges[pair]).tolist()
            model.add([column, a], [1, -1], -math.inf, 0)
            model.add([column, b], [1, -1], -math.inf, 0)
            model.add([a, b, column], [1, 1, -1], -math.inf, 1)

    def _columns_alone(self) -> CompactModel:
        """Return what may be open, what opens, and the pairs, with their bounds and no rule."""
        count, years = self.count, self.years
        first_pair = (2 * years - 1) * count
        columns = first_pair + len(self.pairs)
        lower, upper = np.zeros(columns), np.ones(columns)
        for year in range(years):
            upper[year * count + np.flatnonzero(self.never)] = 0
        lower[(years - 1) * count + np.flatnonzero(self.whole.required)] = 1
        for sector, open_in in self.fixed.items():
            places = np.arange(years) * count + sector
            lower[places] = upper[places] = open_in
        return CompactModel(
            columns=columns, lower_bounds=lower, upper_bounds=upper, integers=columns,
            pair_column={int(pair): first_pair + at for at, pair in enumerate(self.pairs)},
        )  # fmt: skip

    def _add_open(self, model: CompactModel, sectors: Integers, values: Integers) -> None:
        """Add a rule that no more than 0 holds at the end of every year."""
        for year in range(self.years):
            model.add(year * self.count + sectors, values, -math.inf, 0)

    def _add_neighbours(self, model: CompactModel) -> None:
        near: list[list[int]] = [[] for _ in range(self.count)]
        for a, b in self.ground.edges.tolist():
            near[a].append(b)
            near[b].append(a)
        for sector in np.flatnonzero(~self.ground.reached & ~self.never).tolist():
            own = np.array([sector, *near[sector]])
            self._add_open(model, own, np.where(own == sector, 1, -1))

    def _add_line(self, model: CompactModel, year: int, row: Row) -> None:
        where = np.flatnonzero(row.coefficients)
        model.add(year * self.count + where, row.coefficients[where], -math.inf, 0)

    def _add(self, model: CompactModel, row: Row) -> None:
        """Add a row, in what opens or in what is open: whichever is shorter."""
        is_open = row.coefficients.reshape(self.years, self.count)
        opens = np.cumsum(is_open[::-1], axis=0)[::-1]
        if np.count_nonzero(opens) < np.count_nonzero(is_open):
            columns = np.concatenate([self.opening(year) for year in range(self.years)])
            values = opens.ravel()
        else:
            columns, values = np.arange(self.years * self.count), is_open.ravel()
        where = np.flatnonzero(values)
        columns, values = columns[where], values[where]
        if row.pair_coefficients is not None:
            pairs = np.flatnonzero(row.pair_coefficients)
            place = np.array([model.pair_column[pair] for pair in pairs.tolist()], np.int64)
            columns = np.concatenate([columns, place])
            values = np.concatenate([values, row.pair_coefficients[pairs]])
        model.add(
            columns, values,
            -math.inf if row.lower is None else row.lower,
            math.inf if row.upper is None else row.upper,
        )  # fmt: skip

    def costs(self, model: CompactModel, objective: Row) -> Floats:
        """Return what each column is worth."""
        costs = np.zeros(model.columns)
        costs[: self.years * self.count] = objective.coefficients
        if objective.pair_coefficients is not None:
            for pair, column in model.pair_column.items():
                costs[column] = objective.pair_coefficients[pair]
        return costs

    # -- contiguity

    def broken(self, taken: Floats, *, every_year: bool) -> int:
        """Keep the lines that an answer breaks, shape (years, candidates); return how many.

        Parameters
        ----------
        taken
            How much of each sector is open at the end of each year.
        every_year
            Whether a line that is broken in a year is a rule of the others too.
        """
        if not self.connected:
            return 0
        before = len(self.lines)
        self.separators.forget()
        for year in range(self.years):
            for row in self.separators.broken(taken[year]):
                for one in range(self.years) if every_year else (year,):
                    self.lines.setdefault((row.name, one), (one, row))
        return len(self.lines) - before

    def reached(self, open_by: Flags) -> Flags:
        """Return the part of an answer that is reached, year by year."""
        if not self.connected:
            return open_by
        return np.array([reached_part(self.ground, year) for year in open_by])

    def allows(self, open_by: Flags, rows: Sequence[Row]) -> bool:
        """Whether an answer holds every rule, in whole numbers."""
        last = open_by[-1]
        if (open_by[:-1] & ~open_by[1:]).any() or (self.reached(open_by) != open_by).any():
            return False
        if (self.whole.required & ~last).any() or (self.refused & last).any():
            return False
        for block in self.base:
            if int(block.weight[last[block.members]].sum()) > block.limit:
                return False
            for first, after in block.ground.before:
                if (open_by[:, block.members[after]] & ~open_by[:, block.members[first]]).any():
                    return False
        for row in rows:
            value = self.worth(open_by, row)
            if (row.lower is not None and value < row.lower) or (
                row.upper is not None and value > row.upper
            ):
                return False
        return True

    def worth(self, open_by: Flags, row: Row) -> int:
        """Return what an answer is worth in a row."""
        value = int(row.coefficients[open_by.ravel()].sum())
        if row.pair_coefficients is not None and len(self.whole.edges):
            both = open_by[-1][self.whole.edges].all(axis=1)
            value += int(row.pair_coefficients[both].sum())
        return value

    # -- the solver

    def solve(
        self,
        objective: Row,
        rows: Sequence[Row],
        *,
        known: Flags | None,
        gap: int,
        nodes: int,
        clock: Clock,
        among: Sequence[Flags] = (),
    ) -> Solved:
        """Ask the solver for the best answer to the rows and lines that are known.

        Parameters
        ----------
        objective, rows
            What is made large, and what must hold.
        known
            An answer to begin with.
        gap
            What may be missed; 0 proves the optimum.
        nodes
            Of the search, at most.
        clock
            When to stop at the latest.
        among
            Answers in one of which at least each sector opens when it does; none: in any year.
        """
        model = self.model(rows)
        if among:
            self._settle(model, among)
        costs = self.costs(model, objective)
        solver = loaded(model, costs, whole=True)
        solver.setOptionValue("mip_abs_gap", max(gap, 0.9))
        solver.setOptionValue("mip_max_nodes", nodes)
        if clock.left < math.inf:
            solver.setOptionValue("time_limit", max(clock.left, 0.01))
        if known is not None:
            solution = highspy.HighsSolution()
            solution.col_value = self._values(model, known).tolist()
            solver.setSolution(solution)
            if not among and not len(self.pairs):  # annealing finds better than the solver's own
                solver.setOptionValue("mip_heuristic_effort", 0.0)
        status = run_solver(solver, whole=costs)
        info = solver.getInfo()
        used = max(0, int(info.mip_node_count))
        if status in {
            highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible,
        }:  # fmt: skip
            return Solved(None, None, used, none=True)
        bound: int | None = None
        if abs(info.mip_dual_bound) < highspy.kHighsInf:
            bound = math.floor(info.mip_dual_bound + 1e-6)
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return Solved(None, bound, used, none=False)
        found = np.array(solver.getSolution().col_value)[: self.years * self.count] > _HALF
        return Solved(found.reshape(self.years, -1), bound, used, none=False)

    def _settle(self, model: CompactModel, among: Sequence[Flags]) -> None:
        """Open each sector in a year in which one of some answers does, or never if one doesn't."""
        every = np.array(among)
        size, some, all_of = self.years * self.count, every.any(axis=0), every.all(axis=0)
        model.upper_bounds[:size] = np.minimum(model.upper_bounds[:size], some.ravel())
        model.lower_bounds[:size] = np.maximum(model.lower_bounds[:size], all_of.ravel())
        for year in range(1, self.years):
            columns = self.opening(year)
            opens = (every[:, year] & ~every[:, year - 1]).any(axis=0)
            model.upper_bounds[columns] = np.minimum(model.upper_bounds[columns], opens)

    def _values(self, model: CompactModel, open_by: Flags) -> Floats:
        values = np.zeros(model.columns)
        values[: open_by.size] = open_by.ravel()
        for year in range(1, self.years):
            values[self.opening(year)] = open_by[year] & ~open_by[year - 1]
        for pair, column in model.pair_column.items():
            values[column] = open_by[-1][self.whole.edges[pair]].all()
        return values


def loaded(model: CompactModel, costs: Floats, *, whole: bool) -> highspy.Highs:
    """Return a solver with a question, in whole numbers or not."""
    solver = new_solver(mip_rel_gap=0.0, mip_feasibility_tolerance=1e-9)
    solver.passModel(model.linear(costs, largest=True, whole=model.columns if whole else 0))
    return solver
