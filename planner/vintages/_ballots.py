"""Ballots carried to other sectors and to other EPCI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from planner.apportion import ShareTies
from planner.findings import Finding, Findings
from planner.schemas import contract
from planner.vintages._conversion import (
    NOBODY,
    Carried,
    Conversion,
    known_places,
    note,
    shared,
    split_row,
    splits_table,
    with_islands,
)
from planner.vocab import Wish

__all__ = ["carry_ballots"]


def carry_ballots(
    ballots: pd.DataFrame,
    *,
    sectors: Conversion | None = None,
    epci: Conversion | None = None,
    sector_shares: pd.DataFrame,
    ties: ShareTies = "refuse",
) -> Carried:
    """Carry ballots to other sectors, to other EPCI, or to both.

    *Sectors*: a new sector takes the wish made on the old sector that gives it most of its
    premises; where two with different wishes give as many, it takes none.  Points are votes and are
    conserved: each old sector's are shared among the new ones by premises in common.  *EPCI*: a
    wish goes to each EPCI that succeeds to the voter and has premises in the sector; where two
    voters who become one disagree on a sector, neither wish is carried.

    Parameters
    ----------
    ballots
        Contract ``ballots``.
    sectors
        From the old sectors to the new ones, weighed by premises; None when they are the same.
    epci
        From the old EPCI to the new ones; None when they are the same.
    sector_shares
        Contract ``sector_shares``, on the new map.
    ties
        For points that are split; see :func:`planner.apportion.apportion`.

    Returns
    -------
    Carried
        Contract ``ballots``; ``splits`` has a row a wish and new sector, ``kept`` or not.

    Raises
    ------
    RuleError
        When a sector or an EPCI isn't on the map from, or points are split on a tie.
    """
    contract("ballots").check(ballots)
    if "points" not in ballots:
        ballots = ballots.assign(points=pd.array([None] * len(ballots), dtype="Int64"))
    wishes = [
        {str(k): (None if pd.isna(v) else v) for k, v in row.items()}
        for row in ballots.sort_values(["epci_siren", "sector_id"]).to_dict("records")
    ]
    splits: list[dict[str, Any]] = []
    found: list[Finding] = []
    if sectors is not None:
        known_places(ballots["sector_id"].astype(str), sectors)
        wishes = _to_sectors(wishes, sectors, ties, splits, found)
    if epci is not None:
        _, epci = with_islands(ballots["epci_siren"], epci)
        held = {
            (str(actor), str(key)): int(count)
            for actor, key, count in zip(
                sector_shares["epci_siren"].fillna(NOBODY), sector_shares["sector_id"],
                sector_shares["premises_count"], strict=True,
            )
        }  # fmt: skip
        wishes = _to_epci(wishes, epci, held, ties, splits, found)
    table = contract("ballots").empty()
    if wishes:
        table = pd.DataFrame(wishes)
        for name, kind in (("rank", "Int64"), ("points", "Int64"), ("approved", "boolean")):
            table[name] = pd.Series([w.get(name) for w in wishes], dtype=kind)
        table = contract("ballots").select(table)
    contract("ballots").check(table)
    return Carried(table=table, splits=splits_table(splits), findings=Findings.collect(found))


def _to_sectors(
    wishes: list[dict[str, Any]],
    conversion: Conversion,
    ties: ShareTies,
    splits: list[dict[str, Any]],
    found: list[Finding],
) -> list[dict[str, Any]]:
    carried: list[dict[str, Any]] = []
    back = conversion.invert().targets if wishes else {}
    for actor in sorted({str(wish["epci_siren"]) for wish in wishes}):
        own = {str(wish["sector_id"]): wish for wish in wishes if wish["epci_siren"] == actor}
        points = _points_of(actor, own, conversion, ties, splits)
        template = next(filter(_is_scored, own.values()), None)
        carried += [
            {**(template or {}), "sector_id": new, "points": part} for new, part in points.items()
        ]
        others = {old: w for old, w in own.items() if not _is_scored(w)}
        taken: set[str] = set()
        for new in sorted({new for old in others for new in conversion.targets[old]}):
            most = max(back[new].values())
            first = sorted(old for old, weight in back[new].items() if weight == most)
            said = [_said(own.get(old)) for old in first]
            agreed = len(set(said)) == 1 and first[0] in others and new not in points
            if agreed:
                carried.append({**own[first[0]], "sector_id": new})
                taken |= set(first)
            elif len(set(said)) > 1:
                found.append(note("sector_tie", new, actor=actor, sectors=first))
            splits += [
                split_row(others[old]["wish"], actor, old, new, back[new][old],
                          kept=agreed and old in first)
                for old in sorted(set(back[new]) & set(others))
            ]  # fmt: skip
        found += [
            note("wish_lost", f"{actor}/{old}", actor=actor, sector=old)
            for old in sorted(set(others) - taken)
        ]
    return carried


def _points_of(
    actor: str,
    own: Mapping[str, Mapping[str, Any]],
    conversion: Conversion,
    ties: ShareTies,
    splits: list[dict[str, Any]],
) -> dict[str, int]:
    """Return the points of the new sectors: those of the old ones, shared by premises."""
    points: dict[str, int] = {}
    for old, wish in own.items():
        if not _is_scored(wish):
            continue
        parts = shared(int(wish["points"]), conversion.targets[old], ties)
        splits += [split_row("points", actor, old, new, part) for new, part in parts.items()]
        for new, part in parts.items():
            points[new] = points.get(new, 0) + part
    return points


def _is_scored(wish: Mapping[str, Any]) -> bool:
    """Whether a wish is points and nothing else: what says two things is carried as it stands."""
    alone = wish["rank"] is None and not wish.get("approved")
    return wish["wish"] == Wish.SCORED.value and wish["points"] is not None and alone


def _said(wish: Mapping[str, Any] | None) -> tuple[Any, ...] | None:
    if wish is None:
        return None
    points = None if _is_scored(wish) else wish["points"]
    return wish["wish"], wish["rank"], points, bool(wish.get("approved"))


def _to_epci(
    wishes: list[dict[str, Any]],
    conversion: Conversion,
    held: Mapping[tuple[str, str], int],
    ties: ShareTies,
    splits: list[dict[str, Any]],
    found: list[Finding],
) -> list[dict[str, Any]]:
    gathered: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for wish in wishes:
        actor, key = str(wish["epci_siren"]), str(wish["sector_id"])
        targets = conversion.targets[actor]
        heirs = {to: held.get((to, key), 0) for to in targets if len(targets) > 1}
        heirs = {to: count for to, count in heirs.items() if count > 0}
        if len(targets) == 1:  # whoever succeeds whole takes every wish
            heirs = {next(iter(targets)): 1}
        if not heirs:
            splits.append(split_row(str(wish["wish"]), actor, key, key, None, kept=False))
            found.append(note("no_heir", f"{actor}/{key}", actor=actor, sector=key))
            continue
        scored = _is_scored(wish)
        parts: Mapping[str, int | None] = dict.fromkeys(heirs, None)
        if scored:
            parts = shared(int(wish["points"]), heirs, ties)
        for to, part in parts.items():
            points = part if scored else wish["points"]
            gathered.setdefault((to, key), []).append({**wish, "epci_siren": to, "points": points})
            splits.append(split_row(f"{wish['wish']}:{key}", actor, actor, to, part))
    carried = []
    for (to, key), several in sorted(gathered.items()):
        if len({_said(wish) for wish in several}) > 1:
            found.append(note("voters_differ", f"{to}/{key}", actor=to, sector=key))
            for row in splits:
                if row["measure"].endswith(f":{key}") and row["code_to"] == to:
                    row["kept"] = False
            continue
        carried.append(_as_one(several))
    return carried


def _as_one(several: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what voters who become one say alike of a sector: their points are added."""
    first = several[0]
    points = sum(w["points"] for w in several) if _is_scored(first) else first["points"]
    return {
        **first, "points": points, "source": "; ".join(sorted({str(w["source"]) for w in several})),
        "synthetic": any(bool(w["synthetic"]) for w in several),
    }  # fmt: skip
