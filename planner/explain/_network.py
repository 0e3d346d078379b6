"""What a designed network is in a sector or an EPCI, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pandas as pd

from planner.texts import Message
from planner.vocab import Laying

__all__ = ["tell_choice", "tell_network", "tell_phasing"]

_SAME_M: Final = 1.0
"""A feeder no longer than the shortest way by this is that way."""
_LAID: Final = (
    ("trench", "trench_m"), ("duct", "existing_duct_m"), ("poles", "existing_poles_m"),
    ("new_poles", "new_poles_m"), ("other", "other_m"),
)  # fmt: skip


def tell_network(row: Mapping[str, Any]) -> Iterator[Message]:
    """Tell a row of contract ``network_sectors``: who serves it and why, how far, at what cost."""
    if pd.isna(row["nro_id"]):
        yield Message.of("explain.network_none", count=int(row["unreached_count"]))
        return
    pm = "explain.network_pm_reused" if row["pm_existing"] else "explain.network_pm"
    yield Message.of(pm, lines=int(row["lines_count"]))
    full = int(row["nearer_full_count"])
    nro = "reused" if row["nro_existing"] else "new"
    yield Message.of(
        f"explain.network_nro_{nro}_{'next' if full else 'nearest'}",
        nro=str(row["nro_id"]), full=full,
    )  # fmt: skip
    feeder, shortest = float(row["feeder_m"]), float(row["shortest_m"])
    if feeder == 0:
        yield Message.of("explain.network_same_place", loop=round(row["longest_loop_m"]))
    else:
        way = "shared" if feeder - shortest > _SAME_M else "shortest"
        yield Message.of(
            f"explain.network_feeder_{way}", feeder=round(feeder), more=round(feeder - shortest),
            loop=round(row["longest_loop_m"]),
        )  # fmt: skip
    laid = [
        Message.of(f"explain.network_laid_{name}", metres=int(row[column]))
        for name, column in _LAID
        if int(row[column])
    ]
    if laid:
        yield Message.of(
            "explain.network_laid", laid=_Listed(tuple(laid)), cables=int(row["cables_m"])
        )
    yield from _tell_poles(row)
    if int(row["reused_m"]):
        cost, saved = int(row["cost_cents"]), int(row["avoided_cents"])
        yield Message.of(
            "explain.network_opened", metres=int(row["reused_m"]), saved=_euros(saved),
            share=saved / (cost + saved),
        )  # fmt: skip
    each = row["cents_per_line"]
    yield Message.of(
        "explain.network_cost", cost=_euros(row["cost_cents"]),
        each=None if pd.isna(each) else _euros(each), works=_euros(row["works_cents"]),
        cables=_euros(row["cables_cents"]), sites=_euros(row["sites_cents"]),
        branching=_euros(row["branching_cents"]),
    )  # fmt: skip
    if int(row["on_demand_count"]):
        yield Message.of("explain.network_on_demand", count=int(row["on_demand_count"]))
    if int(row["unreached_count"]):
        yield Message.of("explain.network_unreached", count=int(row["unreached_count"]))
    if bool(row["synthetic"]):
        yield Message.of("explain.network_synthetic")


def _tell_poles(row: Mapping[str, Any]) -> Iterator[Message]:
    used, new = int(row["poles_used_count"]), int(row["poles_new_count"])
    if used:
        yield Message.of(
            "explain.network_poles", used=used, replaced=int(row["poles_replaced_count"]),
            reinforced=int(row["poles_reinforced_count"]),
        )  # fmt: skip
    if new:
        yield Message.of("explain.network_poles_new", count=new)


def tell_choice(row: Mapping[str, Any]) -> Iterator[Message]:
    """Tell a row of contract ``feeder_choices``: why the feeder goes there, and not elsewhere."""
    feeder, alone = float(row["feeder_m"]), float(row["alone_m"])
    if feeder == 0:
        return
    if alone == 0:
        yield Message.of("explain.network_way_shared", feeder=round(feeder))
        return
    yield Message.of(
        "explain.network_way", alone=round(alone), feeder=round(feeder),
        laying=_Laying(row["alone_laying"]), cost=_euros(row["way_cents"]),
        share=float(row["shared_m"]) / feeder,
    )  # fmt: skip
    if pd.isna(row["other_cents"]):
        yield Message.of("explain.network_way_only")
        return
    more = int(row["other_cents"]) - int(row["way_cents"])
    yield Message.of(
        "explain.network_way_other" if more >= 0 else "explain.network_way_cheaper",
        other=round(row["other_m"]), laying=_Laying(row["other_laying"]), more=_euros(abs(more)),
    )  # fmt: skip


def tell_phasing(row: Mapping[str, Any]) -> Message:
    """Tell a row of contract ``phasing``: what digging once saves an EPCI."""
    saving = int(row["saving_cents"])
    return Message.of(
        "explain.phasing" if saving >= 0 else "explain.phasing_more", saving=_euros(abs(saving)),
        apart=_euros(row["apart_cents"]), together=_euros(row["together_cents"]),
    )  # fmt: skip


def _euros(cents: Any) -> int:  # noqa: ANN401 (a cell)
    """Return whole euros, in cents: what is estimated is no better known."""
    return 100 * round(int(cents) / 100)


class _Listed:
    """Messages one after another, in the reader's language."""

    def __init__(self, parts: tuple[Message, ...]) -> None:
        self.parts = parts

    def say(self, lang: str = "fr", /) -> str:
        """Put the parts into words."""
        return ", ".join(part.say(lang) for part in self.parts)


class _Laying:
    """A kind of laying, in words where it is one of ours, else as its price book names it."""

    def __init__(self, name: Any) -> None:  # noqa: ANN401 (a cell)
        self.name = "—" if pd.isna(name) else str(name)

    def say(self, lang: str = "fr", /) -> str:
        """Put it into words."""
        known = {str(term): term for term in Laying}
        return known[self.name].label(lang).lower() if self.name in known else self.name
