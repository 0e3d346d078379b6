"""GraceTHD 2.0: the public sample, and deliveries that contradict themselves."""

import datetime as dt
import shutil
import zipfile

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from planner.errors import DataFileError
from planner.io import read_gracethd
from planner.io.gracethd_model import CODES, COLUMNS, KEYS, REFERENCES, code_of
from planner.schemas import contract

X, Y = 309_000.0, 6_740_000.0
DAY = dt.date(2017, 10, 1)


def law(grace):
    """Every contract is kept, and every row of every table is used or set aside."""
    for name, table in grace.tables().items():
        contract(name).check(table)
    for rows_in, used, aside in grace.rows.values():
        assert rows_in == used + aside
    assert sum(aside for _, _, aside in grace.rows.values()) == len(grace.rejected_rows)
    for lang in ("fr", "en"):
        contract("findings").check(grace.findings.table(lang))


def rules(grace):
    return {finding.rule: finding for finding in grace.findings}


def delivery(folder, **tables):
    """Write tables as GraceTHD delivers them: Shapefiles where there is a geometry, CSV elsewhere."""
    folder.mkdir(exist_ok=True)
    for name, frame in tables.items():
        if isinstance(frame, gpd.GeoDataFrame):
            frame.to_file(folder / f"{name}.shp", encoding="utf-8")
        else:
            frame.to_csv(folder / f"{name}.csv", sep=";", index=False)
    return folder


def addresses(**columns):
    count = len(columns["ad_code"])
    return gpd.GeoDataFrame(
        {"ad_insee": ["35236"] * count, **columns},
        geometry=[shapely.Point(X + i, Y) for i in range(count)], crs=2154,
    )  # fmt: skip


def nodes(*codes):
    return gpd.GeoDataFrame(
        {"nd_code": list(codes)}, geometry=[shapely.Point(X + i, Y) for i in range(len(codes))],
        crs=2154,
    )  # fmt: skip


def test_the_sample_is_read_whole(shared):
    grace = read_gracethd(shared / "gracethd-sample", on=DAY)
    law(grace)
    assert grace.rows["t_cheminement"] == (25, 25, 0)
    assert grace.rows["t_suf"] == (21, 21, 0)
    # 21 final users; of the two addresses without any, one has a dwelling and a business
    assert len(grace.premises) == 21 + 2 + 1
    assert int(grace.premises["premises_min"].sum()) == 23
    assert set(grace.premises["insee"]) == {"18003"}
    support = grace.infrastructure["support"].value_counts().to_dict()
    assert support == {"duct": 15, "pole_telecom": 8, "facade": 2}
    assert grace.infrastructure_points["kind"].value_counts().to_dict() == {"chamber": 6, "pole": 3}
    assert set(grace.infrastructure_points["owner"]) == {"ORANGE", "ERDF", "SMO"}
    assert dict(zip(grace.existing_sites["kind"], grace.existing_sites["lines_count"], strict=True)) == {
        "nro": 1250, "pm": 750,
    }  # fmt: skip
    assert grace.sectors["nom"].tolist() == ["PM7"]
    by_level = grace.service_areas.set_index("level")
    assert by_level.loc["pm", "parent_id"] == by_level.loc["nro", "area_id"]
    ducts = grace.infrastructure.set_index("way_id")
    assert ducts.loc["CM000180033570", ["ducts_count", "tenure", "owner"]].tolist() == [
        7,
        "built",
        "SMO",
    ]
    assert ducts.loc["CM000180032602", "tenure"] == "rented"
    assert {"gracethd.states_differ", "gracethd.counts_differ", "gracethd.count_unknown"} <= set(
        rules(grace)
    )
    assert "gracethd.unresolved" not in rules(grace)


def test_the_value_lists_of_the_sample_are_all_known(shared):
    for name, codes in CODES.items():
        listed = pd.read_csv(shared / "gracethd-sample" / "lists" / f"{name}.csv", sep=";", dtype="str",
                             keep_default_na=False)  # fmt: skip
        ours = set(codes)
        if name == "l_suf_type":
            ours |= {"O", "T"}  # operators and technical sites are no premises
        if name == "l_adresse_etat":
            ours -= {"RD"}  # of later editions
        assert ours == set(listed["code"]), name


def test_the_sample_as_a_zip_of_shapefiles_says_the_same(shared, tmp_path):
    source = shared / "gracethd-sample"
    folder = tmp_path / "shpcsv"
    folder.mkdir()
    for name in ("t_adresse", "t_noeud", "t_cheminement", "t_znro", "t_zsro", "t_zdep", "t_zpbo"):
        frame = gpd.read_file(source / "gracethd_sample_l93.gpkg", layer=name)
        for column in frame.columns[frame.isna().all()]:
            frame[column] = None
        frame.to_file(folder / f"{name}.shp", encoding="utf-8")
    for path in (source / "tables").iterdir():
        shutil.copy(path, folder)
    with zipfile.ZipFile(tmp_path / "livraison.zip", "w") as archive:
        for part in sorted(folder.iterdir()):
            archive.write(part, f"gracethd/{part.name}")
    zipped, whole = read_gracethd(tmp_path / "livraison.zip", on=DAY), read_gracethd(source, on=DAY)
    law(zipped)
    for name, table in whole.tables().items():
        other = zipped.tables()[name]
        columns = [c for c in table.columns if c not in {"source", "geometry"}]
        pd.testing.assert_frame_equal(other[columns], table[columns], check_dtype=False)


def test_premises_by_hand(tmp_path):
    grace = read_gracethd(delivery(
        tmp_path / "d",
        t_adresse=addresses(
            ad_code=["A", "B", "C", "D", "E", "F", "G", "G"],
            ad_insee=["35236", "35236", "1143", None, "35236", "35236", "35236", "35236"],
            ad_nblhab=["2", "3", "1", "1", None, "x", "1", "2"],
            ad_nblpro=["0", "0", "0", "0", "4", "0", "0", "0"],
            ad_ietat=["DE", None, "CI", "CI", "??", "CI", "CI", "CI"],
        ),
        t_suf=pd.DataFrame({
            "sf_code": ["s1", "s2", "s3", "s4", "s5"],
            "sf_ad_code": ["A", "A", "C", "nowhere", "A"],
            "sf_type": ["R", "P", "R", "R", "T"],
            "sf_racco": ["PR", None, None, None, None],
        }),
    ), on=DAY)  # fmt: skip
    law(grace)
    found = grace.premises.set_index("premise_id")
    assert found[["premises_min", "premises_max"]].convert_dtypes().astype(object).where(
        lambda t: t.notna(), None
    ).to_dict("index") == {
        "s1": {"premises_min": 1, "premises_max": 1},
        "s2": {"premises_min": 1, "premises_max": 1},
        "B": {"premises_min": 3, "premises_max": 3},
        "E": {"premises_min": 4, "premises_max": None},
    }
    assert found["kind"].fillna("").to_dict() == {
        "s1": "dwelling",
        "s2": "business",
        "B": "dwelling",
        "E": "",
    }
    states = grace.state_changes.set_index("premise_id")["state"].to_dict()
    assert states == {"s1": "serviceable", "s2": "serviceable"}  # the address says it is served
    aside = grace.rejected_rows.groupby("reason").size().to_dict()
    assert aside == {
        "code_as_number": 1, "missing_code": 1, "bad_count": 1, "duplicate_key": 2,
        "unresolved_reference": 2, "not_a_premise": 1,
    }  # fmt: skip
    found = rules(grace)
    assert found["gracethd.unknown_code"].place.endswith("t_adresse.ad_ietat")
    assert "gracethd.unresolved" not in found  # said by the rows set aside
    assert found["gracethd.states_differ"].count == 1
    assert "gracethd.counts_differ" not in found


def test_infrastructure_whose_node_is_lost_is_set_aside(tmp_path):
    lines = gpd.GeoDataFrame(
        {"cm_code": ["c1", "c2", "c3"], "cm_ndcode1": ["n1", "n1", None], "cm_ndcode2": ["n2", "n9", "n2"],
         "cm_typ_imp": ["7", "12", None], "cm_long": ["100", "1", "-4"], "cm_avct": ["E", "C", "E"]},
        geometry=[shapely.LineString([(X, Y), (X + 50, Y)])] * 3, crs=2154,
    )  # fmt: skip
    grace = read_gracethd(delivery(
        tmp_path / "d", t_cheminement=lines, t_noeud=nodes("n1", "n2"),
        t_ptech=pd.DataFrame({"pt_code": ["p1", "p2"], "pt_nd_code": ["n1", "n9"], "pt_typephy": ["A", "A"],
                              "pt_prop": ["OR1", None]}),
    ))  # fmt: skip
    law(grace)
    ways = grace.infrastructure.set_index("way_id")
    assert list(ways.index) == ["c1", "c2"]
    assert ways["support"].isna().tolist() == [False, True]
    assert ways["to_node"].isna().tolist() == [False, True]
    assert ways["length_m"].tolist() == [50.0, 50.0]
    assert ways["state"].tolist() == ["existing", "to_build"]
    assert grace.infrastructure_points["point_id"].tolist() == ["p1"]
    assert grace.infrastructure_points["owner"].tolist() == ["OR1"]
    found = rules(grace)
    assert {"gracethd.lengths_apart", "gracethd.table_missing", "gracethd.unresolved"} <= set(found)
    assert len(grace.premises) == 0


def test_what_is_no_gracethd_or_twice_is_refused(tmp_path):
    folder = delivery(tmp_path / "d", autre=nodes("a"))
    with pytest.raises(DataFileError, match="aucune couche"):
        read_gracethd(folder)
    delivery(folder, t_cheminement=pd.DataFrame({"cm_code": ["a", "b"]}))
    with pytest.raises(DataFileError, match="pas de géométrie"):
        read_gracethd(folder)
    for place in ("22", "35"):
        delivery(folder / place, t_noeud=nodes("a"))
    (folder / "t_cheminement.csv").unlink()
    with pytest.raises(DataFileError, match="livrée deux fois"):
        read_gracethd(folder)


def test_the_model_holds_together():
    for reference in REFERENCES:
        assert {reference.table, reference.target} <= set(KEYS)
        if reference.table in COLUMNS:
            assert reference.column in COLUMNS[reference.table]
    for table, columns in COLUMNS.items():
        assert all(len(name) <= 10 for name in columns)
        first = next(iter(columns))
        prefix = first.partition("_")[0]
        assert all(name.startswith(f"{prefix}_") for name in columns)
        if table in {"t_cond_chem", "t_cab_cond"}:  # a pair of two codes is their key
            assert [name.endswith("_code") for name in columns][:2] == [True, True]
            continue
        assert first == KEYS.get(table, f"{prefix}_code") == f"{prefix}_code"
    assert code_of("l_implantation_type", "pole_energy") == "1"
    assert code_of("l_implantation_type", "nothing") is None
