"""Regions unlike those of the benchmark: each is made as its family says, and answered."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from planner.choice import ChoiceStatus
from planner.dated import DatedChoice
from planner.programme import solve_choice
from planner.verify import verify_choice

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def others(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("other_regions")


def test_every_family_is_answered(others):
    for name, family in others.FAMILIES.items():
        problem = others.make_other_region(family, 0, candidates=24, actors=3)
        choice = solve_choice(problem)
        assert choice.status is ChoiceStatus.OPTIMAL, name
        assert verify_choice(problem, choice).holds, name


def test_a_region_is_as_its_family_says(others):
    family = others.FAMILIES["lines 20-3000, points x lines, shared, absent"]
    problem = others.make_other_region(family, 1)
    counts = np.bincount(problem.share_candidate)
    assert (len(counts), counts.max()) == (2500, 2)
    assert (counts == 2).mean() == pytest.approx(family.shared, abs=0.01)
    assert (problem.envelopes < 0).sum() == family.absent
    assert problem.lines.min() < 50
    assert problem.lines.max() > 2900
    uneven = others.make_other_region(others.FAMILIES["EPCI of 8 to 120"], 1)
    sizes = np.bincount(uneven.decider)
    assert sizes.min() >= 8
    assert 80 < sizes.max() <= 120


def test_the_benchmark_tells_every_family(others, monkeypatch, capsys):
    bench = importlib.import_module("bench_programme")
    few = {name: others.FAMILIES[name] for name in ("approvals", "envelopes 15 %")}
    monkeypatch.setattr(bench, "FAMILIES", few)
    monkeypatch.setattr("sys.argv", ["bench_programme.py", "--smoke", "--families"])
    bench.main()
    told = capsys.readouterr().out.splitlines()
    assert [line for line in told if not line.startswith(" ")] == [*few]
    assert sum("compactness 0.0000 %" in line for line in told) == len(few)


def test_the_benchmark_asks_years_of_a_family(others, monkeypatch, capsys):
    bench, met = importlib.import_module("bench_programme"), []

    def answer(problem, *, seconds):
        assert seconds is None
        met.append(problem.years)
        return DatedChoice(
            problem_sha256=problem.sha256, status=ChoiceStatus.TIME_LIMIT, opened=(), stages=()
        )

    monkeypatch.setattr(bench, "solve_years", answer)
    monkeypatch.setattr(bench, "FAMILIES", {"approvals": others.FAMILIES["approvals"]})
    monkeypatch.setattr("sys.argv", ["bench", "--smoke", "--families", "--years", "2"])
    bench.main()
    assert met == [(2019, 2020)]
    assert "no answer" in capsys.readouterr().out
