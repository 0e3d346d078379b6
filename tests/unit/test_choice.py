"""The question of a programme: one shape, one checksum, values counted by hand."""

from dataclasses import replace

import numpy as np
import pytest

from planner.choice import ChoiceProblem, Contiguity, Limit, Objective
from planner.texts import Message


def ints(*values):
    return np.array(values, dtype=np.int64)


def flags(*values):
    return np.array(values, dtype=bool)


@pytest.fixture
def problem():
    return ChoiceProblem(
        sector_ids=("a", "b", "c"),
        lines=ints(4, 6, 5),
        departements=("22", "22", "35"),
        rural=flags(1, 0, 1),
        actors=("200000001", "200000002"),
        decider=ints(0, 0, 1),
        share_candidate=ints(0, 1, 2),
        share_actor=ints(0, 0, 1),
        share_need=ints(4, 6, 5),
        envelopes=ints(10, 5),
        required=flags(0, 0, 0),
        refused=flags(0, 0, 0),
        reached=flags(1, 0, 1),
        edges=ints(0, 1, 1, 2).reshape(2, 2),
        edge_border_m=ints(120, 80),
        feeder=ints(-1, 0, -1),
        limits=(
            Limit(name="budget", message=Message.of("programme.chosen"), coefficients=ints(1, 2, 3), upper=9),
        ),
        objectives=(
            Objective(name="votes", sense="max", coefficients=ints(3, 2, 1)),
            Objective(name="compactness", sense="max", coefficients=ints(0, 0, 0),
                      edge_coefficients=ints(120, 0)),
        ),
    )  # fmt: skip


def test_values_count_sectors_and_pairs(problem):
    assert problem.values(flags(1, 1, 0)) == (5, 120)
    assert problem.values(flags(0, 1, 1)) == (3, 0)


def test_equal_questions_have_equal_checksums(problem):
    assert replace(problem).sha256 == problem.sha256
    assert replace(problem, envelopes=ints(10, 6)).sha256 != problem.sha256
    other = (replace(problem.limits[0], upper=8),)
    assert replace(problem, limits=other).sha256 != problem.sha256


def test_a_question_of_uneven_arrays_is_refused(problem):
    with pytest.raises(ValueError, match="3 items"):
        replace(problem, lines=ints(4, 6))
    with pytest.raises(ValueError, match="sorted"):
        replace(problem, sector_ids=("b", "a", "c"))


def test_what_no_programme_can_reach(problem):
    """c is decided by another actor: b leads to a only, and a refused way leads nowhere."""
    within = replace(problem, reached=flags(1, 0, 0))
    within = replace(within, contiguity=Contiguity.WITHIN_EPCI)
    assert within.within_reach().tolist() == [True, True, False]
    anyone = replace(within, contiguity=Contiguity.ANY_EPCI)
    assert anyone.within_reach().tolist() == [True, True, True]
    cut = replace(anyone, refused=flags(0, 1, 0))
    assert cut.within_reach().tolist() == [True, False, False]
    fed = replace(
        problem, contiguity=Contiguity.FEEDER, feeder=ints(-1, 0, 1), refused=flags(1, 0, 0)
    )
    assert fed.within_reach().tolist() == [False, False, False]
    assert replace(fed, contiguity=Contiguity.NONE).within_reach().tolist() == [False, True, True]
