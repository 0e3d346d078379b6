"""A territory of thirty sectors: three EPCI, shared sectors, a zone of phase 1, two islets."""

import random

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from planner.bulletin import SheetWish, make_sheets
from planner.crs import WORKING_CRS
from planner.export.bulletin import bulletin_html
from planner.scenario import Scenario
from planner.toy import toy_territory
from planner.zoning.zones import join_zones

NASTY = "{{7*7}}{#</script><img src=x onerror=alert(1)>"
ONE, TWO, THREE = "200000001", "200000002", "200000003"
_WEST, _SOUTH, _SIDE = 300_000.0, 6_800_000.0, 3_000.0


def _cell(column, row):
    x, y = _WEST + column * _SIDE, _SOUTH + row * _SIDE
    return shapely.box(x, y, x + _SIDE, y + _SIDE)


def make_wide(*, unit="lines", amount=600, credit=1_000_000):
    """Six columns of five sectors: the first EPCI has three columns and an islet of two sectors."""
    draw = random.Random(7)
    owners = [ONE, ONE, ONE, TWO, TWO, THREE]
    rows, shapes, shares = [], [], []
    for column in range(6):
        for row in range(5):
            key = f"2200{column + 1}-{row + 1:02d}"
            lines = draw.randint(40, 220)
            rows.append(
                (key, f"Secteur {column + 1}.{row + 1}", f"2200{column + 1}", owners[column], lines)
            )
            shapes.append(_cell(column + (30 if column == 0 and row > 2 else 0), row))
            other = owners[5 - column] if owners[5 - column] != owners[column] else TWO
            cut = {1: lines // 3, 3: 2 * lines // 3}.get(row, 0) if column in {2, 3} else 0
            shares.append((key, owners[column], lines - cut))
            if cut:
                shares.append((key, ONE if owners[column] != ONE else other, cut))
    sectors = pd.DataFrame(
        rows, columns=["sector_id", "nom", "insee", "epci_siren", "premises_count"]
    )
    sectors.loc[sectors["sector_id"] == "22002-02", "nom"] = NASTY
    sectors["departement"], sectors["area_kind"], sectors["synthetic"] = "22", "rural", True
    sectors["zone_id"] = sectors["sector_id"].map({"22001-01": "T1-VM-22001"}).astype("object")
    sectors["zone_id"] = sectors["zone_id"].where(sectors["zone_id"].notna(), None)
    frame = gpd.GeoDataFrame(sectors, geometry=shapes, crs=WORKING_CRS)
    zoned = join_zones(
        frame,
        zones=pd.DataFrame(
            {"zone_id": ["T1-VM-22001"], "nom": ["Ville"], "kind": ["ville_moyenne"], "tranche": [1],
             "ville_moyenne_insee": ["22001"], "synthetic": [True]}
        ),
    )  # fmt: skip
    toy = toy_territory()
    by_commune = frame.dissolve("insee", as_index=False)
    communes = gpd.GeoDataFrame(
        {
            "insee": by_commune["insee"],
            "nom": [NASTY if code == "22003" else f"Commune {code}" for code in by_commune["insee"]],
            "departement": "22", "epci_siren": by_commune["epci_siren"], "population": 20,
            "regulatory_zone": "public",
            "bourg_x_m": [g.centroid.x for g in by_commune.geometry],
            "bourg_y_m": [g.centroid.y for g in by_commune.geometry],
        },
        geometry=by_commune.geometry.to_numpy(), crs=WORKING_CRS,
    )  # fmt: skip
    of_epci = frame.dissolve("epci_siren", as_index=False)
    epci = gpd.GeoDataFrame(
        {
            "siren": of_epci["epci_siren"],
            "nom": [f"CC n° {code[-1]}" for code in of_epci["epci_siren"]],
            "nature": "CC", "beyond_region": False, "member": True, "public_premises": True,
        },
        geometry=of_epci.geometry.to_numpy(), crs=WORKING_CRS,
    )  # fmt: skip
    whole = shapely.union_all(frame.geometry.to_numpy())
    envelopes = pd.DataFrame(
        {
            "epci_siren": [ONE, TWO, THREE], "unit": [unit, "lines", "lines"],
            "amount": pd.array([amount, 99_999, 99_999], dtype="Int64"),
            "med_credit_cents": pd.array([credit, 0, 0], dtype="Int64"),
            "source": "jouet", "synthetic": True,
        }
    )  # fmt: skip
    deliberations = pd.DataFrame(
        {"epci_siren": [ONE, TWO, THREE], "state": "voted",
         "on": pd.to_datetime(["2017-10-02"] * 3), "source": "jouet", "synthetic": True}
    )  # fmt: skip
    one = {"geometry": [whole], "crs": WORKING_CRS}
    return toy.with_tables(
        region=gpd.GeoDataFrame({"code": ["53"], "nom": ["Toy"]}, **one),
        departements=gpd.GeoDataFrame({"code": ["22"], "nom": ["Toy 22"]}, **one),
        epci=epci, communes=communes, sectors=zoned.sectors, zones=zoned.zones,
        sector_shares=pd.DataFrame(shares, columns=["sector_id", "epci_siren", "premises_count"]),
        envelopes=envelopes, deliberations=deliberations,
        ballots=toy.ballots.iloc[:0],
    )  # fmt: skip


def draw_wishes(sheet, seed):
    """Draw a ballot with everything that can go wrong in it: ties, contradictions, others' sectors."""
    draw = random.Random(seed)
    wishes = []
    last = draw.choice([3, 6, 20])
    stances = ["required"] * draw.choice([1, 1, 9]) + ["refused", "refused", None]
    most = draw.choice([0.75, 0.75, 0.3])
    for sector in sheet.sectors:
        kind = draw.random()
        rank = draw.randint(1, last) if kind < min(0.6, most) else None
        stance = None if kind > 0.15 and kind < most else draw.choice(stances)
        if stance == "required" and draw.random() < 0.5:
            rank = None  # else it has one that doesn't count
        if rank is not None or stance is not None:
            wishes.append(SheetWish(sector_id=sector.sector_id, rank=rank, stance=stance))
    return wishes


def make_case(**more):
    ties, rule = more.pop("ties", "refuse"), more.pop("rule", "ranking_within_envelope")
    scenario = Scenario.from_dict(
        {"name": "large", "concertation": {"ties": ties}, "programme": {"rule": rule}}
    )
    territory = make_wide(**more)
    return territory, scenario, make_sheets(territory, scenario)[ONE]


@pytest.fixture(scope="session")
def wide():
    """Make a territory, its scenario and the sheet of its first EPCI."""
    return make_case


@pytest.fixture(scope="session")
def drawn():
    return draw_wishes


@pytest.fixture(scope="module")
def case(wide):
    return wide()


@pytest.fixture(scope="module")
def file(case, tmp_path_factory):
    territory, scenario, sheet = case
    path = tmp_path_factory.mktemp("bulletin d'été") / "bulletin à voter.html"
    path.write_text(bulletin_html(sheet, territory, scenario), encoding="utf-8")
    return path


@pytest.fixture
def open_page(browser, file):
    contexts = []

    def opened(path=file, width=1280, height=800, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.said = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.goto(path.as_uri())
        if options.get("java_script_enabled", True):
            page.wait_for_selector("html.ready", timeout=20_000)
        return page

    yield opened
    for context in contexts:
        context.close()
