"""What a territory lacks, and why: the rows that were set aside when its files were read."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from planner.errors import MissingLayerError, UnknownNameError
from planner.io import read_premises, read_sectors, read_zones
from planner.prepare import prepare_territory
from planner.scenario import Scenario
from planner.toy import toy_territory


@pytest.fixture
def read(tmp_path):
    def premises(**columns):
        table = {"premise_id": ["a", "b"], "insee": ["35236", "35236"], "kind": "dwelling",
                 "x": [309_000.0, 309_010.0], "y": 6_740_000.0}  # fmt: skip
        pd.DataFrame(table | columns).to_csv(tmp_path / "locaux.csv", index=False)
        intake = read_premises(tmp_path / "locaux.csv", crs="EPSG:2154")
        return (
            toy_territory()
            .with_tables(premises=intake.premises, rejected_rows=intake.rejected_rows)
            .with_findings(intake.findings)
        )

    return premises


@pytest.mark.parametrize(
    ("columns", "problem", "remedy"),
    [({"insee": [35236.0, 35236.0]}, "35236.0", "codes en texte"),
     ({"state": "raccordé ?"}, "raccordé ?", "états de l'ARCEP"),
     ({"insee": [35236.0, "?!"]}, "35236.0", "codes en texte")],
)  # fmt: skip
def test_rows_that_are_all_set_aside_say_why(read, columns, problem, remedy):
    territory = read(**columns)
    assert len(territory.rejected_rows) == 2
    with pytest.raises(MissingLayerError) as caught:
        territory.require("sectors", "premises")
    told = caught.value.problem.say("fr")
    assert told.startswith("il manque au territoire : premises")
    assert "locaux.csv" in told
    assert problem in told
    assert remedy in caught.value.remedy.say("fr")
    assert "locaux.csv" in caught.value.problem.say("en")


def test_each_reason_is_told_with_its_remedy(read):
    territory = read(insee=["35236.0", "?!"])
    reasons = sorted(territory.rejected_rows["reason"].astype(str))
    assert reasons == ["bad_code", "code_as_number"]
    with pytest.raises(MissingLayerError) as caught:
        territory.require("premises")
    assert "35236.0" in caught.value.problem.say("fr")
    assert "?!" in caught.value.problem.say("fr")
    assert " ; " in caught.value.remedy.say("fr")


def test_without_rows_set_aside_it_says_how_to_prepare():
    territory = toy_territory()
    territory = territory.with_tables(premises=territory.premises.iloc[:0])
    with pytest.raises(MissingLayerError) as caught:
        territory.require("premises")
    assert "prepare_territory" in caught.value.remedy.say("en")


def test_what_a_remedy_asks_for_can_be_said_in_a_scenario(tmp_path):
    """Codes that lost their zero, a bow-tie: set aside, then taken when the scenario says so."""
    table = pd.DataFrame({"premise_id": ["a"], "insee": [1143], "kind": "dwelling",
                          "x": [309_000.0], "y": 6_740_000.0})  # fmt: skip
    table.to_csv(tmp_path / "locaux.csv", index=False)
    x, y = 309_000, 6_740_000
    bow = shapely.Polygon([(x, y), (x + 100, y + 100), (x + 100, y), (x, y + 100)])
    shapes = gpd.GeoDataFrame(
        {"sector_id": ["s"], "zone_id": ["z"], "insee": [1143]}, geometry=[bow], crs="EPSG:2154"
    )
    shapes.to_file(tmp_path / "aires.gpkg")
    strict = Scenario.from_dict({})
    asked = Scenario.from_dict(
        {
            "premises": {"repair_codes": True, "crs": "EPSG:2154"},
            "sectors": {"repair": True, "repair_codes": True},
            "zones": {"repair": True},
        }
    )
    premises = read_premises(tmp_path / "locaux.csv", **asked.premises.reading())
    assert premises.premises["insee"].tolist() == ["01143"]
    for read, part in ((read_sectors, "sectors"), (read_zones, "zones")):
        before = read(tmp_path / "aires.gpkg", **getattr(strict, part).reading())
        assert (len(before.table), len(before.rejected_rows)) == (0, 1)
        after = read(tmp_path / "aires.gpkg", **getattr(asked, part).reading())
        assert (len(after.table), len(after.rejected_rows)) == (1, 0)
        assert shapely.is_valid(after.table.geometry.to_numpy()).all()


def test_each_toy_is_one_s_own():
    mine, other = toy_territory(), toy_territory()
    mine.sectors.loc[:, "premises_count"] = 0
    mine.premises.loc[:, "premises_min"] = 9
    for toy in (other, toy_territory()):
        assert (toy.sectors["premises_count"] > 0).all()
        assert (toy.premises["premises_min"] == 1).all()


def test_epci_of_a_year_that_is_not_embedded_are_refused_with_the_ways_out():
    asked = Scenario.from_dict({"name": "s", "territory": {"epci": "epci_2019"}})
    with pytest.raises(UnknownNameError) as refused:
        prepare_territory(asked)
    said = refused.value.say("fr")
    assert "n'a pas d'EPCI « epci_2019 » (territory.epci)" in said
    assert "mettez epci_2018, epci_2025" in said
    assert "planner concertation carry --from" in said
