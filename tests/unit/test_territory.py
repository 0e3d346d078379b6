"""What a territory lacks, and why: the rows that were set aside when its files were read."""

import pandas as pd
import pytest

from planner.errors import MissingLayerError
from planner.io import read_premises
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
