"""Same inputs, same bytes: every output of two runs, and of permuted rows, is the same file."""

import hashlib

import numpy as np
import pytest

from planner import Scenario, make_plan, toy_territory, write_plan

TABLES = (
    "communes", "epci", "departements", "premises", "state_changes", "sectors", "sector_shares",
    "zones", "envelopes", "ballots", "deliberations", "prices", "villes_moyennes",
)  # fmt: skip


def digests(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


EXACT = {"rule": "exact"}
ASKED = (
    {}, EXACT, {**EXACT, "contiguity": "any_epci"},
    {**EXACT, "years": {"first": 2019, "count": 3, "lines_per_year": {"region": 12}}},
)  # fmt: skip


def write(territory, folder, lang="fr", programme=None):
    asked = {"name": "jouet", "programme": programme or {}}
    plan = make_plan(territory, Scenario.from_dict(asked))
    write_plan(plan, folder, lang=lang)
    return digests(folder)


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_two_runs_are_the_same_files(tmp_path, lang):
    first = write(toy_territory(), tmp_path / "a" / "jouet", lang)
    assert {"carte.html", "jouet.gpkg", "jouet.xlsx", "manifest.json"} <= set(first)
    assert write(toy_territory(), tmp_path / "b" / "jouet", lang) == first


def permuted(territory, order):
    tables = {name: getattr(territory, name) for name in TABLES}
    return territory.with_tables(
        **{name: table.iloc[order(len(table))].reset_index(drop=True)
           for name, table in tables.items()}
    )  # fmt: skip


@pytest.mark.parametrize("programme", ASKED)
def test_permuted_rows_are_the_same_files(tmp_path, programme):
    territory = toy_territory()
    first = write(territory, tmp_path / "a" / "jouet", programme=programme)
    assert {"carte.html", "jouet.gpkg"} <= set(first)
    draw = np.random.default_rng(len(str(programme)))
    for at, order in enumerate((lambda count: np.arange(count)[::-1], draw.permutation)):
        mixed = permuted(territory, order)
        assert write(mixed, tmp_path / f"b{at}" / "jouet", programme=programme) == first


def test_a_new_run_takes_the_place_of_the_old_one(tmp_path):
    folder = tmp_path / "jouet"
    first = write(toy_territory(), folder)
    assert write(toy_territory(), folder) == first
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == ["jouet"]
