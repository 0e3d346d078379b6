"""What is published of the requests: sites and figures, and not a byte of who asks."""

import datetime as dt
import io
import zipfile

import numpy as np
import pandas as pd
import pypdf
import pytest
import shapely

from planner.axe3 import add_axe3, assess_on_plan, network_supports
from planner.engineering import add_network, read_works
from planner.export import write_plan
from planner.export.dossier import write_dossiers
from planner.export.map import MapData, map_html, write_map
from planner.export.map.themes import paint
from planner.export.qgis import write_package
from planner.io.register import open_register
from planner.io.register_rules import read_register_rules
from planner.plan import make_plan
from planner.register import count_requests, list_sites
from planner.scenario import Scenario
from planner.schemas import contract
from planner.toy import toy_territory
from planner.vocab import RequestEvent

ON = dt.date(2018, 6, 1)
RULES = read_register_rules()
WEST, FAR = (304_500.0, 6_805_000.0), (1.0, 1.0)
SECRETS = ("Zyxwvut Quenotte", "zyxwvut@secret.example", "0711223344", "rue du Xylophone",
           "73282932000074", "visio-xylophage")  # fmt: skip


def handed_in(places, kinds):
    ids = [f"R{i:016x}" for i in range(len(places))]
    requests = pd.DataFrame(
        {
            "request_id": ids, "kind": kinds, "received_on": pd.Timestamp("2018-05-01"),
            "x_m": [p[0] for p in places], "y_m": [p[1] for p in places], "insee": None,
            "supply_evidence": "quote", "supply_on": pd.Timestamp("2018-04-01"),
            "supply_mbps": 4.0, "synthetic": True,
        }
    )  # fmt: skip
    name, email, phone, address, siret, need = SECRETS
    contacts = pd.DataFrame(
        {"request_id": ids, "organisation": [f"{name} {i}" for i in ids], "contact": name,
         "email": email, "phone": phone, "address": f"1 {address}", "siret": siret, "need": need}
    )  # fmt: skip
    return requests.astype({"kind": "str", "insee": "str"}), contacts


@pytest.fixture
def stored(tmp_path):
    """Six requests: one accepted and funded, one withdrawn, one erased, one individual, one outside."""
    places = [WEST, WEST, (305_000.0, 6_804_000.0), WEST, (306_999.0, 6_801_999.0), FAR]
    kinds = ["business", "education", "research", "individual", None, "business"]
    requests, contacts = handed_in(places, kinds)
    ids = requests["request_id"].tolist()
    (tmp_path / "store").mkdir()
    with open_register(tmp_path / "store" / "r.gpkg") as register:
        register.add(requests, contacts, on=ON)
        register.record(ids[0], RequestEvent.ACCEPTED, on=ON, note=f"vu {SECRETS[0]}")
        register.record(ids[0], RequestEvent.FUNDED, on=ON, amount_cents=700_000)
        register.record(ids[0], RequestEvent.FUNDED, on=ON, amount_cents=55_000)
        register.record(ids[1], RequestEvent.WITHDRAWN, on=ON)
        register.erase([ids[2]], on=ON)
        return register.tables()


@pytest.fixture
def plan():
    return make_plan(toy_territory(), Scenario())


def test_sites_are_cells_without_anything_of_the_register(stored, plan):
    got = add_axe3(plan, stored, rules=RULES).more["axe3_sites"]
    contract("axe3_sites").check(got)
    assert got["site_id"].tolist() == ["22002-001", "35002-001"]
    funded = got.set_index("state").loc["funded"]
    assert (funded["kind"], funded["funded_cents"]) == ("business", 755_000)
    # 304 500, 6 805 000 lies in the cell 304 400-304 600, 6 805 000-6 805 200
    assert (funded["x_m"], funded["y_m"]) == (304_500.0, 6_805_100.0)
    assert funded.geometry.equals(shapely.Point(304_500.0, 6_805_100.0))
    other = got[got["state"] == "received"].iloc[0]
    assert (other["x_m"], other["y_m"], pd.isna(other["kind"])) == (306_900.0, 6_801_900.0, True)
    text = got.to_csv()
    assert not [r for r in stored["requests"]["request_id"] if r in text]


def test_figures_count_every_live_request_once(stored, plan):
    got = add_axe3(plan, stored, rules=RULES).more["axe3_figures"].set_index(["level", "code"])
    region = got.loc[("region", "53")]
    assert (region["requests_count"], region["outside_count"]) == (4, 1)
    assert (region["accepted_count"], region["funded_cents"]) == (1, 755_000)
    parts = ["eligible_count", "not_eligible_count", "undecided_count", "unassessed_count"]
    assert (got[parts].sum(axis=1) == got["requests_count"]).all()
    for level in ("epci", "departement"):
        assert got.loc[level, "requests_count"].sum() == 3
    assert len(got.loc["epci"]) == 4  # those of whom nobody asked have their row


def test_row_order_changes_neither(stored, plan):
    mixed = {name: frame.sample(frac=1, random_state=5) for name, frame in stored.items()}
    one, two = (add_axe3(plan, tables, rules=RULES).more for tables in (stored, mixed))
    for name in ("axe3_sites", "axe3_figures"):
        pd.testing.assert_frame_equal(one[name], two[name])


def test_without_requests_there_are_no_sites_and_figures_of_zero(plan):
    empty = {name: contract(name).empty() for name in
             ("requests", "request_contacts", "request_journal")}  # fmt: skip
    got = add_axe3(plan, empty, rules=RULES).more
    assert got["axe3_sites"].empty
    assert (got["axe3_figures"].filter(like="count") == 0).all().all()


def contents(path):
    """Return every file below a folder and every member of its archives, in lower case."""
    for file in sorted(path.rglob("*")):
        if file.is_file():
            yield file.name, file.read_bytes()
            if file.suffix == ".pdf":
                text = "".join(page.extract_text() for page in pypdf.PdfReader(file).pages)
                yield f"{file.name} (read)", text.encode()
            if zipfile.is_zipfile(file):
                yield from members(file.name, file.read_bytes())


def members(name, content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for inside in archive.namelist():
            data = archive.read(inside)
            yield f"{name}/{inside}", data
            if inside.endswith((".zip", ".qgz", ".xlsx")):
                yield from members(f"{name}/{inside}", data)


def test_no_output_holds_a_byte_of_who_asks(stored, plan, tmp_path):
    out = tmp_path / "sorties"
    out.mkdir()
    answer = add_axe3(plan, stored, rules=RULES)
    assert len(answer.more["axe3_sites"]) == 2
    write_plan(answer, out / "plan")
    write_package(answer, out / "paquet")
    write_map(out / "carte.html", answer)
    write_dossiers(answer, out / "dossiers")
    everything = list(contents(out))
    names = [name for name, _ in everything]
    assert any(name.endswith("axe3_sites.csv") for name in names)
    assert any(name.endswith(".xlsx/xl/workbook.xml") for name in names)
    assert any(name.endswith(".pdf (read)") for name in names)
    hidden = [word.lower() for word in SECRETS] + stored["requests"]["request_id"].tolist()
    for name, content in everything:
        plain = content.lower()
        for word in hidden:
            for encoding in ("utf-8", "utf-16-le"):
                assert word.lower().encode(encoding) not in plain, (name, word)


def test_the_layer_reaches_the_geopackage_and_the_workbook(stored, plan, tmp_path):
    import geopandas as gpd
    import openpyxl

    answer = add_axe3(plan, stored, rules=RULES)
    write_plan(answer, tmp_path / "plan")
    file = next((tmp_path / "plan").glob("*.gpkg"))
    layer = gpd.read_file(file, layer="axe3_sites")
    assert layer.geometry.x.tolist() == answer.more["axe3_sites"]["x_m"].tolist()
    book = openpyxl.load_workbook(next((tmp_path / "plan").glob("*.xlsx")), read_only=True)
    assert {"Sites de l'axe 3", "Axe 3 en chiffres"} <= set(book.sheetnames)
    book.close()


@pytest.mark.postgis
def test_a_published_plan_shows_sites_and_figures(stored, plan, database):
    import psycopg

    from planner.export.postgis import publish_plan

    publish_plan(database, add_axe3(plan, stored, rules=RULES))
    with psycopg.connect(database) as db:
        rows = db.execute(
            "SELECT site_id, ST_X(geom) FROM planner.axe3_sites ORDER BY 1"
        ).fetchall()
        assert len(rows) == 2
        count = "SELECT requests_count FROM planner.axe3_figures WHERE level = 'region'"
        assert db.execute(count).fetchall() == [(4,)]
        view = "SELECT sum(requests_count), count(*) FROM planner.epci_axe3"
        assert db.execute(view).fetchall() == [(3, 4)]
        dump = " ".join(str(row) for row in db.execute("SELECT * FROM planner.axe3_sites"))
    assert not [word for word in SECRETS if word in dump]


def test_the_distance_is_measured_along_the_network_that_opens_within_the_term(plan):
    prices, keys = read_works()
    designed = add_network(plan, prices=prices, funding_keys=keys)
    near = network_supports(designed, on=ON, term_years=3)
    routes = designed.more["routes"].set_index("route_id")
    kept = routes.loc[near.routes["edge_id"]]
    # phases 1 and 2 open by 2019 in the toy plan, phase 3 in 2023
    assert set(kept["phase"]) == {"1", "2"}
    assert set(routes["phase"]) == {"1", "2", "3"}
    assert network_supports(plan, on=ON, term_years=3) is None
    requests, _ = handed_in([WEST], ["business"])
    flat = assess_on_plan(plan, requests, rules=RULES, on=ON).assessments.iloc[0]
    along = assess_on_plan(designed, requests, rules=RULES, on=ON).assessments.iloc[0]
    assert (bool(flat["along_network"]), bool(along["along_network"])) == (False, True)
    # by hand: to the nearest piece, then the shortest way over pieces to one that opens in time
    assert along["distance_m"] == pytest.approx(by_networkx(near, WEST), abs=0.02)


def by_networkx(supports, place):
    import networkx as nx

    point = shapely.Point(place)
    graph = nx.Graph()
    served = set(supports.routes["edge_id"])
    goals = set()
    for edge, line in zip(supports.ways["edge_id"], supports.ways.geometry, strict=True):
        ends = [tuple(np.round(c, 2)) for c in (line.coords[0], line.coords[-1])]
        graph.add_edge(*ends, weight=line.length)
        if edge in served:
            goals |= set(ends)
    nearest = supports.ways.geometry.iloc[supports.ways.distance(point).argmin()]
    along = nearest.project(point)
    best = min(
        offset + min(nx.multi_source_dijkstra(graph, goals, target=tuple(np.round(end, 2)))[:1])
        for offset, end in (
            (along, nearest.coords[0]),
            (nearest.length - along, nearest.coords[-1]),
        )
    )
    return nearest.distance(point) + best


def test_the_map_paints_communes_by_their_eligible_requests(stored, plan):
    def painted(answer):
        themes = {one.theme.key: one for one in paint(MapData.from_plan(answer))}
        return themes.get("axe3")

    assert painted(plan) is None
    answer = add_axe3(plan, stored, rules=RULES, on=ON)
    sites = answer.more["axe3_sites"]
    got = painted(answer)
    insee = MapData.from_plan(answer).communes["insee"].tolist()
    for code, position in zip(insee, got.communes, strict=True):
        mine = sites[sites["insee"] == code]
        eligible = int((mine["eligibility"] == "eligible").sum())
        expected = "unknown" if mine.empty else {0: "axe3_0"}.get(eligible, "axe3_1")
        assert got.theme.classes[position].key == expected
    assert {got.theme.classes[p].key for p in got.communes} >= {"unknown", "axe3_1"}
    assert "axe3_sites" in MapData.from_plan(answer).synthetic_layers
    page = map_html(MapData.from_plan(answer))
    assert "Demandes éligibles de l&#39;axe 3" in page or "Demandes éligibles de l'axe 3" in page


def test_hand_counts_on_bare_tables():
    toy = toy_territory()
    requests, _ = handed_in([WEST, FAR], ["business", "business"])
    journal = pd.DataFrame(
        {"event_id": [1, 2, 3], "request_id": [*requests["request_id"], requests["request_id"][0]],
         "event": ["received", "received", "assessed"], "on": pd.Timestamp("2018-05-01"),
         "eligibility": [None, None, "eligible"], "amount_cents": pd.array([None] * 3, "Int64"),
         "plan": None, "chain": "0" * 64}
    )  # fmt: skip
    nothing = contract("request_assessments").empty()
    sites = list_sites(
        requests, assessments=nothing, journal=journal, communes=toy.communes, cell_m=200
    )
    assert sites["state"].tolist() == ["received"]
    assert sites["eligibility"].isna().all()
    figures = count_requests(
        requests, assessments=nothing, journal=journal, region=toy.region,
        departements=toy.departements, epci=toy.epci, communes=toy.communes,
    )  # fmt: skip
    row = figures[figures["level"] == "region"].iloc[0]
    assert (row["unassessed_count"], row["outside_count"], row["cost_cents"]) == (2, 1, 0)


def test_the_map_shows_points_by_answer_and_their_commune_lists_them(stored, plan):
    from planner.export.map.sites import site_legend, sites_block

    answer = add_axe3(plan, stored, rules=RULES, on=ON)
    data = MapData.from_plan(answer)
    block = sites_block(data, lang="fr")
    sites = answer.more["axe3_sites"]
    assert sum(len(mark["x"]) for mark in block["marks"]) == len(sites)
    assert {mark["key"].removeprefix("axe3_") for mark in block["marks"]} == set(
        sites["eligibility"]
    )
    codes = data.communes["insee"].tolist()
    lines = {codes[int(place)]: told for place, told in block["of"].items()}
    assert {code: len(told) for code, told in lines.items()} == dict(sites["insee"].value_counts())
    words = lines["22002"][0].replace("\u202f", " ")
    assert words == "Entité économique : éligible (financée) ; liaison radio, 12 000 €"
    assert block["madeUp"]
    said = str(block)
    assert not [word for word in (*SECRETS, *stored["requests"]["request_id"]) if word in said]
    rows, notes = site_legend(data, lang="fr")
    assert {row["key"] for row in rows} == {mark["key"] for mark in block["marks"]}
    assert "maille" in notes[0]
    assert sites_block(MapData.from_plan(plan), lang="fr") is None
