"""The sites of Axe 3 on the map: points by answer, and what the card of a commune says of them.

Nothing of who asks comes here: the table holds no name, no identifier of the register, and cells
instead of positions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely

from planner.export.map.data import MapData, records
from planner.export.map.network import draw_mark
from planner.export.map.topology import grid_xy
from planner.export.themes import ELIGIBILITY_CLASSES
from planner.texts import say
from planner.vocab import Eligibility, RequesterKind, RequestEvent, Solution

__all__ = ["site_legend", "sites_block"]

_RADIUS: Final = 6.5  # pixels


def sites_block(data: MapData, *, lang: str) -> dict[str, Any] | None:
    """Return what the page draws and says of the sites; None where there is none.

    Parameters
    ----------
    data
        What the map shows.
    lang
        Language of the words.
    """
    if data.axe3_sites.empty:
        return None
    return {
        "routes": [],
        "marks": [
            {
                "key": f"axe3_{entry.key}", "label": entry.label.say(lang), "shape": entry.shape,
                "fill": entry.fill, "ink": entry.ink, "fromZoom": 0.0,
                "radius": _RADIUS,
                **_places(data.axe3_sites, entry.key),
            }
            for entry in ELIGIBILITY_CLASSES
            if (data.axe3_sites["eligibility"].astype(str) == entry.key).any()
        ],
        "of": _words(data, lang),
        "madeUp": bool(data.axe3_sites["synthetic"].any()),
    }  # fmt: skip


def site_legend(data: MapData, *, lang: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the entries of the legend that can be switched, and what is said under them."""
    there = set(data.axe3_sites["eligibility"].dropna().astype(str))
    rows = [
        {"key": f"axe3_{entry.key}", "label": entry.label.say(lang), "swatch": draw_mark(entry)}
        for entry in ELIGIBILITY_CLASSES
        if entry.key in there
    ]
    return rows, [say("map.axe3_cells", lang)]


def _places(sites: pd.DataFrame, code: str) -> dict[str, list[int]]:
    """Return the pixels of the sites of an answer."""
    mine = (sites["eligibility"].astype(str) == code).to_numpy()
    spots = shapely.get_coordinates(sites["geometry"].to_numpy()[mine])
    grid = np.rint(grid_xy(spots[:, 0], spots[:, 1])).astype(np.int64)
    grid = grid[np.lexsort((grid[:, 1], grid[:, 0]))]
    return {"x": grid[:, 0].tolist(), "y": grid[:, 1].tolist()}


def _words(data: MapData, lang: str) -> dict[str, list[str]]:
    """Return a line for each site, by the position of its commune."""
    of = {code: place for place, code in enumerate(data.communes["insee"])}
    told: dict[str, list[str]] = {}
    sites = pd.DataFrame(data.axe3_sites.drop(columns="geometry"))
    for row in records(sites.sort_values("site_id")):
        if row["insee"] in of:
            told.setdefault(str(of[row["insee"]]), []).append(_line(row, lang))
    return told


def _line(row: Mapping[str, Any], lang: str) -> str:
    kind, answer = row["kind"], row["eligibility"]
    who = say("map.axe3_unsaid", lang) if kind is None else RequesterKind(kind).label(lang)
    said = "map.axe3_unassessed"
    words = say(said, lang) if answer is None else Eligibility(answer).label(lang).lower()
    line = say(
        "map.axe3_site", lang, kind=who, answer=words,
        state=RequestEvent(row["state"]).label(lang).lower(),
    )  # fmt: skip
    if row["solution"] is None:
        return line
    solution = Solution(row["solution"]).label(lang).lower()
    if row["cost_cents"] is None:
        return say("map.axe3_solved", lang, line=line, solution=solution)
    return say("map.axe3_priced", lang, line=line, solution=solution, cost=row["cost_cents"])
