"""A Shapefile whose .prj is not text: refused with a remedy, or read; never a traceback."""

import geopandas as gpd
import shapely

from planner.errors import PlannerError
from planner.io import read_premises


def test_a_prj_that_is_not_utf8(tmp_path):
    points = gpd.GeoDataFrame(
        {"premise_id": ["a"], "insee": ["35236"]},
        geometry=[shapely.Point(320_000, 6_740_000)], crs="EPSG:2154",
    )  # fmt: skip
    points.to_file(tmp_path / "locaux.shp")
    projection = tmp_path / "locaux.prj"
    projection.write_bytes(b"\x80" + projection.read_bytes())
    try:
        intake = read_premises(tmp_path / "locaux.shp", crs="EPSG:2154")
    except PlannerError as error:
        assert error.remedy.say()  # noqa: PT017 (either answer is right)
    else:
        assert intake.rows_in == len(intake.premises) + len(intake.rejected_rows)
