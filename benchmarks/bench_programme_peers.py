"""The exact programme beside its plain formulation in HiGHS and in SCIP, five times our time.

    python benchmarks/bench_programme_peers.py [--smoke] [--seeds 3] [--minutes 20]
        [--question within_epci:10 --question any_epci:4 --question years:2]

A question may say its own number of seeds.  The first seed of each question comes first, then the
second of each, and so on; SCIP's second try comes last.  What wouldn't end within the minutes is
left out, and said to be.  At the end comes the table of ``docs/programme.md``.

The regions are those of ``bench_programme.py``; the first objective is asked: chains within each
EPCI, chains across EPCI, five years within each EPCI.  The plain formulation is one integer
programme (:mod:`planner.programme._compact`; with years, once a year): a flow that enters at the
reached sectors, with the least big coefficients and a row a sector that asks for a neighbour.  Each
solver has a process of its own, both cores, its presolve and its defaults; SCIP is asked a second
time with its emphasis on feasibility.  Gaps are to each one's own bound and to the best bound of
all, in % of that bound.  Clocks are of the wall, beside them the seconds of CPU.  A solver
that overruns its time by far, or wants more than its share of the memory, is stopped, and told so.

``--smoke`` asks small regions only, and fails unless each solver finds our very optimum.

PySCIPOpt comes with the ``dev`` extra (``pip install pyscipopt``); without it SCIP is said missing.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import multiprocessing
import os
import platform
import resource
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from bench_programme import make_region, with_years
from plain_programmes import (
    Plain,
    in_highs,
    in_scip,
    in_scip_feasibility,
    plain_choice,
    plain_years,
)

from planner.choice import Choice, ChoiceProblem
from planner.dated import DatedChoice, DatedProblem
from planner.programme import solve_choice, solve_years

TIMES = 5  # how many times our clock a peer has
PATIENCE = 90  # seconds that a peer may overrun before it is stopped: it states its question too
STATING = 15  # seconds that this and its end take mostly
MEMORY = 0.75  # of what the machine has, for a peer
LAST = "SCIP, feasibility"  # who is asked where time is left
KINDS = {
    "within_epci": "dans l'EPCI", "any_epci": "d'un EPCI à l'autre", "years": "cinq ans",
}  # fmt: skip
COLUMNS = {
    "planner": "Planificateur", "HiGHS": "HiGHS, 5 ×", "SCIP": "SCIP, 5 ×",
    LAST: "SCIP (solutions d'abord), 5 ×",
}  # fmt: skip
INFINITE = math.inf
HALF = 0.5
FEW, SMALL = 10, 0.1  # seconds, and gaps in %, that are written finer


@dataclass(frozen=True)
class Found:
    """What a solver knows when it ends; ``ended`` says whether it did by itself."""

    value: int | None
    bound: float | None
    clock: float
    cpu: float
    ended: bool = True


PEERS = {"HiGHS": in_highs, "SCIP": in_scip, "SCIP, feasibility": in_scip_feasibility}


def _work(name: str, plains: list[Plain], seconds: float, answer: Connection) -> None:
    """Solve in this process, and send what was found."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    resource.setrlimit(resource.RLIMIT_AS, (int(MEMORY * memory),) * 2)
    for plain in plains:
        clock, cpu = time.perf_counter(), time.process_time()
        solution, bound = PEERS[name](plain, seconds)
        answer.send((solution, bound, time.perf_counter() - clock, time.process_time() - cpu))


def ask(name: str, plains: list[Plain], seconds: float) -> list[Found]:
    """Solve in a process of its own; values are counted again in whole numbers."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(name, plains, seconds, theirs))
    process.start()
    theirs.close()
    found = []
    start = time.perf_counter()
    try:
        for plain in plains:
            if not mine.poll(seconds + PATIENCE):
                break
            solution, bound, clock, cpu = mine.recv()
            value = None
            if solution is not None:
                chosen = solution[: plain.integers] > HALF
                value = int(np.rint(plain.costs[: plain.integers][chosen].sum()))
            found.append(Found(value, bound, clock, cpu))
    except EOFError:  # it died: out of memory
        pass
    finally:
        if len(found) < len(plains):
            process.kill()
        process.join()
        mine.close()
    stopped = Found(None, None, time.perf_counter() - start, math.nan, ended=False)
    return found + [stopped] * (len(plains) - len(found))


def ours(question: ChoiceProblem | DatedProblem, gap: float | None = None) -> Found:
    """Answer with the project."""
    clock, cpu = time.perf_counter(), time.process_time()
    solve: Callable[..., Choice | DatedChoice] = (
        solve_years if isinstance(question, DatedProblem) else solve_choice
    )
    choice = solve(question, **({} if gap is None else {"gap_share": gap}))
    clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
    if not choice.stages:
        return Found(None, None, clock, cpu)
    return Found(choice.stages[0].value, choice.stages[0].bound, clock, cpu)


def question_of(
    kind: str, seed: int, *, years: int = 5, **size: int
) -> tuple[ChoiceProblem | DatedProblem, Plain]:
    """Make one region's question, in both forms."""
    region = make_region(
        seed, contiguity="any_epci" if kind == "any_epci" else "within_epci", **size
    )
    first = replace(region, objectives=region.objectives[:1])
    if kind == "years":
        dated = with_years(region, years)
        return dated, plain_years(dated)
    return first, plain_choice(first)


def percent(value: int | None, bound: float | None) -> str:
    """Write how far a value is from a bound."""
    if value is None or bound is None:
        return "none"
    return f"{100 * max(bound - value, 0) / max(abs(bound), 1):.4f} %"


def tell(name: str, found: Found, best_bound: float | None) -> None:
    """Print one line."""
    print(
        f"  {name:18} value {found.value if found.value is not None else 'none':>14}  "
        f"own gap {percent(found.value, found.bound):>10}  "
        f"to the best bound {percent(found.value, best_bound):>10}  "
        f"clock {found.clock:6.1f} s  CPU {found.cpu:6.1f} s"
        f"{'' if found.ended else '  STOPPED: it overran, or wanted too much memory'}",
        flush=True,
    )  # fmt: skip


@dataclass
class Asked:
    """One question on one seed: what each solver knows of it."""

    kind: str
    seed: int
    mine: Found
    peers: dict[str, Found] = field(default_factory=dict)

    @property
    def bound(self) -> float | None:
        """The best bound of all."""
        bounds = [one.bound for one in (self.mine, *self.peers.values()) if one.bound is not None]
        return min(bounds, default=None)

    @property
    def seconds(self) -> float:
        """What each peer has."""
        return TIMES * self.mine.clock

    def line(self, names: list[str]) -> str:
        """Return its line of the table of the docs."""
        mine = self.mine
        proved = mine.value is not None and mine.value == mine.bound
        gap = "0, prouvé" if proved else shown(mine.value, self.bound)
        times = f"{in_french(mine.clock)} s ; {in_french(mine.cpu)} s de processeur"
        cells = [KINDS[self.kind], str(self.seed), f"{gap} ({times})"]
        for name in names:
            found = self.peers.get(name)
            if found is None:
                cells.append("non demandé")
            elif not found.ended:
                cells.append("arrêté")
            else:
                cells.append(f"{shown(found.value, self.bound)} ({in_french(found.clock)} s)")
        return f"| {' | '.join(cells)} |"


def in_french(number: float) -> str:
    """Write seconds, finer where they are few."""
    return f"{number:.{0 if number >= FEW else 1}f}".replace(".", ",")


def shown(value: int | None, bound: float | None) -> str:
    """Write a gap as the docs do."""
    if value is None or bound is None:
        return "rien"
    if value == 0:  # the empty answer
        return "100 %"
    gap = 100 * max(bound - value, 0) / max(abs(bound), 1)
    return f"{gap:.{3 if gap < SMALL else 2}f} %".replace(".", ",")


def print_table(every: list[Asked], names: list[str]) -> None:
    """Print the table of the docs, question after question."""
    heads = ["Question", "Graine", COLUMNS["planner"], *(COLUMNS[name] for name in names)]
    print(f"\n| {' | '.join(heads)} |\n|{' --- |' * len(heads)}")
    for one in sorted(every, key=lambda one: (list(KINDS).index(one.kind), one.seed)):
        print(one.line(names))


@dataclass(frozen=True)
class Budget:
    """The time that is left for all questions together."""

    end: float

    def holds(self, seconds: float, what: str) -> bool:
        """Return whether as much is left; say so if it isn't."""
        left = self.end - time.monotonic()
        if left < seconds:
            print(f"  LEFT OUT: {what} ({seconds:.0f} s asked, {max(left, 0):.0f} s left)")
        return left >= seconds


def ask_peer(one: Asked, name: str, plain: Plain, *, least: float, budget: Budget) -> None:
    """Ask a peer what we answered, if there is time for it."""
    seconds = max(one.seconds, least)
    if budget.holds(seconds + STATING, f"{name}, {one.kind}, seed {one.seed}"):
        (one.peers[name],) = ask(name, [plain], seconds)
        tell(name, one.peers[name], one.bound)


def ask_all(
    asked: list[tuple[str, int]], names: list[str], *, least: float, budget: Budget
) -> list[Asked]:
    """Ask every question of everyone; who comes last is asked once all others were."""
    every: list[Asked] = []
    longest: dict[str, float] = {}  # that we took for a question of each kind
    try:
        for kind, seed in asked:
            if not budget.holds(longest.get(kind, 0.0), f"{kind}, seed {seed}"):
                continue
            question, plain = question_of(kind, seed)
            rows, columns = plain.matrix.shape
            print(f"{kind}, seed {seed}: plain form of {rows} rows, {columns} columns, of which "
                  f"{plain.integers} whole", flush=True)  # fmt: skip
            mine = ours(question)
            longest[kind] = max(longest.get(kind, 0.0), mine.clock)
            every.append(Asked(kind, seed, mine))
            tell("planner", mine, mine.bound)
            for name in names:
                if name != LAST:
                    ask_peer(every[-1], name, plain, least=least, budget=budget)
        for one in every if LAST in names else ():
            print(f"{one.kind}, seed {one.seed}", flush=True)
            plain = question_of(one.kind, one.seed)[1]
            ask_peer(one, LAST, plain, least=least, budget=budget)
    finally:  # what is known is told, whatever happens
        print_table(every, names)
    return every


def peers() -> list[str]:
    """Return the solvers at hand, and say which one is missing."""
    names = list(PEERS)
    if importlib.util.find_spec("pyscipopt") is None:
        print("SCIP is MISSING: pip install pyscipopt (or the dev extra), then run again")
        names = [name for name in names if not name.startswith("SCIP")]
    return names


def smoke(names: list[str]) -> None:
    """Check on small regions that every solver finds our very optimum."""
    asked = [(kind, seed) for kind in KINDS for seed in range(2)]
    questions, best = [], []
    for kind, seed in asked:
        questions.append(question_of(kind, seed, years=2, candidates=30, actors=4))
        best.append(ours(questions[-1][0], gap=0.0))
        if best[-1].value is None or best[-1].value != best[-1].bound:
            raise SystemExit(f"{kind}, seed {seed}: we proved no optimum: {best[-1]}")
    found = {name: ask(name, [plain for _, plain in questions], 60) for name in names}
    for at, (kind, seed) in enumerate(asked):
        told = ", ".join(f"{name} {found[name][at].value}" for name in names)
        if any(found[name][at].value != best[at].value for name in names):
            raise SystemExit(f"{kind}, seed {seed}: we {best[at].value}, {told}")
        print(f"{kind}, seed {seed}: {best[at].value} by us and by {', '.join(names)}", flush=True)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="small regions: equal optima")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=math.inf, help="for all; else no end")
    parser.add_argument("--question", action="append", type=question_asked, metavar="KIND[:SEEDS]")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--least", type=float, default=1.0, help="seconds that a peer has anyway")
    parser.add_argument("--peer", action="append", choices=list(PEERS), help="this one; else all")
    asked = parser.parse_args()
    names = [name for name in peers() if name in (asked.peer or PEERS)]
    packages = ["highspy", *(["pyscipopt"] if "SCIP" in names else [])]
    told = ", ".join(f"{name} {version(name)}" for name in packages)
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {told}")
    if asked.smoke:
        smoke(names)
        return
    solve_choice(make_region(0, candidates=40, actors=4))  # compiles
    solve_choice(make_region(0, candidates=80, actors=4, contiguity="any_epci"))
    solve_years(with_years(make_region(0, candidates=40, actors=4)))
    first = asked.first_seed
    wanted = [
        (kind, seed, at)
        for at, (kind, seeds) in enumerate(asked.question or [(kind, None) for kind in KINDS])
        for seed in range(first, first + (asked.seeds if seeds is None else seeds))
    ]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what is known is told even then
    wanted.sort(key=lambda one: (one[1], one[2]))
    budget = Budget(time.monotonic() + 60 * asked.minutes)
    ask_all([one[:2] for one in wanted], names, least=asked.least, budget=budget)


def question_asked(text: str) -> tuple[str, int | None]:
    """Read a question and its number of seeds, None where it says none."""
    kind, _, seeds = text.partition(":")
    if kind not in KINDS:
        raise argparse.ArgumentTypeError(f"{kind}: {', '.join(KINDS)}")
    return kind, int(seeds) if seeds else None


if __name__ == "__main__":
    main()
