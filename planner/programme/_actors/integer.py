"""The master in whole numbers: which of the listed choices go together.

Numbers are counted from a reference choice of each actor, so that they stay small beside the
solver's tolerances; whatever it answers is checked again in whole numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import highspy
import numpy as np
import numpy.typing as npt

from planner.programme._actors.blocks import Block, Row
from planner.programme._actors.master import new_solver, run_solver

__all__ = ["Combination", "Link", "combine", "holds", "relative_values", "total", "with_parts"]

Integers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.uint8]
Link = tuple[list[int], list[int]]  # choices, one of which needs one of the others

_RETRIES = 20
# what only prepares a long search: from a good answer, the bound is the first thing that lacks
_FROM_A_START: dict[str, object] = {
    "presolve": "off",
    "mip_allow_restart": False,
    "mip_detect_symmetry": False,
    "mip_heuristic_run_feasibility_jump": False,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Combination:
    """One choice for each actor.

    Parameters
    ----------
    parts
        The choice of each actor, None when none was found.
    value
        What it is worth.
    bound
        What no combination of the listed choices can pass; None when none holds the rows.
    stopped
        Whether time, and not work, ended the search.
    """

    parts: list[Rows] | None
    value: int
    bound: int | None
    stopped: bool = False


def total(blocks: Sequence[Block], parts: Sequence[Rows], row: Row) -> int:
    """Return what a choice of everyone is worth in a row."""
    return sum(int(b.row_values(p, row)[0]) for b, p in zip(blocks, parts, strict=True))


def holds(blocks: Sequence[Block], parts: Sequence[Rows], rows: Sequence[Row]) -> bool:
    """Return whether a choice of everyone holds every row."""
    for row in rows:
        value = total(blocks, parts, row)
        if (row.lower is not None and value < row.lower) or (
            row.upper is not None and value > row.upper
        ):
            return False
    return True


def combine(
    blocks: Sequence[Block],
    choices: Sequence[Rows],
    objective: Row,
    rows: Sequence[Row],
    *,
    incumbent: Sequence[Rows] | None,
    gap: int,
    seconds: float,
    nodes: int | None = None,
    links: Sequence[Link] = (),
    penalty: int = 0,
    quick: bool = False,
) -> Combination:
    """Choose one of the listed choices of each actor, all rows held, worth as much as can be.

    Parameters
    ----------
    blocks, choices
        Actors, and what each may choose; at least one each.
    objective, rows
        What is made large, and what must hold.
    incumbent
        A known answer, if any.
    gap
        How much may be missed; 0 proves the optimum.
    seconds
        Time allowed.
    nodes
        Nodes of the search allowed; None for as many as it takes.
    quick
        Whether the known answer is good, so that its proof is what lacks.
    links, penalty
        Choices that need others, by their place in all the lists, and what it costs to do without:
        wishes, which the answer may break and the bound doesn't count.
    """
    reference = [c[:1] for c in choices] if incumbent is None else list(incumbent)
    offset = total(blocks, reference, objective)
    owner = np.repeat(np.arange(len(blocks)), [len(c) for c in choices]).astype(np.int32)
    worth = relative_values(blocks, choices, reference, objective)
    uses = [relative_values(blocks, choices, reference, row) for row in rows]
    bounds = [(total(blocks, reference, row), row) for row in rows]
    solver = _model(blocks, owner, worth, uses, bounds)
    if not links:
        _start_at(solver, choices, incumbent, quick=quick)
    _add_links(solver, links, penalty)
    solver.setOptionValue("mip_abs_gap", max(gap, 0.9))
    if nodes is not None:
        solver.setOptionValue("mip_max_nodes", nodes)
    if seconds < math.inf:
        solver.setOptionValue("time_limit", max(seconds, 0.01))
    costs = np.concatenate([worth, np.full(len(links), -penalty)])
    stops = {highspy.HighsModelStatus.kTimeLimit}
    best = None if incumbent is None else list(incumbent)
    best_value: int | None = None if incumbent is None else offset
    bound = offset
    for _ in range(_RETRIES):
        status = run_solver(solver, whole=costs)
        if status not in stops and status in {
            highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible,
        }:  # fmt: skip
            return Combination(parts=best, value=best_value or 0, bound=best_value)
        solution = np.array(solver.getSolution().col_value)[: len(owner)]
        bound = offset + math.floor(min(solver.getInfo().mip_dual_bound, 2.0**60) + 1e-6)
        if not solver.getSolution().value_valid or len(solution) == 0:
            break
        picked = [
            int(np.argmax(np.where(owner == at, solution, -1.0))) for at in range(len(blocks))
        ]
        starts = np.concatenate([[0], np.cumsum([len(c) for c in choices])])
        parts = [choices[at][pick - starts[at]][None, :] for at, pick in enumerate(picked)]
        if holds(blocks, parts, rows):
            value = total(blocks, parts, objective)
            if best_value is None or value >= best_value:
                best, best_value = parts, value
            break
        # the solver's tolerance let a rule pass by: forbid this very combination and ask again
        solver.addRow(-highspy.kHighsInf, len(blocks) - 1, len(picked),
                      np.array(picked, np.int32), np.ones(len(picked)))  # fmt: skip
    if best_value is not None:
        bound = max(bound, best_value)
    return Combination(parts=best, value=best_value or 0, bound=bound, stopped=status in stops)


def with_parts(choices: Sequence[Rows], parts: Sequence[Rows] | None) -> list[Rows]:
    """Return the lists with the choices made now, first in each where they are missing."""
    if parts is None:
        return list(choices)
    return [
        rows if (rows == part).all(axis=1).any() else np.concatenate([part, rows])
        for rows, part in zip(choices, parts, strict=True)
    ]


def _start_at(
    solver: highspy.Highs,
    choices: Sequence[Rows],
    incumbent: Sequence[Rows] | None,
    *,
    quick: bool,
) -> None:
    """Tell the solver the known answer, where all of it is listed."""
    start: list[int] = []
    before = 0
    for rows, mine in zip(choices, incumbent or (), strict=incumbent is not None):
        same = np.flatnonzero((rows == mine).all(axis=1))
        if len(same) == 0:
            return
        start.append(before + int(same[0]))
        before += len(rows)
    if not start:
        return
    known = np.zeros(before)
    known[start] = 1
    solution = highspy.HighsSolution()
    solution.col_value = known.tolist()
    solver.setSolution(solution)
    for option, setting in _FROM_A_START.items() if quick else ():
        solver.setOptionValue(option, setting)


def _add_links(solver: highspy.Highs, links: Sequence[Link], penalty: int) -> None:
    """Add a row for each link, with a column that pays for breaking it."""
    for choices, others in links:
        solver.addCol(-float(penalty), 0.0, highspy.kHighsInf, 0, np.zeros(0, np.int32),
                      np.zeros(0))  # fmt: skip
        index = np.array([*choices, *others, solver.getNumCol() - 1], np.int32)
        value = np.concatenate([np.ones(len(choices)), -np.ones(len(others) + 1)])
        solver.addRow(-highspy.kHighsInf, 0.0, len(index), index, value)


def relative_values(
    blocks: Sequence[Block], choices: Sequence[Rows], reference: Sequence[Rows], row: Row
) -> Integers:
    """Return what each choice is worth in a row, counted from each actor's reference."""
    return np.concatenate([
        b.row_values(c, row) - b.row_values(r, row)[0]
        for b, c, r in zip(blocks, choices, reference, strict=True)
    ])  # fmt: skip


def _model(
    blocks: Sequence[Block],
    owner: npt.NDArray[np.int32],
    worth: Integers,
    uses: Sequence[Integers],
    bounds: Sequence[tuple[int, Row]],
) -> highspy.Highs:
    count = len(owner)
    scale = [max(1.0, float(np.abs(use).max(initial=0)) / 1000) for use in uses]
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = count, len(blocks) + len(uses)
    model.sense_ = highspy.ObjSense.kMaximize
    model.col_cost_ = worth.astype(float)
    model.col_lower_, model.col_upper_ = np.zeros(count), np.ones(count)
    infinite = highspy.kHighsInf
    ones = np.ones(len(blocks))
    low = [
        -infinite if row.lower is None else (row.lower - base) / size
        for (base, row), size in zip(bounds, scale, strict=True)
    ]
    high = [
        infinite if row.upper is None else (row.upper - base) / size
        for (base, row), size in zip(bounds, scale, strict=True)
    ]
    model.row_lower_ = np.concatenate([ones, low])
    model.row_upper_ = np.concatenate([ones, high])
    index, value = [np.argsort(owner, kind="stable")], [np.ones(count)]
    sizes = list(np.bincount(owner, minlength=len(blocks)))
    for use, size in zip(uses, scale, strict=True):
        where = np.flatnonzero(use)
        index.append(where)
        value.append(use[where] / size)
        sizes.append(len(where))
    starts = np.concatenate([[0], np.cumsum(sizes)])
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = starts.astype(np.int32)
    model.a_matrix_.index_ = np.concatenate(index).astype(np.int32)
    model.a_matrix_.value_ = np.concatenate(value)
    model.integrality_ = [highspy.HighsVarType.kInteger] * count
    solver = new_solver(mip_rel_gap=0.0, mip_feasibility_tolerance=1e-9)
    solver.passModel(model)
    return solver
