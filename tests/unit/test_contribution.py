"""What EPCI owe, to the cent: the press case of Bretagne Romantique and the credit."""

import geopandas as gpd
import pandas as pd
import shapely

from planner.contribution import count_contributions

ROMANTIQUE, VAL_D_ILLE = "243500733", "243500667"


def tables(shares, phase="1"):
    names = sorted({row[0] for row in shares})
    sectors = pd.DataFrame({"sector_id": names, "nom": names, "zone_id": names})
    zones = gpd.GeoDataFrame(
        {"zone_id": names, "nom": names}, geometry=[shapely.Point(0, 0)] * len(names)
    )
    programme = pd.DataFrame({"sector_id": names, "phase": phase})
    frame = pd.DataFrame(shares, columns=["sector_id", "epci_siren", "premises_count"])
    return {"sectors": sectors, "zones": zones, "programme": programme, "sector_shares": frame}


def test_bretagne_romantique_to_the_euro():
    counted, findings = count_contributions(
        **tables([
            ("Combourg nord", ROMANTIQUE, 843),
            ("Saint-Pierre-de-Plesguen sud", ROMANTIQUE, 494),
            ("Tinténiac sud", ROMANTIQUE, 447),
            ("Dingé / Guipel", ROMANTIQUE, 12),
            ("Dingé / Guipel", VAL_D_ILLE, 300),
        ]),
        credits_cents={}, cents_per_line=44_500,
    )  # fmt: skip
    ours = counted[counted["epci_siren"] == ROMANTIQUE].set_index("place_id")["net_cents"]
    assert ours.to_dict() == {
        "Combourg nord": 375_135_00,
        "Dingé / Guipel": 5_340_00,
        "Saint-Pierre-de-Plesguen sud": 219_830_00,
        "Tinténiac sud": 198_915_00,
    }
    assert ours.sum() == 799_220_00
    assert counted.loc[counted["epci_siren"] == VAL_D_ILLE, "net_cents"].tolist() == [300 * 44_500]
    assert len(findings) == 0


def test_the_credit_is_used_once_in_order():
    counted, _ = count_contributions(
        **tables([("a", ROMANTIQUE, 10), ("b", ROMANTIQUE, 10)]),
        credits_cents={ROMANTIQUE: 500_000}, cents_per_line=44_500,
    )  # fmt: skip
    assert counted["credit_cents"].tolist() == [445_000, 55_000]
    assert counted["net_cents"].tolist() == [0, 390_000]


def test_lines_without_epci_are_nobodys_and_said_so():
    counted, findings = count_contributions(
        **tables([("île", "", 30)]), credits_cents={}, cents_per_line=44_500
    )
    assert counted.empty
    assert [(f.rule, f.count) for f in findings] == [("contribution.no_epci", 30)]


def test_phase_3_owes_nothing_yet():
    counted, _ = count_contributions(
        **tables([("a", ROMANTIQUE, 10)], phase="3"), credits_cents={}, cents_per_line=44_500
    )
    assert counted.empty
