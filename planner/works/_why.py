"""What keeps each sector from opening a quarter earlier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from planner.works._model import Floats, Ints, Model
from planner.works._room import Room
from planner.works_vocab import Binding

__all__ = ["Reason", "find_reasons"]


_BINDINGS: Final = {
    "budget": Binding.BUDGET, "lines": Binding.LINES, "quarter_lines": Binding.QUARTER_LINES,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Reason:
    """What binds a sector; the row of the limit, or -1."""

    binding: Binding
    limit: int = -1


def find_reasons(model: Model, opening: Ints, prices: Floats) -> list[Reason]:
    """Say, for each sector (sorted by key), what a quarter earlier would break.

    Dates come before precedence, precedence before limits; among limits the one whose unit would
    save most delay on this sector, then by kind, phase and place.
    """
    room = Room(model, opening)
    return [_reason(model, room, sector, prices) for sector in range(len(model.keys))]


def _reason(model: Model, room: Room, sector: int, prices: Floats) -> Reason:
    here, parent = int(room.opening[sector]), int(model.parent[sector])
    if here < 0:
        return Reason(binding=Binding.NO_PLACE)
    if model.fixed[sector]:
        return Reason(binding=Binding.UNDER_WAY)
    if here <= model.earliest[sector]:
        return Reason(binding=Binding.EARLIEST)
    if parent >= 0 and here <= room.opening[parent] + model.after:
        return Reason(binding=Binding.PRECEDENCE)
    blocked = np.flatnonzero(room.full(sector)[:, here - 1])
    if len(blocked):
        dearest = min(
            blocked,
            key=lambda row: (
                -prices[row] * model.amounts[row, sector],
                model.limits[row].kind, model.limits[row].phase, model.limits[row].place,
            ),
        )  # fmt: skip
        kind = model.limits[dearest].kind
        binding = _BINDINGS.get(kind, Binding.TRADE)
        return Reason(binding=binding, limit=int(dearest))
    low, _ = room.window(sector)
    if here <= low:
        return Reason(binding=Binding.COMPLETENESS)
    return Reason(binding=Binding.SMOOTHING)
