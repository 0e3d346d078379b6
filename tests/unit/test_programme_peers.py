"""The benchmark beside HiGHS and SCIP: who overruns is stopped, what doesn't end is left out."""

import importlib
import math
import time
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def peers(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("bench_programme_peers")


@pytest.fixture
def small(peers, monkeypatch):
    """Questions of 30 sectors."""
    full = peers.question_of
    monkeypatch.setattr(
        peers, "question_of", lambda kind, seed: full(kind, seed, years=2, candidates=30, actors=4)
    )
    return peers


def test_every_question_and_its_own_number_of_seeds(peers):
    assert peers.question_asked("years:2") == ("years", 2)
    assert peers.question_asked("any_epci") == ("any_epci", None)


def test_a_peer_finds_our_optimum_and_the_table_says_so(small, capsys):
    budget = small.Budget(math.inf)
    (one,) = small.ask_all([("within_epci", 0)], ["HiGHS"], least=60.0, budget=budget)
    assert one.peers["HiGHS"].ended
    assert one.peers["HiGHS"].value == one.mine.value
    assert one.bound == pytest.approx(one.mine.value)  # that of HiGHS is a float
    table = capsys.readouterr().out.split("\n\n")[-1].splitlines()
    assert table[0] == "| Question | Graine | Planificateur | HiGHS, 5 × |"
    assert table[2].startswith("| dans l'EPCI | 0 | 0, prouvé (")
    assert "| 0,000 % (" in table[2]


def test_a_peer_that_overruns_is_stopped_and_told(small, monkeypatch, capsys):
    monkeypatch.setattr(small, "PATIENCE", -60.0)  # it has no time at all
    plain = small.question_of("within_epci", 0)[1]
    (found,) = small.ask("HiGHS", [plain], 60.0)
    assert (found.ended, found.value, found.bound) == (False, None, None)
    small.tell("HiGHS", found, None)
    assert "STOPPED" in capsys.readouterr().out
    one = small.Asked("within_epci", 0, small.Found(5, 5, 1.0, 1.0), {"HiGHS": found})
    assert one.line(["HiGHS", "SCIP"]).endswith("| arrêté | non demandé |")


def test_what_does_not_end_within_the_minutes_is_left_out_and_said(small, capsys):
    asked = [("within_epci", 0), ("within_epci", 1)]
    every = small.ask_all(asked, ["HiGHS"], least=60.0, budget=small.Budget(time.monotonic()))
    assert every == []
    assert capsys.readouterr().out.count("LEFT OUT: within_epci, seed") == 2


@pytest.mark.parametrize(
    ("value", "bound", "told"),
    [(None, 5.0, "rien"), (0, 5.0, "100 %"), (99_950, 1e5, "0,050 %"), (99, 1e2, "1,00 %")],
)
def test_gaps_are_written_as_in_the_docs(peers, value, bound, told):
    assert peers.shown(value, bound) == told


def test_no_answer_is_not_told_proved(peers):
    one = peers.Asked("years", 0, peers.Found(None, None, 1.0, 1.0))
    assert one.line([]) == "| cinq ans | 0 | rien (1,0 s ; 1,0 s de processeur) |"
