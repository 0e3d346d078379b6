"""Write premises to a GeoPackage: the project beside pyogrio with Arrow alone, in one run.

    python benchmarks/bench_package.py [--smoke] [--sizes 0.2 1.9] [--repeat 3]

Both write the same points with the same columns, layer options and spatial index, and both stop
waiting for the disk alike.  The peer gets its geometry as well-known binary made beforehand, which
is the least that anyone has to do; the project sorts, checks, makes its geometry and adds aliases,
lists, metadata and styles.  Prints the medians of process CPU and of the clock, and their ratios.
"""

from __future__ import annotations

import argparse
import datetime as dt
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import shapely

from planner.export.geopackage import write_geopackage
from planner.export.layout import Edition
from planner.export.qgis import layer_styles

BAR = 1.2
SEED = 7
EDITION = Edition(title="Mesure", scenario="mesure", territory="Mesure", on=dt.date(2017, 12, 31))


def premises(size: int) -> pd.DataFrame:
    """Make premises as a plan has them: states, phases and sectors are categories."""
    rng = np.random.default_rng(SEED)
    numbers = np.arange(size)

    def coded(codes: np.ndarray, words: list[str]) -> pd.Categorical:
        return pd.Categorical.from_codes(codes, words)

    communes = [f"{code:05d}" for code in range(22_000, 23_200)]
    sectors = [f"{code:05d}-01" for code in range(35_000, 37_500)]
    return pd.DataFrame(
        {
            "premise_id": pd.Series([f"P{n:09d}" for n in numbers], dtype="str"),
            "building_id": pd.Series([f"B{n // 3:09d}" for n in numbers], dtype="str"),
            "insee": coded(numbers % len(communes), communes),
            "kind": coded(rng.integers(0, 2, size), ["dwelling", "business"]),
            "premises_min": np.ones(size, dtype=np.int64),
            "premises_max": pd.array(np.ones(size, dtype=np.int64), dtype="Int64"),
            "x_m": rng.uniform(110_000, 400_000, size).round(2),
            "y_m": rng.uniform(6_700_000, 6_880_000, size).round(2),
            "sector_id": coded(rng.integers(0, len(sectors), size), sectors),
            "phase": coded(rng.integers(0, 3, size), ["1", "2", "3"]),
            "state": coded(rng.integers(-1, 2, size), ["targeted", "serviceable"]),
        }
    )


def peer_table(frame: pd.DataFrame) -> pa.Table:
    """Return the same rows as pyogrio wants them, geometry ready."""
    columns = {}
    for name in frame.columns.drop(["x_m", "y_m"]):
        series = frame[name]
        plain = series.astype("str") if series.dtype == "category" else series
        columns[name] = pa.array(plain, from_pandas=True)
    table = pa.table(columns)
    points = shapely.to_wkb(shapely.points(frame["x_m"], frame["y_m"]))
    wkb = pa.field("geom", pa.binary(), metadata={"ARROW:extension:name": "ogc.wkb"})
    return table.append_column(wkb, pa.array(points, type=pa.binary()))


def write_peer(path: Path, table: pa.Table) -> None:
    pyogrio.write_arrow(
        table, path, layer="premises", driver="GPKG", geometry_name="geom", geometry_type="Point",
        crs="EPSG:2154", dataset_options={"VERSION": "1.2"}, layer_options={"SPATIAL_INDEX": "YES"},
    )  # fmt: skip


def measured(write: Callable[[Path], object]) -> tuple[float, float, int]:
    """Return CPU seconds, clock seconds and bytes of one write."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "premises.gpkg"
        start, cpu = time.perf_counter(), time.process_time()
        write(path)
        return time.process_time() - cpu, time.perf_counter() - start, path.stat().st_size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--smoke", action="store_true", help="20 000 points, once")
    parser.add_argument("--sizes", nargs="+", type=float, default=[0.2, 1.9], help="millions")
    parser.add_argument("--repeat", type=int, default=3)
    asked = parser.parse_args()
    sizes, repeat = ([0.02], 1) if asked.smoke else (asked.sizes, asked.repeat)
    pyogrio.set_gdal_config_options(
        {"OGR_SQLITE_SYNCHRONOUS": "OFF", "OGR_SQLITE_JOURNAL": "DELETE"}
    )
    for millions in sizes:
        frame = premises(int(millions * 1e6))
        table = peer_table(frame)
        styles = layer_styles({"premises": frame})

        def project(path: Path, frame: pd.DataFrame = frame, styles: dict = styles) -> None:
            write_geopackage(path, {"premises": frame}, edition=EDITION, styles=styles)

        def peer(path: Path, table: pa.Table = table) -> None:
            write_peer(path, table)

        runs: dict[str, list[tuple[float, float, int]]] = {"pyogrio": [], "planner": []}
        for _ in range(repeat):  # interleaved: what slows the machine slows both
            runs["pyogrio"].append(measured(peer))
            runs["planner"].append(measured(project))
        print(f"\n{len(frame):,} premises")
        medians = {}
        for name, times in runs.items():
            cpu, clock = (statistics.median(one[i] for one in times) for i in (0, 1))
            medians[name] = cpu
            print(f"  {name:8} CPU {cpu:7.2f} s   clock {clock:7.2f} s   {times[0][2]:>13,} bytes")
        ratio = medians["planner"] / medians["pyogrio"]
        print(f"  ratio    CPU {ratio:7.2f}     bar {BAR}: {'kept' if ratio <= BAR else 'MISSED'}")


main()
