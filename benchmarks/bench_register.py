"""The register of Axe 3 at the size of a region: intake, assessment, and a plan that changes.

    python benchmarks/bench_register.py [--smoke] [--requests 10000]

Generated requests on the embedded communes and a grid of sectors: seconds of CPU to write them, to
answer them by the written rules, to answer them again on a changed plan and to list what changed.
The places must be those of geopandas' spatial join, and the list of changes exactly what a
comparison of the two answers, cell by cell, gives.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.io import read_geodata
from planner.io.register import open_register
from planner.io.register_rules import read_register_rules
from planner.register import Assessment, PlannedFibre, assess_requests, compare_assessments

T = TypeVar("T")
ON = dt.date(2018, 6, 1)
CELL_M = 4_000.0


def make_sectors(communes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Cut the region into squares, each a sector."""
    west, south, east, north = communes.total_bounds
    places = [
        (x, y) for x in np.arange(west, east, CELL_M) for y in np.arange(south, north, CELL_M)
    ]
    boxes = [shapely.box(x, y, x + CELL_M, y + CELL_M) for x, y in places]
    names = [f"S{number:05d}" for number in range(len(boxes))]
    return gpd.GeoDataFrame({"sector_id": names}, geometry=boxes, crs=communes.crs)


def make_plan_of(
    communes: gpd.GeoDataFrame, sectors: gpd.GeoDataFrame, *, seed: int
) -> PlannedFibre:
    """Give nine sectors in ten a quarter between 2019 and 2030."""
    rng = np.random.default_rng(seed)
    dated = rng.random(len(sectors)) < 0.9
    years, quarters = rng.integers(2019, 2031, len(sectors)), rng.integers(1, 5, len(sectors))
    codes = [f"{year}-T{quarter}" for year, quarter in zip(years, quarters, strict=True)]
    schedule = pd.DataFrame({"sector_id": sectors["sector_id"], "quarter": codes})[dated]
    return PlannedFibre(name=f"p{seed}", communes=communes, sectors=sectors, schedule=schedule)


def make_requests(communes: gpd.GeoDataFrame, count: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scatter requests over the region, some outside it, some incomplete."""
    rng = np.random.default_rng(11)
    west, south, east, north = communes.total_bounds
    ids = [f"R{number:016x}" for number in range(count)]
    kinds = ["business", "education", "research", "public_service", None]
    requests = pd.DataFrame(
        {
            "request_id": ids,
            "kind": pd.Series(rng.choice(np.array(kinds, dtype=object), count), dtype="str"),
            "received_on": pd.Timestamp("2018-05-01"),
            "x_m": rng.uniform(west, east, count),
            "y_m": rng.uniform(south, north, count),
            "insee": pd.Series([None] * count, dtype="str"),
            "supply_evidence": "quote",
            "supply_on": pd.Timestamp("2018-04-01"),
            "supply_mbps": rng.choice([4.0, 8.0, 200.0], count),
            "synthetic": True,
        }
    )
    contacts = pd.DataFrame(
        {
            "request_id": ids,
            "organisation": [f"Organisme {number}" for number in range(count)],
            "contact": "Personne d'exemple",
            "email": [f"p{number}@example.org" for number in range(count)],
            "phone": "0102030405",
            "address": "1 rue d'exemple",
            "siret": None,
            "need": "visio",
        }
    ).astype({"siret": "str"})
    return requests, contacts


def timed(run: Callable[[], T]) -> tuple[T, float]:
    """Return what a run gives, and its seconds of CPU."""
    begun = time.process_time()
    given = run()
    return given, time.process_time() - begun


def peer_places(requests: pd.DataFrame, sectors: gpd.GeoDataFrame) -> pd.Series:
    """Place each request in its sector by geopandas' spatial join; the smallest key on a border."""
    points = gpd.GeoDataFrame(
        requests[["request_id"]],
        geometry=gpd.points_from_xy(requests["x_m"], requests["y_m"]),
        crs=sectors.crs,
    )
    joined = gpd.sjoin(points, sectors, how="left", predicate="intersects")
    return joined.groupby("request_id")["sector_id"].min()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="500 requests")
    parser.add_argument("--requests", type=int, default=10_000)
    asked = parser.parse_args()
    count = 500 if asked.smoke else asked.requests
    communes = gpd.GeoDataFrame(read_geodata().tables["communes"])
    sectors, rules = make_sectors(communes), read_register_rules()
    first, second = (make_plan_of(communes, sectors, seed=seed) for seed in (1, 2))
    requests, contacts = make_requests(communes, count)

    def answer(plan: PlannedFibre) -> Assessment:
        return assess_requests(requests, plan=plan, rules=rules, on=ON, contacts=contacts)

    with tempfile.TemporaryDirectory() as folder:
        with open_register(Path(folder) / "r.gpkg") as register:
            added, written = timed(lambda: register.add(requests, contacts, on=ON))
            before, assessed = timed(lambda: answer(first))
            kept, keeping = timed(
                lambda: register.keep_assessment(
                    before.assessments, before.reasons, compare=compare_assessments, on=ON, plan="1"
                )
            )
        assert len(added.new) == len(kept) == count
    after, again = timed(lambda: answer(second))
    changes, listing = timed(lambda: compare_assessments(before.assessments, after.assessments))
    one, two = (
        got.assessments.astype("object").fillna("-").sort_values("request_id", ignore_index=True)
        for got in (before, after)
    )
    differ = set(one.loc[one.ne(two).any(axis=1), "request_id"])
    assert set(changes["request_id"]) == differ, "the changes listed aren't those of the answers"
    peers, joined = timed(lambda: peer_places(requests, sectors))
    ours = before.assessments.set_index("request_id")["sector_id"]
    known = ours.notna()
    assert (ours[known] == peers.reindex(ours.index)[known]).all(), "places differ from the peer's"

    print(f"{count} requests, {len(sectors)} sectors, {len(communes)} communes (CPU seconds)")
    for what, seconds in (
        ("written into the register", written),
        ("assessed", assessed),
        ("answers kept, journal written", keeping),
        ("assessed again on a changed plan", again),
        (f"changes listed ({len(changes)})", listing),
        ("spatial join alone (geopandas)", joined),
    ):
        print(f"  {what:38s} {seconds:8.2f}")
    print(f"  {before.summary()}")


if __name__ == "__main__":
    main()
