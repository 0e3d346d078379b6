"""All the best programmes: those that the search lists are all there are, counted by sums alone."""

from dataclasses import replace

import numpy as np

from planner.choice import ChoiceProblem, ChoiceStatus, Contiguity, Limit, Objective
from planner.programme import ColumnPool, solve_choice
from planner.robustness import list_equal_parts
from planner.texts import Message
from planner.verify import verify_choice


def many_ways(seed):
    """Twelve EPCI of six sectors, a capacity, and worths of which many are equal."""
    rng = np.random.default_rng(seed)
    count, actors = 72, 12
    lines = rng.integers(3, 9, count).astype(np.int64)
    every, who = np.arange(count), np.arange(count) // 6
    worth = rng.integers(20, 90, count).astype(np.int64)
    worth[:8:2] = worth[1:8:2]
    lines[:8:2] = lines[1:8:2]
    return ChoiceProblem(
        sector_ids=tuple(f"s{at:02}" for at in every), lines=lines, departements=("22",) * count,
        rural=np.ones(count, bool), actors=tuple(f"e{at:02}" for at in range(actors)), decider=who,
        share_candidate=every, share_actor=who, share_need=lines,
        envelopes=np.full(actors, 20, np.int64), required=np.zeros(count, bool),
        refused=np.zeros(count, bool), reached=np.ones(count, bool),
        edges=np.zeros((0, 2), np.int64), edge_border_m=np.zeros(0, np.int64),
        feeder=np.full(count, -1), contiguity=Contiguity.NONE,
        limits=(Limit(name="capacity.region", message=Message.of("verify.holds", count=1),
                      coefficients=lines, upper=190),),
        objectives=(Objective(name="votes", sense="max", coefficients=worth),
                    Objective(name="cost", sense="min", coefficients=lines)),
    )  # fmt: skip


def count_the_best(problem):
    """The best values and how many programmes have them: choices of each EPCI, then sums of lines."""
    best = {0: (0, 1)}  # lines to the most votes and in how many ways
    for actor in range(len(problem.actors)):
        mine = np.flatnonzero(problem.decider == actor)
        picks = (np.arange(2 ** len(mine))[:, None] >> np.arange(len(mine))) & 1
        lines, votes = picks @ problem.lines[mine], picks @ problem.objectives[0].coefficients[mine]
        grown = {}
        for used, (value, ways) in best.items():
            for more, gain in zip(lines.tolist(), votes.tolist(), strict=True):
                if more > problem.envelopes[actor] or used + more > problem.limits[0].upper:
                    continue
                most, times = grown.get(used + more, (-1, 0))
                mine_is = value + gain
                if mine_is > most:
                    grown[used + more] = mine_is, ways
                elif mine_is == most:
                    grown[used + more] = most, times + ways
        best = grown
    votes = max(value for value, _ in best.values())
    lines = min(used for used, (value, _) in best.items() if value == votes)
    return votes, lines, best[lines][1]


def test_all_the_best_that_the_search_lists_are_all_there_are():
    """One source of equal programmes: those that the proof lists, as many as sums alone count."""
    counts = set()
    for seed in range(12):
        problem, pool = many_ways(seed), ColumnPool()
        choice = solve_choice(problem, warm=pool)
        assert choice.status is ChoiceStatus.OPTIMAL
        votes, lines, ways = count_the_best(problem)
        assert [stage.value for stage in choice.stages] == [votes, lines]
        known = pool.equals_of(problem)
        if not known:
            continue
        assert len(known) == len(set(known)) == ways
        for one in known:
            flags = np.isin(np.array(problem.sector_ids), one)
            assert verify_choice(problem, replace(choice, chosen=one)).holds
            assert problem.values(flags) == (votes, lines)
        (part,) = list_equal_parts(problem, choice, solve=None, known=known)
        assert part.complete
        assert len(part.programmes) == ways
        assert choice.chosen in known
        counts.add(ways)
    assert len(counts) > 2
