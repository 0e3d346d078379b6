"""Elections of the size that towns hold, read from the same file by both libraries."""

import random

import pytest
from pabutools.election import Cost_Sat
from pabutools.election.pabulib import parse_pabulib_from_string
from pabutools.election.satisfaction import Additive_Cardinal_Sat
from pabutools.rules import method_of_equal_shares, sequential_phragmen
from pabutools.tiebreaking import TieBreakingRule

from planner.io import parse_pabulib
from planner.voting import count_votes, election_from_pabulib

LARGER = TieBreakingRule(lambda _instance, _profile, project: (-project.cost, project.name))


def town(seed, vote_type):
    """A thousand voters, a hundred projects of which half cost the same, one too dear for all."""
    draw = random.Random(seed)
    count, voters = 100, 1000
    costs = [50_000 if i % 2 else round(draw.lognormvariate(11.5, 1), 2) for i in range(count)]
    budget = int(sum(costs) / 4)
    costs[7] = budget + 1
    liked = [1 / (i + 1) ** 0.6 for i in range(count)]
    draw.shuffle(liked)
    liked[9] = 0  # nobody's
    scored = vote_type != "approval"
    rows = [
        f"META\nkey;value\nbudget;{budget}\nvote_type;{vote_type}\nPROJECTS\nproject_id;cost;name"
    ]
    rows += [f'{i};{cost};"Projet ""{i}"";"' for i, cost in enumerate(costs)]
    rows.append("VOTES\nvoter_id;age;vote" + (";points" if scored else ""))
    for voter in range(voters):
        named = sorted(set(draw.choices(range(count), liked, k=draw.randint(1, 12))))
        points = ";" + ",".join(str(draw.randint(0, 5)) for _ in named) if scored else ""
        rows.append(f"{voter};{draw.randint(16, 90)};{','.join(map(str, named))}{points}")
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize("seed", range(3))
def test_the_winners_of_a_town_are_those_of_pabutools(seed):
    text = town(seed, "approval")
    election = election_from_pabulib(parse_pabulib(text))
    instance, profile = parse_pabulib_from_string(text)
    theirs = method_of_equal_shares(instance, profile, Cost_Sat, tie_breaking=LARGER)
    ours = count_votes(election, rule="equal_shares", ties="larger_first")
    assert set(ours.selected) == {project.name for project in theirs}
    assert len(ours.selected) > 20
    theirs = sequential_phragmen(instance, profile, tie_breaking=LARGER)
    ours = count_votes(election, rule="phragmen", ties="larger_first")
    assert set(ours.selected) == {project.name for project in theirs} - {"9"}
    assert ours.details["7"].say("en").startswith("not taken: it costs")


@pytest.mark.parametrize("vote_type", ["scoring", "cumulative"])
def test_the_winners_by_points_are_those_of_pabutools(vote_type):
    text = town(11, vote_type)
    instance, profile = parse_pabulib_from_string(text)
    theirs = method_of_equal_shares(instance, profile, Additive_Cardinal_Sat, tie_breaking=LARGER)
    election = election_from_pabulib(parse_pabulib(text))
    ours = count_votes(election, rule="equal_shares", ties="larger_first")
    assert set(ours.selected) == {project.name for project in theirs}
    assert len(ours.selected) > 20
