"""Rebuild the example concertation of the embedded region: synthetic, and needing no network.

    python scripts/rebuild_concertation.py [--out geodata/bretagne/concertation]

What EPCI really voted is not public.  Every EPCI from which a ballot is due gets an envelope (some
400 000 lines in all, in proportion to the premises that phase 1 leaves it), a ranked ballot and a
deliberation, all made up from a seeded hash.  Life's faults are in it, each once: an EPCI that has
not voted yet, one of which nothing was received, one that refuses a sector, one that requires one,
a tie that can't be served whole, an envelope in euros, an unknown credit; and several MeD credits.
Who bears which fault is drawn by the hash and says nothing of the real EPCI.

The ballots name sectors by their ids: run this again whenever the cutting of sectors changes.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from planner.ballots import actor_shares
from planner.prepare import prepare_territory
from planner.scenario import Scenario
from planner.schemas import CONTRACTS, contract
from planner.territory import Territory
from planner.zoning.zones import neighbours_of

SEED = "bretagne-2018"
TOTAL_LINES = 400_000  # phase 2, about (DOMAIN: public source)
CENTS_PER_LINE = 44_500
RANKED_BEYOND_ENVELOPE = 1.3  # an EPCI ranks some more than its envelope holds
FIRST_VOTE, LAST_VOTE = dt.date(2017, 7, 3), dt.date(2018, 4, 30)
CREDIT_SHARE, CREDIT_STEP_CENTS, CREDITED = 0.06, 100_000, 8
SOURCE = "exemple synthétique"
FAULTS = ("pending", "silent", "refuses", "requires", "tie", "euros", "unknown_credit")


def share(*keys: str) -> float:
    """Return a number in [0, 1) that depends on the keys alone."""
    digest = hashlib.sha256("|".join((SEED, *keys)).encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


@dataclass
class Example:
    """The tables as they fill; ``ballot_sectors`` are those that ballots name, as they are now."""

    envelopes: list[dict[str, object]] = field(default_factory=list)
    ballots: list[dict[str, object]] = field(default_factory=list)
    deliberations: list[dict[str, object]] = field(default_factory=list)
    ballot_sectors: list[dict[str, object]] = field(default_factory=list)


def open_lines(territory: Territory) -> pd.DataFrame:
    """Return the sectors that phase 1 leaves: ``actor``, ``sector_id``, ``lines``, ``order``."""
    sectors = territory.sectors.sort_values("sector_id").reset_index(drop=True)
    in_phase_1 = sectors["zone_id"].notna().to_numpy()
    touching = [
        bool(in_phase_1[others].any()) for others in neighbours_of(sectors.geometry.to_numpy())
    ]
    # sectors beside phase 1 tend to come first: the network is at their door
    order = {
        key: share("order", key) + (0.0 if beside else 0.5)
        for key, beside in zip(sectors["sector_id"], touching, strict=True)
    }
    shares = actor_shares(sectors, territory.sector_shares)
    left = set(sectors.loc[~in_phase_1, "sector_id"])
    frame = shares[shares["sector_id"].isin(left) & (shares["premises_count"] > 0)].copy()
    frame["order"] = frame["sector_id"].map(order)
    return frame.sort_values(["actor", "order", "sector_id"]).reset_index(drop=True)


def make_example(territory: Territory) -> Example:
    """Make the concertation of every actor from whom a ballot is due."""
    lines = open_lines(territory)
    public = set(territory.epci.loc[territory.epci["public_premises"], "siren"])
    actors = [a for a in sorted(lines["actor"].unique()) if a in public or a.startswith("D")]
    lines = lines[lines["actor"].isin(actors)]
    total = int(lines["premises_count"].sum())
    drawn = sorted((a for a in actors if not a.startswith("D")), key=lambda a: share("fault", a))
    fault = dict(zip(FAULTS, drawn, strict=False))
    credited = set(drawn[len(FAULTS) : len(FAULTS) + CREDITED])
    example = Example()
    for actor in actors:
        mine = lines[lines["actor"] == actor]
        own = [name for name, who in fault.items() if who == actor]
        own_lines = int(mine["premises_count"].sum())
        granted = round(TOTAL_LINES * own_lines / total, -1)
        if actor.startswith("D"):  # a département proposes its islands whole
            granted = own_lines
        _add_actor(example, actor, mine, int(granted), own[0] if own else "", actor in credited)
    named = {str(row["sector_id"]) for row in example.ballots}
    sectors = territory.sectors[territory.sectors["sector_id"].isin(named)].sort_values("sector_id")
    example.ballot_sectors += sectors[["sector_id", "premises_count"]].to_dict("records")
    return example


def _add_actor(
    example: Example, actor: str, mine: pd.DataFrame, granted: int, fault: str, credited: bool
) -> None:
    reach = mine["premises_count"].cumsum() - mine["premises_count"]
    ranked = mine[reach <= granted * RANKED_BEYOND_ENVELOPE]
    rest = mine[reach > granted * RANKED_BEYOND_ENVELOPE]
    rows = [
        {"sector_id": key, "wish": "ranked", "rank": rank + 1}
        for rank, key in enumerate(ranked["sector_id"])
    ]
    if fault == "tie":
        granted = _tie(rows, ranked["premises_count"].tolist(), granted)
    if fault == "refuses":
        rows[1] |= {"wish": "refused", "rank": None}
    if fault == "requires" and len(rest):
        rows.append({"sector_id": rest["sector_id"].iloc[0], "wish": "required", "rank": None})
    if fault != "silent":
        example.ballots += [
            {"epci_siren": actor, "source": SOURCE, "synthetic": True} | r for r in rows
        ]
        example.deliberations.append(
            {"epci_siren": actor, "state": "voted", "on": _vote(actor)}
            | {"source": SOURCE, "synthetic": True}
            | ({"state": "pending", "on": None} if fault == "pending" else {})
        )
    euros = fault == "euros"
    credit = round(granted * CREDIT_SHARE * CENTS_PER_LINE / CREDIT_STEP_CENTS) * CREDIT_STEP_CENTS
    example.envelopes.append(
        {
            "epci_siren": actor,
            "unit": "eur" if euros else "lines",
            "amount": granted * CENTS_PER_LINE // 100 if euros else granted,
            "med_credit_cents": None if fault == "unknown_credit" else (credit if credited else 0),
            "source": SOURCE,
            "synthetic": True,
        }
    )


def _tie(rows: list[dict[str, object]], lines: list[int], granted: int) -> int:
    """Tie the last sector that fits with the next one, and leave room for one of them only."""
    used = 0
    last = 0
    for place, count in enumerate(lines[:-1]):
        if used + count > granted:
            break
        last, used = place, used + count
    rows[last + 1]["rank"] = rows[last]["rank"]
    before = used - lines[last]
    return before + max(lines[last], lines[last + 1])


def _vote(actor: str) -> str:
    day = FIRST_VOTE + dt.timedelta(days=int(share("vote", actor) * (LAST_VOTE - FIRST_VOTE).days))
    return (
        day - dt.timedelta(days=max(0, day.weekday() - 3))
    ).isoformat()  # councils sit in the week


def write_example(example: Example, folder: Path) -> None:
    """Write the CSV and their catalogue."""
    folder.mkdir(parents=True, exist_ok=True)
    titles = {
        "envelopes": "Enveloppes d'exemple (synthétiques)",
        "ballots": "Vœux d'exemple (synthétiques)",
        "deliberations": "Délibérations d'exemple (synthétiques)",
        "ballot_sectors": "Secteurs que nomment les vœux d'exemple, et leurs locaux d'alors",
    }
    parts = [
        'name = "concertation"\ntitle = "Concertation d\'exemple (synthétique)"\nvintage = 2025'
    ]
    for name, title in titles.items():
        table = pd.DataFrame(getattr(example, name))
        for column in {"rank", "amount", "med_credit_cents"} & set(table.columns):
            table[column] = table[column].astype("Int64")
        table["synthetic"] = "true"
        if name in CONTRACTS:
            table = contract(name).select(table).dropna(axis="columns", how="all")
        file = folder / f"{name}.csv"
        table.to_csv(file, index=False, lineterminator="\n")
        parts.append(
            "\n".join(
                (
                    "[[layers]]",
                    f'layer = "{name}"',
                    f'file = "{name}.csv"',
                    *((f'table = "{name}"',) if name in CONTRACTS else ()),
                    f'title = "{title}"',
                    'source = "fibre-planner : tirage déterministe, aucun vote réel"',
                    'licence = "GPL-3.0-or-later"',
                    'attribution = "fibre-planner"',
                    'vintage = "2018"',
                    "synthetic = true",
                    f"rows = {len(table)}",
                    f'sha256 = "{hashlib.sha256(file.read_bytes()).hexdigest()}"',
                )
            )
        )
    (folder / "catalogue.toml").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    tomllib.loads((folder / "catalogue.toml").read_text(encoding="utf-8"))


def main() -> None:
    """Rebuild the example concertation."""
    parser = argparse.ArgumentParser(description="Rebuild the example concertation (no network).")
    default = Path(__file__).parents[1] / "geodata" / "bretagne" / "concertation"
    parser.add_argument("--out", type=Path, default=default)
    folder = parser.parse_args().out
    example = make_example(prepare_territory(Scenario()))
    write_example(example, folder)
    amounts = [int(str(row["amount"])) for row in example.envelopes if row["unit"] == "lines"]
    print(
        f"{len(example.envelopes)} envelopes, {sum(amounts):,} lines, "
        f"{len(example.ballots):,} wishes"
    )


if __name__ == "__main__":
    main()
