"""The borders of the officials' map: shared arcs, read back and held against what they draw."""

from itertools import pairwise

import numpy as np
import pytest
import shapely

from planner.export.map.topology import (
    Topology,
    TopologyRules,
    encode_topology,
    grid_to_lonlat,
    grid_xy,
    pixel_metres,
)

EXACT = TopologyRules(tolerance_m=0)


def polygons(topology: Topology, layer: str):
    """Decode the areas of a layer by the even-odd rule, which is the page's own."""
    found = {}
    for label, rings in topology.rings(topology.labels[layer]).items():
        shape = shapely.Polygon()
        for ring in rings:
            shape = shape.symmetric_difference(shapely.Polygon(topology.ring_points(ring)))
        found[label] = shape
    return found


def voronoi(seed, count=60):
    """Cells that tile a square of 20 km, another way for each seed."""
    draws = np.array(
        [[(seed * 7919 + i * 104729 + k * 1299709) % 99991 for k in (1, 2)] for i in range(count)]
    )
    points = shapely.multipoints(np.array([300_000, 6_780_000]) + draws / 99991 * 20_000)
    square = shapely.box(300_000, 6_780_000, 320_000, 6_800_000)
    cells = shapely.get_parts(shapely.voronoi_polygons(points, extend_to=square))
    return np.array(shapely.intersection(cells, square), dtype=object)


def on_grid(areas):
    return shapely.transform(areas, lambda xy: grid_xy(xy[:, 0], xy[:, 1]))


def test_decoded_areas_are_the_input_within_the_grid():
    layers = {"commune": voronoi(1), "sector": voronoi(2)}
    topology = encode_topology(layers, rules=EXACT)
    for name, areas in layers.items():
        decoded = polygons(topology, name)
        assert sorted(decoded) == list(range(areas.size))
        for label, shape in decoded.items():
            truth = on_grid(areas)[label]
            # every vertex moves by half a pixel at most: so does the border
            assert shapely.area(shape ^ truth) <= 1.0 * truth.length
            assert shapely.hausdorff_distance(shape.boundary, truth.boundary) <= 1.0


def test_arcs_are_shared_not_repeated():
    topology = encode_topology({"commune": voronoi(1), "sector": voronoi(2)}, rules=EXACT)
    edges = set()
    for arc in range(len(topology.left)):
        points = [tuple(p) for p in topology.arc(arc).tolist()]
        for a, b in pairwise(points):
            assert a != b
            edge = (min(a, b), max(a, b))
            assert edge not in edges
            edges.add(edge)
    inside = (topology.left >= 0) & (topology.right >= 0)
    outer = sum(shapely.LineString(topology.arc(i)).length for i in np.flatnonzero(~inside))
    square = on_grid(np.array([shapely.box(300_000, 6_780_000, 320_000, 6_800_000)]))[0]
    assert outer == pytest.approx(square.length, rel=1e-3)


def test_simplified_layers_still_tile_the_same_ground():
    fine = [shapely.segmentize(cell, 40) for cell in voronoi(3)]
    wavy = shapely.transform(
        np.array(fine, dtype=object), lambda xy: xy + 8 * np.sin(xy[:, ::-1] / 60)
    )
    exact = encode_topology({"commune": wavy}, rules=EXACT)
    thin = encode_topology({"commune": wavy}, rules=TopologyRules(tolerance_m=25))
    assert len(thin.points) < len(exact.points) / 3
    areas = polygons(thin, "commune")
    whole = shapely.union_all(list(areas.values()))
    assert sum(shape.area for shape in areas.values()) == pytest.approx(whole.area, rel=1e-12)


def test_the_borders_of_a_group_are_borders_of_its_members():
    topology = encode_topology({"commune": voronoi(4)}, rules=EXACT)
    commune = topology.labels["commune"]
    group = commune // 7
    assert set(np.flatnonzero(topology.borders(group))) < set(
        np.flatnonzero(topology.borders(commune))
    )
    decoded = polygons(
        Topology(topology.points, topology.starts, topology.left, topology.right, {"group": group}),
        "group",
    )
    members = on_grid(voronoi(4))
    for label, shape in decoded.items():
        truth = shapely.union_all(members[7 * label : 7 * label + 7])
        assert shapely.area(shape ^ truth) <= truth.length


def test_holes_islands_and_touching_corners():
    outer = shapely.box(0, 0, 9_000, 9_000) - shapely.box(3_000, 3_000, 6_000, 6_000)
    hole = shapely.box(3_000, 3_000, 6_000, 6_000)
    island = shapely.box(20_000, 0, 21_000, 1_000)
    corner = shapely.MultiPolygon([shapely.box(9_000, 9_000, 10_000, 10_000), island])
    areas = shapely.transform(
        np.array([outer, hole, corner], dtype=object),
        lambda xy: xy + np.array([300_000, 6_780_000]),
    )
    topology = encode_topology({"commune": areas}, rules=EXACT)
    decoded = polygons(topology, "commune")
    for label, truth in enumerate(on_grid(areas)):
        assert shapely.area(decoded[label] ^ truth) <= truth.length


def test_a_sector_that_covers_nothing_and_ground_without_a_sector():
    communes = np.array([shapely.box(300_000, 6_780_000, 304_000, 6_784_000)], dtype=object)
    sectors = np.array(
        [shapely.box(300_000, 6_780_000, 302_000, 6_784_000), shapely.Polygon()], dtype=object
    )
    topology = encode_topology({"commune": communes, "sector": sectors}, rules=EXACT)
    assert sorted(topology.labels["sector"].tolist()) == [-1, 0]
    assert topology.labels["commune"].tolist() == [0, 0]


def test_the_grid_is_the_web_mercator_one():
    # Lambert-93's meridian of origin is 3° E: x is then 700 km by definition
    at = grid_to_lonlat(grid_xy(np.array([700_000.0]), np.array([6_600_000.0])))
    assert at[0, 0] == pytest.approx(3.0, abs=1e-7)
    assert at[0, 1] == pytest.approx(46.5, abs=1e-4)
    assert pixel_metres(0) == pytest.approx(40_075_016.69 / 256 / 2**16)
