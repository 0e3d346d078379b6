"""From the tables of a concertation to one question in whole numbers.

:func:`state_choice` reads tables under their contracts and returns a
:class:`planner.choice.ChoiceProblem`; nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse

from planner.ballots import BallotCount, actor_shares, vain_wishes
from planner.choice import ChoiceProblem, Contiguity, Limit, Objective, Unit
from planner.errors import RuleError
from planner.programme._borders import common_borders
from planner.schemas import contract
from planner.sector_names import sector_names
from planner.texts import Message, call_sector
from planner.vocab import AreaKind, EnvelopeUnit

__all__ = ["ChoiceRules", "ObjectiveName", "cost_keur", "limits_of", "state_choice"]

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
ObjectiveName = Literal["votes", "criteria", "cost", "compactness"]

_PER_MILLE = 1000
_CENTS_PER_KEUR = 100_000
_HALVES = 2  # to a vote
_SCORE_STEPS = 1000  # a score in [0, 1] counts in thousandths
REGION = "region"
_UNITS: Mapping[str, Unit] = MappingProxyType(
    {"votes": "votes", "criteria": "score", "cost": "keur", "compactness": "m"}
)


@dataclass(frozen=True, kw_only=True)
class ChoiceRules:
    """Rules of the exact choice.

    Parameters
    ----------
    contiguity
        How a chosen sector must be reached.
    parity_tolerance_share
        How far apart rural and urban lines of the phase may be, as a share of both together, to the
        thousandth; None when parity isn't asked.
    budget_eur
        What the sectors of the phase may cost together, counted in whole thousands of euros, each
        sector's rounded up; None without a ceiling.
    capacity_lines
        Most lines of the phase, by code of département or ``region``.
    objectives
        What is made best, in order.
    unranked
        Whether sectors that no EPCI ranked, scored or required may be chosen, as a way through.
    cents_per_line
        Contribution a line, in cents, that an envelope in euros is counted with.
    weights
        Actor to what each of its points counts for in ``votes``; one where it isn't named.
    """

    contiguity: Contiguity = Contiguity.WITHIN_EPCI
    parity_tolerance_share: float | None = None
    budget_eur: int | None = None
    capacity_lines: Mapping[str, int] = field(default_factory=dict)
    objectives: tuple[ObjectiveName, ...] = ("votes", "cost", "compactness")
    unranked: Literal["out", "allowed"] = "out"
    cents_per_line: int
    weights: Mapping[str, int] = field(default_factory=dict)


def state_choice(
    *,
    sectors: gpd.GeoDataFrame,
    sector_shares: pd.DataFrame,
    ballots: BallotCount,
    votes: pd.DataFrame,
    costs: pd.DataFrame,
    rules: ChoiceRules,
    criteria: pd.DataFrame | None = None,
    feeders: pd.DataFrame | None = None,
) -> ChoiceProblem:
    """State which sectors may enter the phase, under which rules, and what is best.

    Candidates are the sectors outside every zone that somebody decides on.  What a sector is worth
    in votes is the points that each EPCI gives it × its lines in that EPCI.  Neighbours share a
    border of half a metre or more.  A candidate is *reached* when it touches a sector of a zone; in
    a group of neighbours that touches none, the largest candidate is a landing point (groups of one
    decider when contiguity stays within it, else groups of all, one landing point by decider).

    Parameters
    ----------
    sectors, sector_shares
        Tables under the contracts of their names, in EPSG:2154.
    ballots
        What :func:`planner.concertation.count_ballots` returned.
    votes
        Contract ``sector_points``.
    costs
        Contract ``costs``.
    rules
        Rules of the choice.
    criteria
        ``sector_id`` and ``score_share`` in [0, 1]: what each sector is worth by the regional
        criteria; each counts score × lines.  Needed by the objective ``criteria``.
    feeders
        Contract ``feeders``: the sector before each candidate on its feeder.  Needed by the
        contiguity ``feeder``, unread by the others.

    Raises
    ------
    ContractError
        When a table breaks its contract.
    RuleError
        When an objective or a contiguity lacks its table, a capacity names an unknown place, or
        feeders leave a candidate out, name an unknown sector or go in a ring.
    """
    for name, table in (
        ("sector_shares", sector_shares),
        ("sector_points", votes),
        ("costs", costs),
    ):
        contract(name).check(table)
    every = sectors.sort_values("sector_id").reset_index(drop=True)
    shares = actor_shares(pd.DataFrame(every), sector_shares)
    shares = shares[shares["premises_count"].astype(int) > 0]
    ids = every["sector_id"].astype(str).to_numpy()
    candidate = every["zone_id"].isna().to_numpy() & np.isin(ids, shares["sector_id"].astype(str))
    table = every[candidate].reset_index(drop=True)
    names = tuple(table["sector_id"].astype(str))
    place = {name: at for at, name in enumerate(names)}
    shares = shares[shares["sector_id"].astype(str).isin(place)]
    actors = tuple(sorted(set(shares["actor"].astype(str))))
    actor_at = {name: at for at, name in enumerate(actors)}
    who: Integers = np.array([actor_at[str(name)] for name in shares["actor"]], np.int64)
    where: Integers = np.array([place[str(key)] for key in shares["sector_id"]], np.int64)
    lines_there = shares["premises_count"].to_numpy(np.int64)
    decider = np.full(len(names), -1, np.int64)
    decider[where[::-1]] = who[::-1]  # the first row of a sector is whoever decides
    in_euros = np.array([_in_euros(ballots, name) for name in actors], bool)
    need = np.where(in_euros[who], lines_there * rules.cents_per_line, lines_there)
    order = np.lexsort((who, where))
    edges, border_m = common_borders(every.geometry.to_numpy())
    built = every["zone_id"].notna().to_numpy()
    reached, edges, border_m = _neighbourhood(candidate, built, edges, border_m)
    unasked: Flags | None = None
    required, refused = _wishes(ballots, names, actors, decider, where, who)
    lines = table["premises_count"].to_numpy(np.int64)
    points, unit_of_votes = _in_votes(
        _points(votes, place, shares, where, who, actors, lines_there), votes
    )
    if rules.unranked == "out":
        unasked = ~required & ~refused & (points == 0)
        refused |= unasked
    landing = _landings(rules.contiguity, reached, edges, decider, lines, refused)
    departements = tuple(table["departement"].astype(str))
    rural = (table["area_kind"].astype(str) == AreaKind.RURAL.value).to_numpy()
    in_keur = cost_keur(costs, names)
    ungranted = np.array([_is_ungranted(ballots, name) for name in actors], bool)
    return ChoiceProblem(
        sector_ids=names,
        lines=lines,
        departements=departements,
        rural=rural,
        actors=actors,
        decider=decider,
        share_candidate=where[order],
        share_actor=who[order],
        share_need=need[order],
        envelopes=np.array([_granted(ballots, name) for name in actors], np.int64),
        required=required,
        refused=refused,
        unasked=unasked,
        in_cents=in_euros if in_euros.any() else None,
        ungranted=ungranted if ungranted.any() else None,
        weights=np.array([rules.weights.get(name, 1) for name in actors], np.int64)
        if rules.weights
        else None,
        sector_names=sector_names(every),
        vain=vain_wishes(ballots, shares),
        reached=reached | landing,
        edges=edges,
        edge_border_m=border_m,
        feeder=_feeders(rules, feeders, place, known=frozenset(ids), called=sector_names(every)),
        contiguity=rules.contiguity,
        limits=limits_of(rules, lines, departements, rural, in_keur),
        objectives=tuple(
            _objective(
                name,
                points,
                lines,
                in_keur,
                edges,
                border_m,
                decider,
                criteria,
                names,
                unit=unit_of_votes if name == "votes" else _UNITS[name],
            )
            for name in rules.objectives
        ),
    )


def _in_euros(ballots: BallotCount, actor: str) -> bool:
    ballot = ballots.ballots.get(actor)
    return ballot is not None and ballot.envelope.unit is EnvelopeUnit.EUR


def _is_ungranted(ballots: BallotCount, actor: str) -> bool:
    ballot = ballots.ballots.get(actor)
    return ballot is not None and ballot.counts and ballot.envelope.amount is None


def _granted(ballots: BallotCount, actor: str) -> int:
    """Return what an actor may use in its unit, MeD credit included; -1 without a counted vote."""
    ballot = ballots.ballots.get(actor)
    if ballot is None or not ballot.counts:
        return -1
    envelope = ballot.envelope
    if envelope.amount is None:
        return 0
    return envelope.amount + (envelope.credit_cents if _in_euros(ballots, actor) else 0)


def _neighbourhood(
    candidate: Flags, built: Flags, edges: Integers, border_m: Integers
) -> tuple[Flags, Integers, Integers]:
    """Return which candidates touch a sector of a zone, and the borders between candidates.

    A sector without premises is neither: no network goes there, and it leads nowhere.
    """
    place = np.cumsum(candidate) - 1
    reached = np.zeros(int(candidate.sum()), bool)
    for one, other in (edges.T, edges.T[::-1]):
        reached[place[one[candidate[one] & built[other]]]] = True
    both = candidate[edges].all(axis=1)
    return reached, place[edges[both]].astype(np.int64).reshape(-1, 2), border_m[both]


def _wishes(
    ballots: BallotCount,
    names: tuple[str, ...],
    actors: tuple[str, ...],
    decider: Integers,
    where: Integers,
    who: Integers,
) -> tuple[Flags, Flags]:
    """Return what deciders require and what anyone with a share refuses: a refusal stands."""
    required, refused = np.zeros(len(names), bool), np.zeros(len(names), bool)
    counted = [ballots.ballots.get(actor) for actor in actors]
    wanted = [frozenset(b.required) if b and b.counts else frozenset() for b in counted]
    unwanted = [frozenset(b.refused) if b and b.counts else frozenset() for b in counted]
    for at, actor in zip(where.tolist(), who.tolist(), strict=True):
        refused[at] |= names[at] in unwanted[actor]
    for at, actor in enumerate(decider.tolist()):
        required[at] = names[at] in wanted[actor]
    return required & ~refused, refused


def _points(
    votes: pd.DataFrame,
    place: Mapping[str, int],
    shares: pd.DataFrame,
    where: Integers,
    who: Integers,
    actors: tuple[str, ...],
    lines_there: Integers,
) -> Integers:
    """Return Σ points × lines there, over the EPCI of each candidate."""
    given = {
        (str(sector), str(actor)): int(points)
        for sector, actor, points in zip(
            votes["sector_id"], votes["epci_siren"], votes["points"], strict=True
        )
    }
    worth = np.zeros(len(place), np.int64)
    rows = zip(shares["sector_id"].astype(str), where, who, lines_there, strict=True)
    for sector, at, actor, lines in rows:
        worth[at] += given.get((sector, actors[actor]), 0) * lines
    return worth


def _in_votes(worth: Integers, votes: pd.DataFrame) -> tuple[Integers, Unit]:
    """Return what candidates are worth in whole votes × lines, or as counted, and its unit.

    In halves where ties make some; finer parts, as those of equal totals, have no unit.
    """
    scales = set(votes["scale"].astype(int))
    if len(scales) > 1:
        return worth, "none"
    scale = max(scales, default=1)
    if not (worth % scale).any():
        return worth // scale, "votes"
    return worth, "half_votes" if scale == _HALVES else "none"


def _landings(
    contiguity: Contiguity,
    reached: Flags,
    edges: Integers,
    decider: Integers,
    lines: Integers,
    refused: Flags,
) -> Flags:
    """Return the landing points of the groups of neighbours that touch nothing built."""
    count = len(reached)
    own = _groups(count, edges[decider[edges[:, 0]] == decider[edges[:, 1]]])
    wide = own if contiguity is Contiguity.WITHIN_EPCI else _groups(count, edges)
    dry = ~np.isin(wide, wide[reached])
    landing = np.zeros(count, bool)
    order = np.lexsort((np.arange(count), -lines, refused))  # allowed ones, the largest, by id
    order = order[dry[order]]
    _, first = np.unique(own[order], return_index=True)
    landing[order[first]] = True
    return landing


def _groups(count: int, edges: Integers) -> Integers:
    links = scipy.sparse.coo_array((np.ones(len(edges)), edges.T), shape=(count, count))
    group: Integers = scipy.sparse.csgraph.connected_components(links, directed=False)[1].astype(
        np.int64
    )
    return group


def cost_keur(costs: pd.DataFrame, names: tuple[str, ...]) -> Integers:
    """Return the cost of each candidate in thousands of euros, rounded up."""
    cents = dict(zip(costs["sector_id"].astype(str), costs["cost_cents"].astype(int), strict=True))
    missing = [name for name in names if name not in cents]
    if missing:
        raise RuleError(
            Message.of("programme.no_cost", count=len(missing), sector=missing[0]),
            Message.of("programme.no_cost_remedy"),
        )
    return np.array([-(-cents[name] // _CENTS_PER_KEUR) for name in names], np.int64)


def _feeders(
    rules: ChoiceRules,
    feeders: pd.DataFrame | None,
    place: Mapping[str, int],
    *,
    known: frozenset[str],
    called: Mapping[str, str],
) -> Integers:
    """Return the candidate before each one on its feeder, -1 where the network already is."""
    before = np.full(len(place), -1, np.int64)
    if rules.contiguity is not Contiguity.FEEDER:
        return before
    if feeders is None:
        raise RuleError(
            Message.of("programme.no_feeders"), Message.of("programme.no_feeders_remedy")
        )
    contract("feeders").check(feeders)
    pairs = {
        str(sector): None if pd.isna(feeder) else str(feeder)
        for sector, feeder in zip(feeders["sector_id"], feeders["feeder_id"], strict=True)
    }
    _refuse_broken(pairs, place, known, called)
    for sector, feeder in pairs.items():
        if sector in place and feeder is not None:
            before[place[sector]] = place.get(feeder, -1)
    return before


def _refuse_broken(
    pairs: Mapping[str, str | None],
    place: Mapping[str, int],
    known: frozenset[str],
    called: Mapping[str, str],
) -> None:
    """Raise when the order along the feeders is not known for each candidate, or goes in a ring."""
    unknown = sorted({f for f in pairs.values() if f is not None} - known)
    absent = sorted(set(place) - set(pairs))
    for problem, wrong in (("unknown_feeder", unknown), ("missing_feeder", absent)):
        if wrong:
            raise RuleError(
                Message.of(f"programme.{problem}", count=len(wrong), sector=wrong[0]).naming(
                    called
                ),
                Message.of("programme.feeders_remedy"),
            )
    safe: set[str] = set()
    for start in sorted(pairs):
        path: list[str] = []
        at: str | None = start
        while at is not None and at not in safe and at not in path:
            path.append(at)
            at = pairs.get(at)
        if at in path:
            ring = " → ".join(call_sector(key, called) for key in [*path[path.index(at) :], at])
            raise RuleError(
                Message.of("programme.feeder_ring", ring=ring),
                Message.of("programme.feeders_remedy"),
            )
        safe.update(path)


def limits_of(
    rules: ChoiceRules,
    lines: Integers,
    departements: tuple[str, ...],
    rural: Flags,
    cost_keur: Integers,
) -> tuple[Limit, ...]:
    """Return the regional and départements' rules over the candidates."""
    limits = []
    codes = np.array(departements, dtype=object)
    for code, most in sorted(rules.capacity_lines.items()):
        inside = np.ones(len(lines), bool) if code == REGION else codes == code
        if not inside.any():
            raise RuleError(
                Message.of("programme.unknown_capacity", code=code),
                Message.of(
                    "programme.unknown_capacity_remedy",
                    known=", ".join([REGION, *sorted(set(departements))]),
                ),
            )
        limits.append(
            Limit(
                name=f"capacity.{code}", coefficients=np.where(inside, lines, 0), upper=most,
                unit="lines",
                message=Message.of(
                    "programme.limit_capacity", lines=most,
                    code=Message.of("programme.whole_region") if code == REGION else code,
                ),
            )
        )  # fmt: skip
    if rules.budget_eur is not None:
        limits.append(
            Limit(
                name="budget.region", coefficients=cost_keur, upper=rules.budget_eur // 1000,
                unit="keur",
                message=Message.of("programme.limit_budget", amount=rules.budget_eur * 100),
            )
        )  # fmt: skip
    if rules.parity_tolerance_share is not None:
        mille = round(rules.parity_tolerance_share * _PER_MILLE)
        for name, side in (("rural", np.where(rural, 1, -1)), ("urban", np.where(rural, -1, 1))):
            limits.append(
                Limit(
                    name=f"parity.{name}", upper=0, unit="part_lines",
                    coefficients=lines * (_PER_MILLE * side - mille),
                    message=Message.of(
                        f"programme.limit_parity_{name}", share=rules.parity_tolerance_share
                    ),
                )
            )  # fmt: skip
    return tuple(limits)


def _objective(
    name: ObjectiveName,
    points: Integers,
    lines: Integers,
    cost_keur: Integers,
    edges: Integers,
    border_m: Integers,
    decider: Integers,
    criteria: pd.DataFrame | None,
    names: tuple[str, ...],
    *,
    unit: Unit,
) -> Objective:
    asked: dict[str, Any] = {
        "name": name, "sense": "min" if name == "cost" else "max", "unit": unit
    }  # fmt: skip
    if name == "votes":
        return Objective(coefficients=points, **asked)
    if name == "cost":
        return Objective(coefficients=cost_keur, **asked)
    if name == "compactness":
        same = decider[edges[:, 0]] == decider[edges[:, 1]]
        return Objective(
            coefficients=np.zeros(len(names), np.int64),
            edge_coefficients=np.where(same, border_m, 0), **asked,
        )  # fmt: skip
    if criteria is None:
        raise RuleError(
            Message.of("programme.no_criteria"), Message.of("programme.no_criteria_remedy")
        )
    score = dict(zip(criteria["sector_id"].astype(str), criteria["score_share"], strict=True))
    steps = np.array([round(float(score.get(key, 0.0)) * _SCORE_STEPS) for key in names], np.int64)
    return Objective(coefficients=steps * lines, **asked)
