"""The same requester at the same place, asked for twice."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from planner.vocab import fold

__all__ = ["find_duplicates"]


def find_duplicates(
    requests: pd.DataFrame, contacts: pd.DataFrame, *, within_m: float
) -> dict[str, str]:
    """Find requests of one requester (SIRET, else name) within a distance of an earlier one.

    Parameters
    ----------
    requests
        Contract ``requests``.
    contacts
        Contract ``request_contacts``; a request without a row in it is nobody's duplicate.
    within_m
        Metres within which two places are one.

    Returns
    -------
    dict
        Request to the earliest request that it repeats: received first (absent is last), then of
        smallest identifier.  The earliest one is never in it.
    """
    placed = requests.loc[
        requests["x_m"].notna() & requests["y_m"].notna(),
        ["request_id", "received_on", "x_m", "y_m"],
    ]
    placed = placed.sort_values(["received_on", "request_id"], na_position="last")
    who = {
        str(row.request_id): _requester(row.siret, row.organisation)
        for row in contacts[["request_id", "siret", "organisation"]].itertuples(index=False)
    }
    groups: dict[str, list[int]] = defaultdict(list)
    ids = placed["request_id"].astype(str).tolist()
    for position, request in enumerate(ids):
        name = who.get(request)
        if name is not None:
            groups[name].append(position)
    xy = placed[["x_m", "y_m"]].to_numpy(np.float64)
    found: dict[str, str] = {}
    for members in groups.values():
        near = cKDTree(xy[members]).query_ball_point(xy[members], within_m)
        for i, others in enumerate(near):
            # against earlier originals only: a chain of small steps is not one place
            first = next(
                (j for j in sorted(others) if j < i and ids[members[j]] not in found), None
            )
            if first is not None:
                found[ids[members[i]]] = ids[members[first]]
    return found


def _requester(siret: object, organisation: object) -> str | None:
    if isinstance(siret, str) and siret:
        return f"siret {siret}"
    if isinstance(organisation, str) and fold(organisation):
        return f"name {fold(organisation)}"
    return None
