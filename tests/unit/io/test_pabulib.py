"""Files of pabulib: every form read exactly, oddities kept, mistakes named, round trips."""

import gzip
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pabutools.election import parse_pabulib as parse_as_pabutools
from pabutools.election.pabulib import parse_pabulib_from_string as parse_as_string
from typer.testing import CliRunner

from planner import cli
from planner.errors import DataFileError, RuleError
from planner.export.pabulib import election_to_pabulib, pabulib_text, write_pabulib
from planner.io import parse_pabulib, read_pabulib
from planner.voting import (
    Approvals,
    Election,
    Points,
    Project,
    Ranking,
    Voter,
    count_votes,
    election_from_pabulib,
)

APPROVAL = """META
key;value
description;Ville; avec un point-virgule
num_projects;3
num_votes;3
budget;1000,50
vote_type;approval
rule;greedy
comment;"#1: première remarque; #2: seconde"
# une ligne de commentaire
PROJECTS
project_id;cost;category;name;selected
1;600.25;sport;"Terrain; ""le grand""\";1
2;400,25;culture,école;Bibliothèque;1
x-3;1 000;;Skatepark;0
VOTES
voter_id;age;sex;voting_method;vote
10;34;F;internet;1,2
11;;M;paper;x-3
12;70;;paper;
"""


def test_an_approval_election_by_hand(tmp_path):
    path = tmp_path / "ville.pb"
    path.write_bytes(b"\xef\xbb\xbf" + APPROVAL.replace("\n", "\r\n").encode())
    file = read_pabulib(path)
    assert file.budget == Fraction(2001, 2)
    assert [p.cost for p in file.projects] == [Fraction(2401, 4), Fraction(1601, 4), 1000]
    assert file.projects[0].cells["name"] == 'Terrain; "le grand"'
    assert file.projects[0].cells["category"] == "sport"
    assert file.votes[0].cells["voting_method"] == "internet"
    assert [vote.named for vote in file.votes] == [("1", "2"), ("x-3",), ()]
    assert file.meta["description"] == "Ville; avec un point-virgule"
    assert file.meta["comment"] == "#1: première remarque; #2: seconde"
    assert len(file.findings) == 0
    election = election_from_pabulib(file)
    assert (election.scale, election.budget) == (4, 4002)
    assert count_votes(election, rule="approvals", ties="larger_first").selected == ("x-3",)
    squeezed = tmp_path / "ville.pb.gz"
    squeezed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_pabulib(squeezed) == file


def test_what_is_read_is_what_pabutools_reads(tmp_path):
    path = tmp_path / "ville.pb"
    plain = APPROVAL.replace("1 000", "1000").replace("# une ligne de commentaire\n", "")
    path.write_text(plain, encoding="utf-8")
    file = read_pabulib(path)
    instance, profile = parse_as_pabutools(str(path))
    assert {p.name: Fraction(str(p.cost)) for p in instance} == {
        p.project_id: p.cost for p in file.projects
    }
    assert [sorted(p.name for p in ballot) for ballot in profile] == [
        sorted(vote.named) for vote in file.votes
    ]
    # and what we write, it reads the same
    again, votes = parse_as_pabutools(str(write_pabulib(tmp_path / "again.pb", file)))
    assert {p.name: p.cost for p in again} == {p.name: p.cost for p in instance}
    assert list(votes) == list(profile)


def other(vote_type, columns, rows):
    return (
        f"META\nkey;value\nbudget;10\nvote_type;{vote_type}\nPROJECTS\nproject_id;cost\n1;4\n2;5\n3;6\n"
        f"VOTES\n{columns}\n" + "\n".join(rows) + "\n"
    )


def test_rankings_and_points():
    ranks = parse_pabulib(other("ordinal", "voter_id;vote", ["a;3,1", "b;2"]))
    assert [v.ballot for v in election_from_pabulib(ranks).voters] == [
        Ranking((("3",), ("1",))), Ranking((("2",),)),
    ]  # fmt: skip
    for vote_type in ("cumulative", "scoring"):
        points = parse_pabulib(other(vote_type, "voter_id;points;vote", ["a;2.5, -1;3,1", "b;;"]))
        assert [v.ballot for v in election_from_pabulib(points).voters] == [
            Points((("3", Fraction(5, 2)), ("1", -1))), Points(()),
        ]  # fmt: skip
    one = parse_pabulib(other("choose-1", "voter_id;vote", ["a;2", "a;2"]))
    assert [v.voter_id for v in election_from_pabulib(one).voters] == ["a", "a#2"]
    assert [f.rule for f in one.findings] == ["pabulib.voter_twice"]


def test_counts_that_are_announced_wrong_and_names_twice_are_findings():
    text = other("approval", "voter_id;vote", ["a;1,2,1"]).replace(
        "budget;10", "budget;10\nnum_votes;7\nnum_projects;3"
    )
    file = parse_pabulib(text)
    assert file.votes[0].named == ("1", "2")
    assert [f.rule for f in file.findings] == ["pabulib.counted_once", "pabulib.num_votes"]
    assert "annonce 7 bulletins" in list(file.findings)[1].message.say()


def test_every_broken_row_comes_in_one_error():
    rows = ["a;9;1", "b;1,2;3", "c;1;x", "d;1;2;trop", "e;1,1;2,2"]
    text = other("scoring", "voter_id;vote;points", rows).replace("2;5\n", "2;\n1;3\n")
    with pytest.raises(DataFileError) as told:
        parse_pabulib(text, file="f.pb")
    words = told.value.say()
    for part in (
        "7 ligne(s)", "ligne 8 : le coût du projet 2 est « — »",
        "ligne 9 : le projet 1 vient deux fois", "ligne 13 : le bulletin nomme des projets inconnus : 9",
        "ligne 14 : 2 projet(s) nommé(s)", "ligne 15", "« x »", "ligne 16 : 4 cellules pour 3",
        "ligne 17 : le bulletin donne des points deux fois",
    ):  # fmt: skip
        assert part in words, words


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "META, PROJECTS, VOTES"),
        ("META\nkey;value\nbudget;1\n", "PROJECTS, VOTES"),
        (other("approval", "voter_id;vote", []).replace("budget;10", "budget;dix"), "« dix »"),
        (other("veto", "voter_id;vote", []), "« veto »"),
        (other("scoring", "voter_id;vote", []), "points"),
        (
            other("approval", "voter_id;vote", []).replace("project_id;cost", "id;cost"),
            "project_id",
        ),
    ],
)
def test_what_is_no_election_is_told(text, part):
    with pytest.raises(DataFileError, match=part):
        parse_pabulib(text, file="f.pb")


def test_a_quotation_mark_never_closed_does_not_swallow_the_votes():
    text = other("approval", "voter_id;vote", ["a;1"]).replace(
        "project_id;cost\n1;4", 'project_id;cost;name\n1;4;"Parc'
    )
    file = parse_pabulib(text)
    assert file.projects[0].cells["name"] == '"Parc'
    assert len(file.votes) == 1


cells = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=8).map(
    str.strip
)


@settings(max_examples=80, deadline=None)
@given(
    names=st.lists(cells, min_size=1, max_size=4),
    costs=st.lists(st.decimals(0, 10_000, places=2), min_size=4, max_size=4),
    votes=st.lists(st.sets(st.integers(0, 3)), max_size=4),
    notes=cells,
)
def test_round_trip(names, costs, votes, notes):
    ids = [str(i) for i in range(len(names))]
    quoted = [name.replace('"', '""') for name in names]
    text = (
        "META\nkey;value\nbudget;12.5\nvote_type;approval\nPROJECTS\nproject_id;cost;name\n"
        + "".join(f'{i};{c};"{n}"\n' for i, c, n in zip(ids, costs, quoted, strict=False))
        + "VOTES\nvoter_id;vote;note\n"
        + "".join(
            f'{k};"{",".join(str(i) for i in sorted(v) if i < len(ids))}";"{notes.replace(chr(34), chr(34) * 2)}"\n'
            for k, v in enumerate(votes)
        )
    )
    file = parse_pabulib(text)
    assert parse_pabulib(pabulib_text(file)) == file
    assert [p.cells["name"] for p in file.projects] == names


def test_an_election_of_ours_is_written_and_read_back():
    said = {"description": "d", "unit": "u", "instance": "2017", "rule": "equal_shares"}
    projects = tuple(
        Project(project_id=k, cost=c, name=k.upper()) for k, c in (("a", 150), ("b", 99))
    )
    for ballots in (
        [Approvals(("a",)), Approvals(())],
        [Ranking((("b",), ("a",)))],
        [Points((("a", Fraction(1, 2)), ("b", 3)))],
    ):
        election = Election(
            projects=projects, budget=200, scale=100,
            voters=tuple(Voter(voter_id=str(i), ballot=b) for i, b in enumerate(ballots)),
        )  # fmt: skip
        file = parse_pabulib(pabulib_text(election_to_pabulib(election, **said)))
        back = election_from_pabulib(file)
        assert [v.ballot for v in back.voters] == ballots
        assert {k: Fraction(c, back.scale) for k, c in back.costs.items()} == {
            "a": Fraction(3, 2), "b": Fraction(99, 100),
        }  # fmt: skip
    tied = Election(
        projects=projects, budget=200,
        voters=(Voter(voter_id="1", ballot=Ranking((("a", "b"),))),),
    )  # fmt: skip
    file = election_to_pabulib(tied, **said)
    assert (file.vote_type, file.votes[0].cells["points"]) == ("scoring", "1.5,1.5")
    heavy = Election(
        projects=projects, budget=1,
        voters=(Voter(voter_id="1", ballot=Approvals(()), weight=2),),
    )  # fmt: skip
    with pytest.raises(RuleError, match="poids"):
        election_to_pabulib(heavy, **said)


def test_the_command_says_who_wins_and_why(tmp_path):
    path = tmp_path / "ville.pb"
    path.write_text(APPROVAL, encoding="utf-8")
    run = CliRunner()
    refused = run.invoke(cli.app, ["vote", str(path), "--rule", "approvals"])
    assert refused.exit_code == 1
    assert "ex æquo entre 1, 2, x-3" in refused.output.replace("\n", " ")
    told = run.invoke(
        cli.app,
        ["vote", str(path), "--rule", "equal_shares", "--lang", "en"],
        env={"COLUMNS": "200"},
    )
    assert told.exit_code == 0, told.output
    assert "Method of Equal Shares: 0 project(s) chosen, 0 of 1,000.50" in told.output
    assert "its supporters have only 333.50 left (266.75 short)" in told.output
    broken = run.invoke(
        cli.app, ["vote", str(path), "--rule", "phragmen", "--ties", "smaller_first"],
        env={"COLUMNS": "200"},
    )  # fmt: skip
    assert broken.exit_code == 0, broken.output
    assert "Bibliothèque" in broken.output
    assert run.invoke(cli.app, ["vote", str(tmp_path / "no.pb")]).exit_code == 1


def test_none_is_what_some_files_write_for_nothing():
    text = (
        "META\nkey;value\nbudget;8.5e2\nvote_type;cumulative\n"
        "PROJECTS\nproject_id;cost;name\n1;5;None\n2;12,5;b\n"
        "VOTES\nvoter_id;vote;points;age\na;1,2;2,1;None\nb;None;None;3\nc;;;\n"
    )
    read = parse_pabulib(text)
    assert read.budget == 850
    assert [vote.named for vote in read.votes] == [("1", "2"), (), ()]
    assert parse_pabulib(pabulib_text(read)) == read


def test_a_project_may_be_called_none():
    text = (
        "META\nbudget;5\nvote_type;approval\nPROJECTS\nproject_id;cost\nNone;5\n"
        "VOTES\nvoter_id;vote\na;None\n"
    )
    assert parse_pabulib(text).votes[0].named == ("None",)


@pytest.mark.parametrize("last", [False, True])
def test_a_section_that_the_format_ignores_is_kept_and_told(last):
    projects = "PROJECTS\nproject_id;cost\n1;5\n2;6\n"
    votes = "VOTES\nvoter_id;vote\na;1,2\nALONE\nb;2\n"
    more = "DEMOGRAPHICS\nvoter_id;age\na;22\nb;\n"
    body = projects + (votes + more if last else more + votes)
    read = parse_pabulib("META\nkey;value\nbudget;9\nvote_type;approval\n" + body)
    assert [vote.voter_id for vote in read.votes] == ["a", "ALONE", "b"]
    assert read.others == {"DEMOGRAPHICS": (("voter_id", "age"), ("a", "22"), ("b", ""))}
    assert [finding.rule for finding in read.findings] == ["pabulib.other_section"]
    assert parse_pabulib(pabulib_text(read)) == read


def test_a_quotation_mark_opened_in_a_name_swallows_no_project():
    text = (
        'META\nkey;value\nbudget;9\nvote_type;approval\nPROJECTS\nproject_id;cost;name\n1;5;"a\n'
        '2;6;b\n3;4;c" d\nVOTES\nvoter_id;vote\na;1,2\nb;3\n'
    )
    read = parse_pabulib(text)
    assert [project.project_id for project in read.projects] == ["1", "2", "3"]
    with pytest.raises(DataFileError, match="9"):
        parse_pabulib(text.replace("a;1,2", "a;1,9"))


@pytest.mark.parametrize(
    ("vote_type", "columns", "rows"),
    [
        ("cumulative", "voter_id;vote;points;sex", ["290;L18/02/VII,L18/01/VII;2,1;F", "1186;L18/03/VII;5;M"]),
        ("scoring", "voter_id;points;vote", ["7;3,0;L18/01/VII,L18/03/VII", "8;5;L18/02/VII"]),
        ("ordinal", "voter_id;vote;voting_method", ["8;L18/03/VII,L18/01/VII;paper", "21;L18/02/VII;internet"]),
        ("choose-1", "voter_id;vote;age", ["1;L18/02/VII;52", "2;L18/02/VII;36"]),
    ],
)  # fmt: skip
def test_files_in_the_form_of_towns_are_written_as_pabutools_reads_them(vote_type, columns, rows):
    meta = f"META\nkey;value\nbudget;345795\nvote_type;{vote_type}\nmin_length;1\nmax_length;3\nrule;greedy\n"
    projects = (
        "PROJECTS\nproject_id;cost;votes;name;latitude;longitude\nL18/01/VII;15000;2;Łąka kwietna;50.19;19.04\n"
        'L18/02/VII;7900;1;"""Przystanek"" nr 2; etap 1";50.2;19.05\nL18/03/VII;6000;0;Kino letnie ;;\n'
    )
    votes = f"VOTES\n{columns}\n" + "\n".join(rows) + "\n"
    file = parse_pabulib(meta + projects + votes)
    assert file.projects[1].cells["name"] == '"Przystanek" nr 2; etap 1'
    for text in (
        (meta + "\n" + projects + "\n\n" + votes).replace("\n", "\r\n"),
        votes + meta + projects,
        projects + votes + "\n" + meta,
    ):
        assert parse_pabulib(text) == file
    instance, profile = parse_as_string(meta + projects + votes)
    again, back = parse_as_string(pabulib_text(file))
    assert {p.name: p.cost for p in again} == {p.name: p.cost for p in instance}
    assert again.budget_limit == instance.budget_limit == 345795
    assert list(back) == list(profile)
    assert [sorted(p.name for p in ballot) for ballot in profile] == [
        sorted(v.named) for v in file.votes
    ]


def test_a_voter_who_gave_no_points_is_written_as_pabutools_reads_it():
    projects = (Project(project_id="a", cost=6), Project(project_id="b", cost=4))
    voters = (
        Voter(voter_id="1", ballot=Points((("a", 2), ("b", 1)))),
        Voter(voter_id="2", ballot=Points(())),
    )
    election = Election(projects=projects, voters=voters, budget=6)
    text = pabulib_text(
        election_to_pabulib(election, description="d", unit="u", instance="i", rule="r")
    )
    _, profile = parse_as_string(text)
    assert sorted(len(ballot) for ballot in profile) == [0, 2]
    assert election_from_pabulib(parse_pabulib(text)).voters == voters


def test_rows_that_a_spreadsheet_made_as_long_as_the_others_are_read():
    padded = APPROVAL.replace("\n", ";;\n")
    assert parse_pabulib(padded).meta == parse_pabulib(APPROVAL).meta
    assert [v.named for v in parse_pabulib(padded).votes] == [("1", "2"), ("x-3",), ()]


def test_a_key_with_two_values_is_no_guess():
    twice = APPROVAL.replace("budget;1000,50", "budget;1000,50\nbudget;2000")
    with pytest.raises(DataFileError) as caught:
        parse_pabulib(twice)
    assert "budget vaut « 1000,50 », puis « 2000 »" in caught.value.problem.say("fr")
    same = APPROVAL.replace("budget;1000,50", "budget;1000,50\nbudget;1000,50")
    assert parse_pabulib(same).budget == Fraction(2001, 2)


@pytest.mark.parametrize(
    ("meta", "rule", "count"),
    [
        ("max_length;1", "more_named", 1),
        ("min_length;2", "fewer_named", 1),  # an empty ballot names nothing, and breaks nothing
        ("max_length;2\nmin_length;1", None, 0),
    ],
)
def test_ballots_beyond_what_the_file_announces_are_told(meta, rule, count):
    file = parse_pabulib(APPROVAL.replace("rule;greedy", meta))
    found = {finding.rule: finding for finding in file.findings}
    assert set(found) == ({f"pabulib.{rule}"} if rule else set())
    if rule:
        assert found[f"pabulib.{rule}"].count == count
    assert len(file.votes) == 3


def test_a_ballot_of_one_choice_that_names_two_and_points_beyond_their_sum_are_told():
    one = parse_pabulib(APPROVAL.replace("vote_type;approval", "vote_type;choose-1"))
    assert [finding.rule for finding in one.findings] == ["pabulib.more_named"]
    points = """META
key;value
budget;100
vote_type;cumulative
max_sum_points;5
max_points;3
PROJECTS
project_id;cost;votes
1;60;2
2;40;3
VOTES
voter_id;vote;points
a;1,2;3,2
b;1,2;4,2
"""
    found = {finding.rule: finding for finding in parse_pabulib(points).findings}
    assert set(found) == {"pabulib.more_points", "pabulib.higher_points", "pabulib.recounted"}
    assert "(2)" in found["pabulib.recounted"].message.say("fr")


def test_each_bound_that_the_format_knows_is_looked_at():
    """The four least ones and the cost of a ballot were not; at the bound is within it."""
    head = "META\nkey;value\nbudget;100\nvote_type;cumulative\n{}PROJECTS\nproject_id;cost\n1;60\n2;40\n"
    votes = "VOTES\nvoter_id;vote;points\na;1,2;3,2\nb;2;1\nc;;\n"
    for bound, rule, within in (
        ("min_length;2", "fewer_named", "min_length;1"),
        ("max_length;1", "more_named", "max_length;2"),
        ("min_sum_cost;41", "cheaper_named", "min_sum_cost;40"),
        ("max_sum_cost;99", "dearer_named", "max_sum_cost;100"),
        ("min_sum_points;2", "fewer_points", "min_sum_points;1"),
        ("max_sum_points;4", "more_points", "max_sum_points;5"),
        ("min_points;2", "lower_points", "min_points;1"),
        ("max_points;2", "higher_points", "max_points;3"),
    ):
        (found,) = parse_pabulib(head.format(f"{bound}\n") + votes).findings
        assert (found.rule, found.count) == (f"pabulib.{rule}", 1)
        name, said = bound.split(";")
        assert said in found.message.say("fr")
        assert name in found.remedy.say("fr")
        assert not len(parse_pabulib(head.format(f"{within}\n") + votes).findings)


def test_a_comma_that_may_be_that_of_thousands_is_told():
    file = parse_pabulib(APPROVAL.replace("x-3;1 000;", "x-3;12,500;"))
    (found,) = (f for f in file.findings if f.rule == "pabulib.comma")
    assert file.projects[2].cost == Fraction(25, 2)
    assert "« 12,500 » est lu 12.500" in found.message.say("fr")
