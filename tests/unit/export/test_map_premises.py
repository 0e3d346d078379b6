"""The stream of premises: nothing is lost, nothing moves by a metre, rows in any order."""

import base64
import zlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.crs import transform_xy
from planner.export.map.premises import (
    POINT_ZOOM,
    Points,
    decode_leb128,
    encode_leb128,
    encode_points,
    points_of,
    split_points,
)

METRES = 40_075_016.68557849 / (256 * 2**POINT_ZOOM)


def unspread(code):
    return sum(((code >> (2 * k)) & 1) << k for k in range(16))


def read(block):
    """Decode a block one number at a time, as slowly and plainly as can be."""
    stream = zlib.decompress(base64.b64decode(block["data"]), -15)
    assert len(stream) == block["bytes"]
    numbers, value, shift = [], 0, 0
    for byte in stream:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append(value)
            value = shift = 0
    n, m = block["groups"], block["points"]
    assert len(numbers) == 6 * n + 2 * m
    area, phase, state, column, row, sizes = (numbers[k * n : (k + 1) * n] for k in range(6))
    steps, counts = numbers[6 * n : 6 * n + m], numbers[6 * n + m :]
    found, at = {}, 0
    for g in range(n):
        code = 0
        for _ in range(sizes[g]):
            code += steps[at]
            x = ((column[g] + block["column"]) << 16) + unspread(code)
            y = ((row[g] + block["row"]) << 16) + unspread(code >> 1)
            key = (area[g], phase[g] - 1, state[g] - 1, x, y)
            assert key not in found
            found[key] = counts[at]
            at += 1
    return found


@given(st.lists(st.integers(0, 2**40), max_size=50))
def test_leb128_comes_back(values):
    written = encode_leb128(np.array(values, dtype=np.int64))
    assert decode_leb128(written).tolist() == values


def test_leb128_refuses_a_negative_number():
    with pytest.raises(ValueError, match="negative"):
        encode_leb128(np.array([3, -1]))


ROW = st.tuples(
    st.integers(0, 5), st.integers(-1, 3), st.integers(-1, 5),
    st.integers(0, 2**25 - 1), st.integers(0, 2**25 - 1), st.integers(1, 40),
)  # fmt: skip


@given(st.lists(ROW, max_size=40), st.randoms(use_true_random=False))
def test_every_premise_comes_back(rows, random):
    def block(rows):
        columns = np.array(rows, dtype=np.int64).reshape(-1, 6).T
        area, phase, state, x, y, premises = columns
        return encode_points(
            Points(x=x, y=y, area=area, phase=phase, state=state, premises=premises)
        )

    expected = {}
    for *key, premises in rows:
        expected[tuple(key)] = expected.get(tuple(key), 0) + premises
    first = block(rows)
    assert read(first) == expected
    assert first["premises"] == sum(row[-1] for row in rows)
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert block(shuffled) == first


@pytest.fixture
def layer(toy):
    frame = toy.premises.copy()
    frame["phase"] = pd.Categorical.from_codes([0] * 20 + [1] * 20, ["1", "2", "3", "private"])
    frame["state"] = pd.Categorical.from_codes([-1, 4] * 20, list("abcdef"))
    return frame


def test_premises_lie_within_a_metre(layer, toy):
    sectors = {key: k for k, key in enumerate(sorted(toy.sectors["sector_id"]))}
    communes = {key: k for k, key in enumerate(sorted(toy.communes["insee"]))}
    points = points_of(layer, sectors=sectors, communes=communes)
    half = 256 * 2**POINT_ZOOM / 2
    x, y = transform_xy(
        (points.x - half) * METRES, (half - points.y) * METRES,
        source="EPSG:3857", target="EPSG:2154",
    )  # fmt: skip
    moved = np.hypot(x - layer["x_m"].to_numpy(), y - layer["y_m"].to_numpy())
    assert len(points) == 40
    assert moved.max() < 1.0
    assert points.area.tolist() == [2 * sectors[key] for key in layer["sector_id"]]


def test_premises_outside_sectors_are_their_communes(layer):
    lone = layer.assign(sector_id=pd.Categorical([None] * len(layer)))
    points = points_of(lone, sectors={}, communes={"22001": 0, "35002": 3})
    assert set(points.area.tolist()) == {1, 7}
    assert len(points) == 20  # those of communes that the map doesn't show are left out


def test_chunks_share_the_premises_out(layer, toy):
    sectors = {key: k for k, key in enumerate(sorted(toy.sectors["sector_id"]))}
    points = points_of(layer, sectors=sectors, communes={})
    chunks = dict(split_points(points, np.arange(16) // 4))
    assert sorted(chunks) == [0, 1, 2, 3]
    assert sum(len(chunk) for chunk in chunks.values()) == 40
    joined = {}
    for chunk in chunks.values():
        joined |= read(encode_points(chunk))
    assert joined == read(encode_points(points))
