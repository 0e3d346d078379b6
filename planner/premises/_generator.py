"""Synthetic premises of a region that has none of its own."""

from __future__ import annotations

import logging
import time
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from planner.premises._buildings import Communes, Groups, group_premises, positions_in_groups
from planner.premises._counts import count_by_commune
from planner.premises._hashing import key_hashes, uniform
from planner.premises._layout import lay_out
from planner.premises._rules import GeneratorRules
from planner.premises._settling import settle
from planner.schemas import contract
from planner.vocab import PremiseKind

__all__ = ["generate_premises"]

_LOG = logging.getLogger(__name__)
_STREAM_KIND: Final = 11
_BUILDING_DIGITS: Final = 6
_PREMISE_DIGITS: Final = 3
_INSEE_DIGITS: Final = 5


def generate_premises(
    communes: gpd.GeoDataFrame,
    *,
    figures: pd.DataFrame,
    rules: GeneratorRules = GeneratorRules(),  # noqa: B008 (frozen)
) -> pd.DataFrame:
    """Make up the premises of a region: exact counts, plausible places; all of it synthetic.

    Parameters
    ----------
    communes
        Contract ``communes`` (EPSG:2154); rows in any order.
    figures
        Contract ``premises_figures``: levels ``commune``, ``departement`` and ``region`` are read.
    rules
        Figures of the model; the default ones suit Brittany.

    Returns
    -------
    DataFrame
        Contract ``premises``, sorted by ``premise_id``, one row a premise: ``premise_id``
        (``35236-000123-004``: commune, building, premise), ``building_id``, ``insee`` and ``kind``
        (categories), ``premises_min`` = ``premises_max`` = 1, ``x_m``, ``y_m`` (EPSG:2154, m,
        multiples of 0.1, strictly inside the commune, shared by the premises of a building and by
        no others of the commune).

    Raises
    ------
    ContractError
        When a table breaks its contract.
    MissingLayerError
        When communes have neither a figure nor one of their département or region.
    RuleError
        When figures contradict each other, or a commune has no ground for its premises.

    Notes
    -----
    **Counts.** A commune's own figure is taken as it is.  Other communes share what those leave of
    their département's figure in proportion to their population, by largest remainder, ties to the
    smaller code; communes of private and of public initiative apart, where the département's figure
    says how many are private; without a figure of the département, what is left of the region's.  A
    total that no commune needs is not read.  Measured against
    the regulator's table of 31 March 2018 (ARCEP, observatory) with the populations of 2025, the
    rule puts 5.8 % of Brittany's 1 949 859 premises in the wrong commune when the 50 communes
    furthest from proportion are given, and the public area holds its 1 160 808 exactly.

    **Buildings.** A share of premises that grows with the commune's population is in buildings of 2
    to 200 premises, most of them small; the rest are houses.  **Places.** The bourg is of blocks
    of 80 m around ``bourg_x_m``, ``bourg_y_m``, some left open, denser in the middle, its radius
    growing as the square root of its buildings, and reaches out along its roads; the sparser the
    commune, the more houses stand in hamlets and alone, over all of it.  **Kinds.** The regulator
    counts 1 859 807 dwellings and 90 052 establishments: each commune has the same share (4.6 %, up
    or down to a whole number), more of them in the bourg; public sites are an assumed share of
    establishments.  :class:`GeneratorRules` holds every figure, and says which are assumptions.

    **Repeatable.** Everything is a hash of the seed, the commune's code and a counter: the same
    bytes each time, in any order of rows; another commune changes nothing, as long as the count of
    premises of this one stays.
    """
    started = time.perf_counter()
    contract("communes").check(communes)
    contract("premises_figures").check(figures)
    known = _known(communes, figures, rules)
    groups = group_premises(known, rules)
    layout = lay_out(known, groups, rules)
    x_m, y_m = settle(known, groups.owner, groups.rank, layout)
    premises = _table(known, groups, x_m, y_m, rules)
    _LOG.info(
        "generated %d premises in %d buildings of %d communes in %.1f s",
        len(premises), len(groups.owner), len(known), time.perf_counter() - started,
    )  # fmt: skip
    return premises


def _known(communes: gpd.GeoDataFrame, figures: pd.DataFrame, rules: GeneratorRules) -> Communes:
    order = np.argsort(communes["insee"].astype(object).to_numpy(), kind="stable")
    table = communes.iloc[order]
    insee = table["insee"].astype(object).to_numpy()
    shapes = shapely.force_2d(table.geometry.to_numpy())  # copies: preparing marks the shape itself
    shapely.prepare(shapes)
    bourg = table[["bourg_x_m", "bourg_y_m"]].to_numpy(dtype=np.float64, copy=True)
    lost = np.flatnonzero(~shapely.contains_xy(shapes, bourg[:, 0], bourg[:, 1]))
    bourg[lost] = shapely.get_coordinates(shapely.point_on_surface(shapes[lost]))
    return Communes(
        insee=insee,
        keys=key_hashes(insee.tolist(), rules.seed),
        counts=count_by_commune(table, figures),
        population=table["population"].to_numpy(dtype=np.int64),
        shapes=shapes,
        bounds_m=shapely.bounds(shapes),
        area_m2=np.rint(shapely.area(shapes)),
        bourg_m=bourg,
    )


def _kinds(
    communes: Communes, groups: Groups, owner: NDArray[np.int64], rules: GeneratorRules
) -> NDArray[np.int8]:
    """Tell dwellings, businesses and public sites apart: codes of :class:`PremiseKind`.

    Each commune has a whole number of establishments, drawn along its premises with weights that
    grow towards the middle of the bourg; the first of them is a public site, its town hall.
    """
    counts = communes.counts
    zero = np.zeros(len(communes), dtype=np.int64)
    expected = counts * rules.establishment_share
    wanted = np.floor(expected + uniform(communes.keys, _STREAM_KIND, zero)).astype(np.int64)
    town = groups.town_counts[groups.owner]
    of_building = 4 + 8 * np.maximum(town - groups.rank, 0) // np.maximum(town, 1)
    weights = np.repeat(of_building, groups.sizes)
    jitter = uniform(communes.keys[owner], _STREAM_KIND, positions_in_groups(counts) + 1)
    weights *= 4 + np.floor(8.0 * jitter).astype(np.int64)
    running = np.cumsum(weights)
    ends = np.cumsum(counts)
    start = np.append(0, running)[ends - counts]
    whole = np.maximum(np.append(0, running)[ends] - start, 1)
    running -= start[owner]
    drawn = running * wanted[owner] // whole[owner]
    chosen = drawn > (running - weights) * wanted[owner] // whole[owner]
    place = np.flatnonzero(chosen)
    nth = positions_in_groups(np.bincount(owner[place], minlength=len(counts)))
    share = rules.public_site_share
    public = np.ceil((nth + 1) * share) > np.ceil(nth * share)
    codes = PremiseKind.codes()
    kinds = np.full(len(owner), codes.index(PremiseKind.DWELLING.value), dtype=np.int8)
    kinds[place] = codes.index(PremiseKind.BUSINESS.value)
    kinds[place[public]] = codes.index(PremiseKind.PUBLIC_SITE.value)
    return kinds


def _table(
    communes: Communes,
    groups: Groups,
    x_m: NDArray[np.float64],
    y_m: NDArray[np.float64],
    rules: GeneratorRules,
) -> pd.DataFrame:
    owner = np.repeat(groups.owner, groups.sizes)
    heads = np.concatenate(
        [_letters(communes.insee)[groups.owner], _number(groups.rank + 1, _BUILDING_DIGITS)], axis=1
    )
    building = np.repeat(heads, groups.sizes, axis=0)
    nth = positions_in_groups(groups.sizes) + 1
    premise = np.concatenate([building, _number(nth, _PREMISE_DIGITS)], axis=1)
    one = np.ones(len(owner), dtype=np.int16)
    return pd.DataFrame(
        {
            "premise_id": _strings(premise),
            "building_id": _strings(building),
            "insee": _category(owner, communes.insee.tolist()),
            "kind": _category(_kinds(communes, groups, owner, rules), list(PremiseKind.codes())),
            "premises_min": one,
            "premises_max": one.copy(),
            "x_m": np.repeat(x_m, groups.sizes),
            "y_m": np.repeat(y_m, groups.sizes),
        },
        copy=False,
    )


def _category(codes: NDArray[np.integer], categories: list[str]) -> pd.Categorical[str]:
    dtype = pd.CategoricalDtype(pd.Index(categories, dtype="str"))
    return pd.Categorical.from_codes(codes, dtype=dtype)


def _letters(codes: NDArray[np.object_]) -> NDArray[np.uint8]:
    """Write codes of five characters as rows of bytes."""
    return np.array(codes, dtype=f"S{_INSEE_DIGITS}").view(np.uint8).reshape(-1, _INSEE_DIGITS)


def _number(values: NDArray[np.int64], digits: int) -> NDArray[np.uint8]:
    """Write a hyphen and a number of so many digits as rows of bytes."""
    text = np.empty((len(values), digits + 1), dtype=np.uint8)
    text[:, 0] = ord("-")
    left = values.astype(np.int32)
    for place in range(digits, 0, -1):
        left, digit = np.divmod(left, 10)
        text[:, place] = digit + ord("0")
    return text


def _strings(text: NDArray[np.uint8]) -> pd.Series:
    """Make texts of rows of bytes without going through Python's strings."""
    offsets = np.arange(len(text) + 1, dtype=np.int64) * text.shape[1]
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(text))]
    array = pa.Array.from_buffers(pa.large_string(), len(text), buffers)
    return pd.Series(pd.StringDtype("pyarrow", na_value=np.nan).__from_arrow__(array))
