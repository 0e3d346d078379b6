"""Gather the ballots of EPCI in one CSV under the contract ``ballots``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow.csv

from planner.export.layout import sorted_arrow
from planner.io import read_table

__all__ = ["WrittenBallots", "write_ballots"]


@dataclass(frozen=True, kw_only=True)
class WrittenBallots:
    """What a file of ballots holds once written.

    Parameters
    ----------
    rows, actors
        Wishes in it, and EPCI that they are of.
    replaced
        EPCI to how many older wishes of it gave way.
    """

    rows: int
    actors: int
    replaced: Mapping[str, int]


def write_ballots(
    path: str | Path, tables: Sequence[pd.DataFrame], *, actors: Sequence[str]
) -> WrittenBallots:
    """Write the ballots of some EPCI into a CSV, where those of other EPCI stay as they are.

    Parameters
    ----------
    path
        The CSV; made when missing, else its rows of these EPCI give way.
    tables
        Ballots under the contract ``ballots``.
    actors
        The EPCI whose ballots these are, those without a wish included.

    Raises
    ------
    PlannerError
        When the file is there and isn't a table of ballots.
    """
    target = Path(path)
    old = read_table(target, "ballots").table if target.exists() else None
    replaced: dict[str, int] = {}
    kept = list(tables)
    if old is not None:
        codes = old["epci_siren"].astype(str)
        counts = codes.value_counts()
        replaced = {actor: int(counts[actor]) for actor in sorted(actors) if actor in counts}
        kept.insert(0, old[~codes.isin(list(actors))])
    filled = [table for table in kept if len(table)]
    whole = pd.concat(filled, ignore_index=True) if filled else tables[0]
    arrow, _ = sorted_arrow("ballots", whole)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    pyarrow.csv.write_csv(
        arrow, part, write_options=pyarrow.csv.WriteOptions(quoting_style="needed")
    )
    part.replace(target)
    return WrittenBallots(
        rows=arrow.num_rows,
        actors=whole["epci_siren"].nunique() if len(whole) else 0,
        replaced=replaced,
    )
