"""A territory small enough to be solved by hand: four communes, four EPCI, forty premises.

Everything in it is made up.  Four square communes of 4 km stand in a square; each is an EPCI of
its own, is cut in a western sector of 4 premises and an eastern one of 6, and the first one is the
ville moyenne of phase 1::

    Toy-Nord-Ouest (22001)   Toy-Nord-Est (22002)
    Toy-Sud-Ouest  (35001)   Toy-Sud-Est  (35002)
"""

from __future__ import annotations

from dataclasses import fields
from functools import cache

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.crs import WORKING_CRS
from planner.provenance import Origin
from planner.territory import Territory
from planner.zoning.zones import join_zones

__all__ = ["toy_territory"]

_SIDE_M = 4_000.0
_WEST_M, _SOUTH_M = 300_000.0, 6_800_000.0
_WEST_COUNT, _EAST_COUNT = 4, 6
_PLACES = (
    ("22001", "Toy-Nord-Ouest", "200000001", 0, 1),
    ("22002", "Toy-Nord-Est", "200000002", 1, 1),
    ("35001", "Toy-Sud-Ouest", "200000003", 0, 0),
    ("35002", "Toy-Sud-Est", "200000004", 1, 0),
)


def toy_territory() -> Territory:
    """Make the toy territory, with its concertation.

    The first EPCI's commune is the only zone of phase 1.  The second one has 6 lines and ranks its
    eastern sector first, which leaves no room for the western one; the third has 4 lines, ranks its
    western sector and refuses the eastern one; the fourth has not voted.

    Examples
    --------
    >>> territory = toy_territory()
    >>> len(territory.premises), len(territory.sectors)
    (40, 8)
    """
    made = _made()
    tables = {field.name: getattr(made, field.name) for field in fields(made)}
    own = {name: some.copy() for name, some in tables.items() if isinstance(some, pd.DataFrame)}
    return made.with_tables(**own)


@cache
def _made() -> Territory:
    """Make it once: whoever asks has copies of its tables."""
    communes = _communes()
    sectors, shares = _sectors()
    zoning = join_zones(
        sectors,
        zones=pd.DataFrame(
            {
                "zone_id": ["T1-VM-22001"],
                "nom": ["Toy-Nord-Ouest"],
                "kind": ["ville_moyenne"],
                "tranche": [1],
                "ville_moyenne_insee": ["22001"],
                "synthetic": [True],
            }
        ),
    )
    premises = _premises(sectors)
    return Territory(
        name="toy",
        title="Territoire jouet",
        vintage=2018,
        region=_one(communes, "53", "Toy"),
        departements=pd.concat(
            [_one(communes[communes["departement"] == d], d, f"Toy {d}") for d in ("22", "35")],
            ignore_index=True,
        ),
        epci=_epci(communes),
        communes=communes,
        villes_moyennes=pd.DataFrame(
            {
                "insee": ["22001"], "nom": ["Toy-Nord-Ouest"], "tranche": [1],
                "epci_siren": ["200000001"], "reading": ["read"], "source": ["jouet"],
            }
        ),
        prices=_prices(),
        premises=premises,
        state_changes=_state_changes(premises),
        sectors=zoning.sectors,
        sector_shares=shares,
        zones=zoning.zones,
        envelopes=_envelopes(),
        ballots=_ballots(),
        deliberations=_deliberations(),
        origins=(
            Origin(
                layer="premises", title="Locaux jouets", source="planner.toy", licence="GPL-3.0",
                vintage="2018", rows=40, synthetic=True,
            ),
        ),
    )  # fmt: skip


def _box(column: float, row: float, width: float = 1.0, height: float = 1.0) -> shapely.Polygon:
    west, south = _WEST_M + column * _SIDE_M, _SOUTH_M + row * _SIDE_M
    return shapely.box(west, south, west + width * _SIDE_M, south + height * _SIDE_M)


def _communes() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "insee": [p[0] for p in _PLACES],
            "nom": [p[1] for p in _PLACES],
            "departement": [p[0][:2] for p in _PLACES],
            "epci_siren": [p[2] for p in _PLACES],
            "population": [20, 20, 20, 20],
            "regulatory_zone": ["public"] * len(_PLACES),
            "bourg_x_m": [_WEST_M + (p[3] + 0.5) * _SIDE_M for p in _PLACES],
            "bourg_y_m": [_SOUTH_M + (p[4] + 0.5) * _SIDE_M for p in _PLACES],
        },
        geometry=[_box(p[3], p[4]) for p in _PLACES],
        crs=WORKING_CRS,
    )


def _one(communes: gpd.GeoDataFrame, code: str, nom: str) -> gpd.GeoDataFrame:
    whole = shapely.coverage_union_all(communes.geometry.to_numpy())
    return gpd.GeoDataFrame({"code": [code], "nom": [nom]}, geometry=[whole], crs=WORKING_CRS)


def _epci(communes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "siren": communes["epci_siren"],
            "nom": "CC " + communes["nom"],
            "nature": "CC",
            "beyond_region": False,
            "member": True,
            "public_premises": True,
        },
        geometry=communes.geometry,
        crs=WORKING_CRS,
    )


def _sectors() -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    rows, shapes = [], []
    for insee, nom, siren, column, row in _PLACES:
        for half, count in enumerate((_WEST_COUNT, _EAST_COUNT)):
            side = ("ouest", "est")[half]
            rows.append((f"{insee}-{half + 1:02d}", f"{nom} {side}", insee, siren, count))
            shapes.append(_box(column + half / 2, row, width=0.5))
    frame = pd.DataFrame(
        rows, columns=["sector_id", "nom", "insee", "epci_siren", "premises_count"]
    )
    frame["departement"] = frame["insee"].str[:2]
    frame["area_kind"] = "rural"
    in_zone = frame["insee"] == "22001"
    frame["zone_id"] = pd.Series("T1-VM-22001", index=frame.index).where(in_zone, None)
    frame["synthetic"] = True
    sectors = gpd.GeoDataFrame(frame, geometry=shapes, crs=WORKING_CRS)
    return sectors, frame[["sector_id", "epci_siren", "premises_count"]].copy()


def _premises(sectors: gpd.GeoDataFrame) -> pd.DataFrame:
    parts = []
    for row in sectors.to_dict("records"):
        count = row["premises_count"]
        west, south, east, north = row["geometry"].bounds
        step = (np.arange(count) + 1.0) / (count + 1.0)
        ids = [f"{row['sector_id']}-{number + 1}" for number in range(count)]
        parts.append(
            pd.DataFrame(
                {
                    "premise_id": ids, "building_id": ids, "insee": row["insee"],
                    "kind": ["dwelling"] * (count - 1) + ["business"],
                    "premises_min": 1, "premises_max": 1,
                    "x_m": west + step * (east - west), "y_m": south + step * (north - south),
                    "sector_id": row["sector_id"],
                }
            )
        )  # fmt: skip
    frame = pd.concat(parts, ignore_index=True)
    for name in ("insee", "kind", "sector_id"):
        frame[name] = frame[name].astype("category")
    return frame


def _state_changes(premises: pd.DataFrame) -> pd.DataFrame:
    """Target the whole ville moyenne in 2015, and open its western sector at the end of 2017."""
    town = premises[premises["insee"] == "22001"]
    west = premises[premises["sector_id"] == "22001-01"]
    parts = [
        pd.DataFrame({"premise_id": town["premise_id"], "on": "2015-03-01", "state": "targeted"}),
        pd.DataFrame(
            {"premise_id": west["premise_id"], "on": "2017-12-31", "state": "serviceable"}
        ),
    ]
    frame = pd.concat(parts, ignore_index=True)
    frame["on"] = pd.to_datetime(frame["on"]).astype("datetime64[s]")
    return frame


def _prices() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "density_class": ["sparse", "dense"],
            "density_min_per_km2": [0.0, 0.7],
            "density_max_per_km2": [0.7, np.nan],
            "cost_cents_per_premise": [200_000, 100_000],
            "valid_from": pd.to_datetime(["2017-01-01", "2017-01-01"]),
            "source": "jouet",
            "synthetic": True,
        }
    )


def _envelopes() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "epci_siren": [p[2] for p in _PLACES],
            "unit": "lines",
            "amount": pd.array([0, 6, 4, 10], dtype="Int64"),
            "med_credit_cents": pd.array([0, 100_000, 0, None], dtype="Int64"),
            "source": "jouet",
            "synthetic": True,
        }
    )


def _ballots() -> pd.DataFrame:
    rows = [
        ("200000002", "22002-02", "ranked", 1),
        ("200000002", "22002-01", "ranked", 2),
        ("200000003", "35001-01", "ranked", 1),
        ("200000003", "35001-02", "refused", None),
        ("200000004", "35002-01", "ranked", 1),
    ]
    frame = pd.DataFrame(rows, columns=["epci_siren", "sector_id", "wish", "rank"])
    frame["rank"] = frame["rank"].astype("Int64")
    frame["points"] = pd.array([None] * len(frame), dtype="Int64")
    return frame.assign(source="jouet", synthetic=True)


def _deliberations() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "epci_siren": [p[2] for p in _PLACES],
            "state": ["voted", "voted", "voted", "pending"],
            "on": pd.to_datetime(pd.Series(["2017-10-02", "2017-11-06", "2017-12-04", None])),
            "source": "jouet",
            "synthetic": True,
        }
    )
