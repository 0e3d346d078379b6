"""Where points lie: the rule of the border, and both ways to the same answer."""

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import _grid, spatial
from planner._grid import _asking
from planner.spatial import PolygonIndex, count_points

SQUARES = np.array([shapely.box(0, 0, 2, 2), shapely.box(2, 0, 4, 2), shapely.box(1, 1, 3, 3)])


def brute(polygons, x, y):
    """Ask GEOS about every pair: the lowest index that intersects."""
    points = shapely.points(x, y)
    hits = np.array([shapely.intersects(polygon, points) for polygon in polygons])
    return np.where(hits.any(axis=0), hits.argmax(axis=0), -1)


@pytest.fixture(params=[False, True], ids=["geos", "grid"])
def index(request):
    return lambda polygons: PolygonIndex(np.asarray(polygons, dtype=object), compiled=request.param)


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [(1, 1, 0), (3, 1, 1), (2, 1, 0), (2, 2.5, 2), (2.5, 1.5, 1), (0, 0, 0), (5, 1, -1),
     (4, 2, 1), (3, 3, 2), (np.nan, 1, -1), (1, np.inf, -1), (1e12, 0, -1)],
)  # fmt: skip
def test_lowest_index_among_those_touched(index, x, y, expected):
    found = index(SQUARES).locate(np.array([x], float), np.array([y], float))
    assert found.tolist() == [expected]
    assert found.dtype == np.int32


def test_holes_islands_and_missing_polygons(index):
    ring = shapely.box(0, 0, 10, 10) - shapely.box(4, 4, 6, 6)
    islands = shapely.MultiPolygon([shapely.box(4.5, 4.5, 5, 5), shapely.box(20, 0, 21, 1)])
    polygons = [None, ring, shapely.Polygon(), islands]
    x, y = np.array([5.5, 4.0, 4.7, 20.5, 1.0]), np.array([5.5, 5.0, 4.7, 0.5, 1.0])
    assert index(polygons).locate(x, y).tolist() == [-1, 1, 3, 3, 1]


def test_nothing_to_look_up(index):
    none = np.array([], float)
    assert index(SQUARES).locate(none, none).tolist() == []
    assert index([]).locate(np.array([1.0]), np.array([1.0])).tolist() == [-1]


def test_inputs_are_untouched_and_lengths_must_agree(index):
    x, y = np.array([1.0, 2.0]), np.array([1.0, 2.0])
    index(SQUARES).locate(x, y)
    assert (x.tolist(), y.tolist()) == ([1.0, 2.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="shape"):
        index(SQUARES).locate(x, y[:1])


def voronoi(seed, count):
    random = np.random.default_rng(seed)
    cells = shapely.voronoi_polygons(
        shapely.MultiPoint(random.uniform(0, 1000, (count, 2))),
        extend_to=shapely.box(0, 0, 1000, 1000),
    )
    return np.array(cells.geoms, dtype=object)


def adversarial(polygons):
    corners = shapely.get_coordinates(polygons)
    middles = (corners[1:] + corners[:-1]) / 2
    x = np.concatenate(
        [corners[:, 0], np.nextafter(corners[:, 0], np.inf), corners[:, 0], middles[:, 0]]
    )
    y = np.concatenate(
        [corners[:, 1], corners[:, 1], np.nextafter(corners[:, 1], -np.inf), middles[:, 1]]
    )
    return x, y


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 40))
def test_both_ways_agree_with_geos_on_adversarial_points(seed, count):
    polygons = voronoi(seed, count)
    x, y = adversarial(polygons)
    expected = brute(polygons, x, y)
    for compiled in (False, True):
        assert (PolygonIndex(polygons, compiled=compiled).locate(x, y) == expected).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 40))
def test_edges_through_the_grid_s_own_points(seed, pieces):
    """Straight edges cut in many pieces run through centres and corners of cells."""
    random = np.random.default_rng(seed)
    size = 2.0 ** random.integers(0, 9)
    corners = random.integers(0, 9, (6, 3, 2)) * size
    triangles = shapely.polygons(corners)
    triangles = triangles[shapely.is_valid(triangles) & (shapely.area(triangles) > 0)]
    if not len(triangles):
        return
    polygons = shapely.segmentize(triangles, size / pieces)
    x, y = random.uniform(-size, 9 * size, (2, 800))
    x = np.append(x, random.integers(0, 72, 400) * size / 8)
    y = np.append(y, random.integers(0, 72, 400) * size / 8)
    expected = brute(polygons, x, y)
    for points in (None, 1_000_000):  # the finer the cells, the more they are met
        index = PolygonIndex(polygons, compiled=True, points=points)
        assert (index.locate(x, y) == expected).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 30))
def test_counting_in_one_pass_is_locating_then_counting(seed, count):
    random = np.random.default_rng(seed)
    polygons = voronoi(seed, count)
    x, y = adversarial(polygons)
    states, phases = (random.integers(-1, n, len(x)) for n in (6, 3))
    sizes = (len(polygons), 6, 3)
    index = PolygonIndex(polygons, compiled=True)
    expected = count_points(brute(polygons, x, y), states, phases, sizes=sizes)
    assert (index.count(x, y, states, phases, sizes=sizes) == expected).all()
    assert (index.count(x, y, sizes=sizes[:1]) == expected.sum(axis=(1, 2))).all()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_overlaps_go_to_the_lowest_index(seed):
    random = np.random.default_rng(seed)
    centres = shapely.points(random.uniform(0, 100, (30, 2)))
    polygons = shapely.buffer(centres, random.uniform(2, 30, 30), quad_segs=3)
    x, y = random.uniform(-10, 110, (2, 500))
    x, y = np.append(x, adversarial(polygons)[0]), np.append(y, adversarial(polygons)[1])
    expected = brute(polygons, x, y)
    for compiled in (False, True):
        assert (PolygonIndex(polygons, compiled=compiled).locate(x, y) == expected).all()


def test_strictly_inside_is_what_sjoin_within_says():
    polygons = voronoi(7, 60)
    random = np.random.default_rng(7)
    x, y = random.uniform(0, 1000, (2, 5000))
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y))
    joined = gpd.sjoin(points, gpd.GeoDataFrame(geometry=polygons), predicate="within")
    labels = PolygonIndex(polygons, compiled=True).locate(x, y)
    assert (labels[joined.index] == joined["index_right"]).all()
    assert len(joined) == (labels >= 0).sum()


def test_count_points_is_a_cross_table():
    random = np.random.default_rng(3)
    labels, states, phases = (random.integers(-1, n, 400) for n in (5, 3, 2))
    weights = random.integers(1, 9, 400)
    counts = count_points(labels, states, phases, sizes=(5, 3, 2), weights=weights)
    table = pd.DataFrame({"l": labels, "s": states, "p": phases, "w": weights})
    expected = table.groupby(["l", "s", "p"])["w"].sum()
    assert counts.sum() == weights.sum()
    for (label, state, phase), total in expected.items():
        assert counts[label, state, phase] == total  # -1 is the last place of its axis


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1, 7, 1024, 5000]))
def test_points_in_any_order_sorted_first_or_not(seed, together):
    """Sorted by tile or taken as they come, in one go or in several: the same answers."""
    random = np.random.default_rng(seed)
    polygons = voronoi(seed, 50)
    x, y = adversarial(polygons)
    x, y = (
        np.append(x, random.uniform(-200, 1200, 3000)),
        np.append(y, random.uniform(0, 999, 3000)),
    )
    x[::97], y[::89] = np.nan, np.inf
    codes = random.integers(0, 5, len(x)).astype(np.int16)
    grid = _grid.build_grid(polygons, len(x))
    tables, answers = [], []
    for sort in (False, True):
        labels = np.empty(len(x), np.int32)
        doubtful = np.empty(len(x), np.int64)
        doubts = _asking.label_points(grid, x, y, sort, labels, doubtful)
        answers.append((labels.tolist(), sorted(doubtful[:doubts].tolist())))
        table = np.zeros((len(polygons) + 2, 5), np.int64)
        doubts = _asking.count_points(grid, x, y, sort, codes, table, doubtful)
        tables.append((table.tolist(), sorted(doubtful[:doubts].tolist())))
    assert answers[0] == answers[1]
    assert tables[0] == tables[1]
    assert answers[0][1] == tables[0][1]
    assert sum(map(sum, tables[0][0])) == len(x)


def test_only_points_that_jump_are_sorted(monkeypatch):
    polygons = voronoi(3, 400)
    grid = _grid.build_grid(polygons, 1_000_000)
    random = np.random.default_rng(3)
    x, y = random.uniform(0, 1000, (2, 4000))
    assert _asking.points_jump(grid, x, y)
    order = np.lexsort((y, x // 20))
    assert not _asking.points_jump(grid, x[order], y[order])
    assert not _grid._worth_sorting(grid, x, y)  # too few, and the grid is small
    monkeypatch.setattr(_grid, "SORTED_FROM", 4000)
    monkeypatch.setattr(_grid, "CACHED", 0)
    assert _grid._worth_sorting(grid, x, y)
    index = PolygonIndex(polygons, compiled=True)
    assert (index.locate(x, y) == brute(polygons, x, y)).all()


def test_rings_are_told_apart_in_the_order_of_their_coordinates():
    ring = shapely.box(0, 0, 10, 10) - shapely.box(4, 4, 6, 6)
    islands = shapely.MultiPolygon([shapely.box(20, 0, 21, 1), ring, shapely.Polygon()])
    polygons = np.array([SQUARES[0], islands, SQUARES[1], ring], dtype=object)
    sizes, owners = _grid._measure_rings(polygons)
    assert sizes.tolist() == [5] * 7
    assert owners.tolist() == [0, 1, 1, 1, 2, 3, 3]
    assert sizes.sum() == len(shapely.get_coordinates(polygons))


def test_what_bounds_no_area_is_left_to_geos():
    shapes = np.array([shapely.box(0, 0, 1, 1), shapely.LineString([(2, 0), (2, 2)])], object)
    assert _grid.build_grid(shapes, 10) is None
    found = PolygonIndex(shapes, compiled=True).locate(np.array([0.5, 2.0]), np.array([0.5, 1.0]))
    assert found.tolist() == [0, 1]


def test_more_polygons_around_a_point_than_a_cell_tells_apart():
    angles = np.linspace(0, 2 * np.pi, 41)
    rim = np.column_stack([np.cos(angles), np.sin(angles)])
    slices = shapely.polygons([[(0, 0), a, b] for a, b in itertools.pairwise(rim)])
    x, y = np.random.default_rng(5).uniform(-0.2, 0.2, (2, 2000)) ** 3
    x, y = np.append(x, adversarial(slices)[0]), np.append(y, adversarial(slices)[1])
    found = PolygonIndex(slices, compiled=True, points=10**6).locate(x, y)
    assert (found == brute(slices, x, y)).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 60))
def test_few_points_are_asked_with_their_polygons(seed, count):
    random = np.random.default_rng(seed)
    polygons = np.append(voronoi(seed, 20), [None, shapely.Polygon(), shapely.box(0, 0, 500, 500)])
    ax, ay = adversarial(polygons[:20])
    taken = random.integers(0, len(ax), count)
    x, y = np.append(ax[taken], [np.nan, 5000.0]), np.append(ay[taken], [1.0, np.inf])
    expected = brute(polygons, x, y)
    with pytest.MonkeyPatch.context() as patch:
        for most in (0, 10**9):
            patch.setattr(spatial, "FEW_PAIRS", most)
            assert (PolygonIndex(polygons, compiled=False).locate(x, y) == expected).all()
