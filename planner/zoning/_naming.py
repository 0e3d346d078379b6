"""What sectors are called: the INSEE code and the name of their main commune, then where in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from planner.texts import say
from planner.zoning._arrays import Flags, Floats, Ints, Shapes, sum_by
from planner.zoning._faces import Faces
from planner.zoning._rules import CutRules

__all__ = ["SectorNames", "name_sectors"]

_WINDS = 8
_MANY = 100


@dataclass(frozen=True, kw_only=True)
class SectorNames:
    """The identifier, name and main commune (a row of the communes) of each sector."""

    sector_id: list[str]
    nom: list[str]
    commune: Ints


@dataclass(frozen=True, kw_only=True)
class _Places:
    """Where sectors lie from the bourg of their main commune."""

    east_m: Floats
    north_m: Floats
    distance_m: Floats
    at_bourg: Flags


def name_sectors(
    polygons: Shapes, sector: Ints, faces: Faces, communes: pd.DataFrame, *, rules: CutRules
) -> SectorNames:
    """Name sectors after the commune that holds most of their premises.

    ``35236-01`` is the first sector of its commune outward from the bourg.  The name is that of
    the commune, or of the two main ones (*Dingé / Guipel*), then the side from the bourg where
    several sectors share it (*Combourg nord*), and a number where sides repeat.

    Parameters
    ----------
    polygons
        The sectors.
    sector
        The sector of each face.
    faces
        The mosaic.
    communes
        Contract ``communes``, in the order that ``faces.commune`` refers to.
    """
    main, second = _main_communes(sector, faces, len(polygons), rules)
    places = _places(polygons, sector, faces, communes, main)
    insee = communes["insee"].astype(str).tolist()
    nom = communes["nom"].astype(str).tolist()
    ids, names = [""] * len(polygons), [""] * len(polygons)
    for commune, rows in _outward(main.tolist(), places).items():
        width = 3 if len(rows) >= _MANY else 2
        alike: dict[str, list[int]] = defaultdict(list)
        for number, row in enumerate(rows, start=1):
            ids[row] = f"{insee[commune]}-{number:0{width}d}"
            both = [nom[k] for k in (commune, int(second[row])) if k >= 0]
            alike[" / ".join(both)].append(row)
        for name, group in alike.items():
            for row, hint in zip(group, _hints(group, places, rules), strict=True):
                names[row] = f"{name} {hint}".strip()
    return SectorNames(sector_id=ids, nom=names, commune=main)


def _main_communes(sector: Ints, faces: Faces, count: int, rules: CutRules) -> tuple[Ints, Ints]:
    """Return the commune with most premises (the largest where there are none), and the next.

    The next one counts when it holds ``named_share`` of the premises, or lies there whole; else -1.
    """
    size = int(faces.commune.max(initial=0)) + 1
    keys, inverse = np.unique(sector * size + faces.commune, return_inverse=True)
    held = sum_by(inverse, faces.weight, keys.size)
    area = sum_by(inverse, shapely.area(faces.polygons), keys.size)
    owner, commune = keys // size, keys % size
    order = np.lexsort((commune, -area, -held, owner))
    first = np.searchsorted(owner[order], np.arange(count))
    main: Ints = commune[order][first]
    second = np.full(count, -1, dtype=np.int64)
    whole = sum_by(faces.commune, faces.weight, size)
    total = sum_by(sector, faces.weight, count)
    for at in first + 1:
        if at < order.size and owner[order[at]] == owner[order[at - 1]]:
            row = order[at]
            enough = held[row] >= rules.named_share * total[owner[row]]
            if held[row] > 0 and (enough or held[row] == whole[commune[row]]):
                second[owner[row]] = commune[row]
    return main, second


def _places(
    polygons: Shapes, sector: Ints, faces: Faces, communes: pd.DataFrame, main: Ints
) -> _Places:
    count = len(polygons)
    held = sum_by(sector, faces.weight, count)
    share = np.where(held[sector] > 0, faces.weight, 1).astype(np.float64)
    total = sum_by(sector, share, count)
    bourg = communes[["bourg_x_m", "bourg_y_m"]].to_numpy(dtype=np.float64)[main]
    east = sum_by(sector, share * faces.x, count) / total - bourg[:, 0]
    north = sum_by(sector, share * faces.y, count) / total - bourg[:, 1]
    return _Places(
        east_m=east,
        north_m=north,
        distance_m=np.hypot(east, north),
        at_bourg=shapely.intersects_xy(polygons, bourg[:, 0], bourg[:, 1]),
    )


def _outward(main: Sequence[int], places: _Places) -> dict[int, list[int]]:
    """Gather the sectors of each commune, that of the bourg first, then by distance."""
    rows: dict[int, list[int]] = defaultdict(list)
    for row in np.lexsort(
        (places.north_m, places.east_m, places.distance_m, ~places.at_bourg)
    ).tolist():
        rows[main[row]].append(row)
    return rows


def _hints(rows: list[int], places: _Places, rules: CutRules) -> list[str]:
    """Say where each of several sectors of one name lies; nothing for a single one."""
    if len(rows) == 1:
        return [""]
    winds = say("zoning.sector_winds", "fr").split()
    east, north = places.east_m[rows], places.north_m[rows]
    if len(rows) == 2:  # noqa: PLR2004  opposite sides of each other
        wide = abs(east[1] - east[0]) >= abs(north[1] - north[0])
        along = east if wide else north
        low = int(along[1] < along[0])
        sides = [winds[2], winds[6]] if wide else [winds[0], winds[4]]
        return [sides[int(k == low)] for k in range(2)]
    turn = np.rint(np.arctan2(east, north) / (2 * np.pi / _WINDS)).astype(int) % _WINDS
    hints = [winds[k] for k in turn]
    others = float(np.median(places.distance_m[rows[1:]]))
    if places.at_bourg[rows[0]] and places.distance_m[rows[0]] < rules.centre_share * others:
        hints[0] = say("zoning.sector_centre", "fr")
    return _numbered(hints)


def _numbered(hints: list[str]) -> list[str]:
    seen: dict[str, int] = defaultdict(int)
    numbered = []
    for hint in hints:
        seen[hint] += 1
        numbered.append(f"{hint} {seen[hint]}" if hints.count(hint) > 1 else hint)
    return numbered
