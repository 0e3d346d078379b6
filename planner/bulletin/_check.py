"""What a ballot comes to: by the library's own steps, run on the sheet of one EPCI.

The other EPCI that share a sector are taken to agree: what they decide isn't known yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from planner.ballots import Ballot, BallotCount, Envelope
from planner.bulletin._sheet import Sheet, SheetSector
from planner.choice import ChoiceProblem, Contiguity
from planner.concertation import contradicts
from planner.contribution import count_contributions
from planner.findings import Findings
from planner.programme import Programme, ProgrammeRules, choose_sectors
from planner.schemas import contract
from planner.texts import Message
from planner.verify import Breach, unreached
from planner.vocab import Decision, DeliberationState, EnvelopeUnit, Phase, Wish

__all__ = [
    "LeftOut",
    "SheetCheck",
    "SheetWish",
    "check_ballot",
    "left_out_of",
    "unsaid_of",
    "wishes_of",
    "wishes_table",
]

Stance = Literal["required", "refused"]
_RULES: Final = ("contradiction", "required", "tie", "contiguity", "envelope")
"""Rules that a ballot may break, the gravest first."""


@dataclass(frozen=True, kw_only=True)
class SheetWish:
    """What is written beside one sector.

    Parameters
    ----------
    sector_id
        The sector.
    rank
        Its rank, from 1; two sectors of one rank are tied; None when it isn't ranked.
    stance
        ``required`` or ``refused``; None when neither.  A required sector needs no rank, and one
        that it has doesn't count; one that is both ranked and refused contradicts itself.
    """

    sector_id: str
    rank: int | None = None
    stance: Stance | None = None

    @property
    def contradicts(self) -> bool:
        """Whether it says yes and no."""
        return self.rank is not None and self.stance == "refused"


@dataclass(frozen=True, kw_only=True)
class SheetCheck:
    """What a ballot comes to, if the EPCI that share its sectors agree.

    Parameters
    ----------
    taken
        Sectors that enter phase 2, sorted.
    lines
        Lines of this EPCI in them.
    used
        What they use of the envelope, in its unit.
    left
        What is left of it; None when none is granted.
    gross_cents, credit_cents, net_cents
        Contribution for them, the part of the MeD credit that phase 1 leaves, and what is due; None
        for a département, which pays none.
    breaches
        Rules that are broken, the gravest first, then by place.
    """

    taken: tuple[str, ...]
    lines: int
    used: int
    left: int | None
    gross_cents: int | None
    credit_cents: int | None
    net_cents: int | None
    breaches: tuple[Breach, ...]


def check_ballot(sheet: Sheet, wishes: Iterable[SheetWish]) -> SheetCheck:
    """Say what a ballot comes to.

    Parameters
    ----------
    sheet
        What the EPCI votes on.
    wishes
        What is written beside its sectors, each once, in any order.  A requirement counts where the
        EPCI decides, and so does a rank, unless the rule is ``exact``: a rank is then a vote with
        the EPCI's own lines (:meth:`Sheet.can_rank`), but what it comes to is only known with the
        decider's.  A refusal counts wherever it has lines.

    Raises
    ------
    LookupError
        When a sector isn't on the sheet.
    """
    by_id = {wish.sector_id: wish for wish in wishes}
    unknown = sorted(set(by_id) - set(sheet.by_id))
    if unknown:
        raise LookupError(f"not on the sheet: {', '.join(unknown)}")
    said = {key: by_id[key] for key in sorted(by_id) if sheet.by_id[key].phase is None}
    sound = [wish for wish in said.values() if not wish.contradicts]
    programme = _programme(sheet, sound)
    table = programme.table.set_index("sector_id")
    decisions = {str(key): Decision(code) for key, code in table["decision"].items()}
    taken = tuple(
        key for key in sheet.open_ids if decisions[key] in {Decision.REQUIRED, Decision.CHOSEN}
    )
    lines = sum(sheet.by_id[key].lines_of(sheet.actor) for key in taken)
    used = sheet.need(lines)
    granted = sheet.granted
    owed = _owed(sheet, programme.table)
    breaches = [
        *_contradictions(sheet, said.values()),
        *_required(sheet, sound),
        *_ties(sheet, sound, decisions),
        *_far(sheet, sound, taken),
        *_short(sheet, sound, decisions, programme),
    ]
    return SheetCheck(
        taken=taken,
        lines=lines,
        used=used,
        left=None if granted is None else granted - used,
        gross_cents=owed[0],
        credit_cents=owed[1],
        net_cents=owed[2],
        breaches=tuple(sorted(breaches, key=lambda b: (_RULES.index(b.rule), b.place))),
    )


def wishes_table(sheet: Sheet, wishes: Iterable[SheetWish], *, source: str) -> pd.DataFrame:
    """Return a ballot under the contract ``ballots``, as it is written: two wishes on a sector too.

    Parameters
    ----------
    sheet
        What the EPCI votes on.
    wishes
        What is written beside its sectors.
    source
        Where the ballot comes from, for the column ``source``.
    """
    rows: list[dict[str, Any]] = []
    for wish in sorted(wishes, key=lambda wish: wish.sector_id):
        if wish.rank is None and wish.stance is None:
            continue
        kind = Wish.RANKED if wish.stance is None else Wish(wish.stance)
        rows.append(
            {
                "epci_siren": sheet.actor, "sector_id": wish.sector_id, "wish": kind.value,
                "rank": wish.rank, "points": None,
                "source": source, "synthetic": sheet.synthetic,
            }
        )  # fmt: skip
    if not rows:
        return contract("ballots").empty()
    table = pd.DataFrame(rows).astype({"rank": "Int64", "points": "Int64", "synthetic": "bool"})
    contract("ballots").check(table)
    return contract("ballots").select(table)


def wishes_of(sheet: Sheet, ballots: pd.DataFrame) -> tuple[SheetWish, ...]:
    """Return what a table under the contract ``ballots`` says of this sheet, as ranks.

    A sector that is required or refused keeps the rank that it has: the page tells both.  Points
    and approvals have no place on a bulletin that ranks, and are left out (:func:`left_out_of`
    counts them), with the wish that they contradict (:func:`unsaid_of` lists them).
    """
    own = _own_rows(sheet, ballots)
    found = []
    for row in own[~_is_unsaid(own)].to_dict("records"):
        key, wish = str(row["sector_id"]), Wish(str(row["wish"]))
        rank = None if pd.isna(row["rank"]) else int(row["rank"])
        if wish is Wish.RANKED and rank is not None:
            found.append(SheetWish(sector_id=key, rank=rank))
        elif wish is Wish.REQUIRED:
            found.append(SheetWish(sector_id=key, rank=rank, stance="required"))
        elif wish is Wish.REFUSED:
            found.append(SheetWish(sector_id=key, rank=rank, stance="refused"))
    return tuple(found)


def unsaid_of(sheet: Sheet, ballots: pd.DataFrame) -> tuple[str, ...]:
    """Return the sectors of which a ballot says two things that a bulletin can't both say."""
    own = _own_rows(sheet, ballots)
    return tuple(own.loc[_is_unsaid(own), "sector_id"].astype(str))


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """What of a ballot received a bulletin can't show: how many sectors.

    Parameters
    ----------
    scored, approved
        Sectors that it gives points, or approves.
    elsewhere
        Wishes that were made on other sectors.
    """

    scored: int
    approved: int
    elsewhere: int


def left_out_of(sheet: Sheet, ballots: pd.DataFrame, *, elsewhere: int = 0) -> LeftOut:
    """Return what of a ballot a bulletin doesn't show, beside what says two things.

    Parameters
    ----------
    sheet
        What the EPCI votes on.
    ballots
        Contract ``ballots``, made on these sectors.
    elsewhere
        Wishes of the EPCI that were made on others.
    """
    own = _own_rows(sheet, ballots)
    wish = own.loc[~_is_unsaid(own), "wish"].astype(str)
    return LeftOut(
        scored=int((wish == Wish.SCORED.value).sum()),
        approved=int((wish == Wish.APPROVED.value).sum()),
        elsewhere=elsewhere,
    )


def _own_rows(sheet: Sheet, ballots: pd.DataFrame) -> pd.DataFrame:
    own = ballots[ballots["epci_siren"].astype(str) == sheet.actor]
    own = own[own["sector_id"].astype(str).isin(sheet.by_id)]
    return own.sort_values("sector_id", kind="stable")


def _is_unsaid(own: pd.DataFrame) -> pd.Series[bool]:
    shown = (own["wish"].astype(str) == Wish.REFUSED.value) & own["rank"].notna()
    return contradicts(own) & ~shown


def _programme(sheet: Sheet, wishes: Sequence[SheetWish]) -> Programme:
    """Choose the sectors of this EPCI alone, its neighbours' envelopes without limit."""
    ranks: dict[int, list[str]] = {}
    for wish in wishes:
        if wish.rank is not None and wish.stance is None:
            ranks.setdefault(wish.rank, []).append(wish.sector_id)
    own = Ballot(
        actor=sheet.actor,
        counts=True,
        state=DeliberationState.VOTED,
        envelope=Envelope(
            unit=sheet.unit, amount=sheet.amount, credit_cents=sheet.credit_cents or 0
        ),
        required=tuple(w.sector_id for w in wishes if w.stance == "required"),
        refused=tuple(w.sector_id for w in wishes if w.stance == "refused"),
        ranked=tuple((rank, tuple(ranks[rank])) for rank in sorted(ranks)),
    )
    enough = sum(sector.premises_count for sector in sheet.sectors) + 1
    others = {
        actor: Ballot(
            actor=actor,
            counts=True,
            state=DeliberationState.VOTED,
            envelope=Envelope(unit=EnvelopeUnit.LINES, amount=enough),
        )
        for actor in sheet.names
        if actor != sheet.actor
    }
    count = BallotCount(
        ballots=MappingProxyType({**others, sheet.actor: own}),
        names=sheet.names,
        due=tuple(sorted(sheet.names)),
        findings=Findings(),
    )
    return choose_sectors(
        sectors=_sectors(sheet),
        sector_shares=_shares(sheet),
        zones=_zones(sheet),
        ballots=count,
        rules=ProgrammeRules(ties=sheet.ties, cents_per_line=sheet.cents_per_line),  # type: ignore[arg-type]
    )


def _sectors(sheet: Sheet) -> pd.DataFrame:
    frame = pd.DataFrame(
        [(s.sector_id, s.nom, s.departement, s.premises_count) for s in sheet.sectors],
        columns=["sector_id", "nom", "departement", "premises_count"],
    )
    zones: list[object] = [s.zone_id for s in sheet.sectors]
    return frame.assign(zone_id=pd.Series(zones, index=frame.index, dtype="object"))


def _shares(sheet: Sheet) -> pd.DataFrame:
    rows = [
        (sector.sector_id, "" if actor.startswith("D") else actor, lines)
        for sector in sheet.sectors
        for actor, lines in sector.shares
    ]
    return pd.DataFrame(rows, columns=["sector_id", "epci_siren", "premises_count"])


def _zones(sheet: Sheet) -> pd.DataFrame:
    phases = {s.zone_id: s.phase for s in sheet.sectors if s.phase is not None}
    rows = [(zone, zone, phases[zone], None) for zone in sorted(phases, key=str)]
    return pd.DataFrame(rows, columns=["zone_id", "nom", "phase", "tranche"])


def _owed(sheet: Sheet, programme: pd.DataFrame) -> tuple[int, int, int] | tuple[None, None, None]:
    if not sheet.pays:
        return None, None, None
    table, _ = count_contributions(
        programme=programme,
        sectors=_sectors(sheet),
        sector_shares=_shares(sheet),
        zones=_zones(sheet),
        credits_cents={sheet.actor: sheet.credit_cents or 0},
        cents_per_line=sheet.cents_per_line,
    )
    own = table["epci_siren"].astype(str) == sheet.actor
    rows = table[own & (table["phase"].astype(str) == Phase.PHASE_2.value)]
    return (
        int(rows["gross_cents"].sum()), int(rows["credit_cents"].sum()),
        int(rows["net_cents"].sum()),
    )  # fmt: skip


def _contradictions(sheet: Sheet, wishes: Iterable[SheetWish]) -> list[Breach]:
    return [
        _breach("contradiction", wish.sector_id, sector=sheet.by_id[wish.sector_id].nom)
        for wish in wishes
        if wish.contradicts
    ]


def _breach(rule: str, place: str, excess: int | None = None, **values: object) -> Breach:
    key = f"bulletin.broken_{rule}"
    return Breach(rule=rule.removesuffix("_eur"), place=place, excess=excess,
                  message=Message.of(key, **values))  # fmt: skip


def _in_unit(rule: str, sheet: Sheet) -> str:
    return f"{rule}_eur" if sheet.unit is EnvelopeUnit.EUR else rule


def _required(sheet: Sheet, wishes: Sequence[SheetWish]) -> list[Breach]:
    """Say by how much required sectors pass the envelope."""
    keys = [w.sector_id for w in wishes
            if w.stance == "required" and sheet.is_open(sheet.by_id[w.sector_id])]  # fmt: skip
    needed = sheet.need(sum(sheet.by_id[key].lines_of(sheet.actor) for key in keys))
    missing = needed - (sheet.granted or 0)
    if missing <= 0:
        return []
    return [
        _breach(_in_unit("required", sheet), sheet.actor, missing, count=len(keys), missing=missing)
    ]


def _ties(
    sheet: Sheet, wishes: Sequence[SheetWish], decisions: Mapping[str, Decision]
) -> list[Breach]:
    """Name the ranks whose tie nothing breaks."""
    tied: dict[int, list[str]] = {}
    for wish in wishes:
        if wish.rank is not None and decisions[wish.sector_id] is Decision.TIE:
            tied.setdefault(wish.rank, []).append(sheet.by_id[wish.sector_id].nom)
    return [
        _breach("tie", f"{rank:06d}", rank=rank, sectors=", ".join(tied[rank]))
        for rank in sorted(tied)
    ]


def _short(
    sheet: Sheet,
    wishes: Sequence[SheetWish],
    decisions: Mapping[str, Decision],
    programme: Programme,
) -> list[Breach]:
    """Name the ranked sectors for which the envelope left is too small."""
    found = []
    for wish in wishes:
        key = wish.sector_id
        if wish.rank is None or wish.stance or decisions[key] is not Decision.ENVELOPE:
            continue
        said = programme.reasons[key].values  # noqa: PD011 (of a message)
        missing = int(str(said["missing"]))
        found.append(
            _breach(
                _in_unit("envelope", sheet), key, missing, sector=sheet.by_id[key].nom,
                rank=wish.rank, missing=missing,
            )
        )  # fmt: skip
    return found


def _far(sheet: Sheet, wishes: Sequence[SheetWish], taken: Sequence[str]) -> list[Breach]:
    """Name the sectors taken that nothing reaches, by the independent checker's own walk."""
    if not sheet.contiguity:
        return []
    lost = unreached(_question(sheet, _landings(sheet, wishes)), frozenset(taken))
    return [_breach("contiguity", key, sector=sheet.by_id[key].nom) for key in lost]


def _landings(sheet: Sheet, wishes: Sequence[SheetWish]) -> set[str]:
    """Return the landing points: the largest sector that may enter, of each group on its own."""
    said = {wish.sector_id: wish for wish in wishes}

    def barred(key: str) -> bool:
        wish = said.get(key)
        if wish is None:
            return sheet.unranked == "out"
        return wish.stance == "refused"

    left = set(sheet.open_ids)
    landings = set()
    for first in sheet.open_ids:
        if first not in left:
            continue
        left.discard(first)
        group, waiting = [first], [first]
        while waiting:
            near = left.intersection(sheet.by_id[waiting.pop()].neighbours)
            left -= near
            group += near
            waiting += near
        if not any(sheet.by_id[key].reached for key in group):
            landings.add(min(group, key=lambda k: (barred(k), -sheet.by_id[k].premises_count, k)))
    return landings


def _question(sheet: Sheet, landings: set[str]) -> ChoiceProblem:
    """State the contiguity of this EPCI's sectors as the checker reads it, and nothing else."""
    keys = sheet.open_ids
    place = {key: k for k, key in enumerate(keys)}
    sectors: list[SheetSector] = [sheet.by_id[key] for key in keys]
    pairs = sorted(
        (place[sector.sector_id], place[other])
        for sector in sectors
        for other in sector.neighbours
        if other in place and sector.sector_id < other
    )
    size = len(keys)
    none = np.zeros(size, dtype=bool)
    return ChoiceProblem(
        sector_ids=keys,
        lines=np.array([s.premises_count for s in sectors], dtype=np.int64),
        departements=tuple(s.departement for s in sectors),
        rural=none,
        actors=(sheet.actor,),
        decider=np.zeros(size, dtype=np.int64),
        share_candidate=np.empty(0, dtype=np.int64),
        share_actor=np.empty(0, dtype=np.int64),
        share_need=np.empty(0, dtype=np.int64),
        envelopes=np.zeros(1, dtype=np.int64),
        required=none,
        refused=none,
        reached=np.array([s.reached or s.sector_id in landings for s in sectors], dtype=bool),
        edges=np.array(pairs, dtype=np.int64).reshape(-1, 2),
        edge_border_m=np.zeros(len(pairs), dtype=np.int64),
        feeder=np.full(size, -1, dtype=np.int64),
        contiguity=Contiguity.WITHIN_EPCI,
    )
