"""Where the buildings of each commune stand, before anyone checks that they fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.premises._bourg import (
    Floats,
    choose_blocks,
    count_blocks,
    make_frames,
    place_in_blocks,
)
from planner.premises._buildings import Communes, Groups
from planner.premises._hamlets import choose_spots, place_in_hamlets
from planner.premises._rules import GeneratorRules

__all__ = ["Layout", "lay_out"]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Position and anchor of each building in EPSG:2154, m, shape (buildings,).

    The anchor is a point strictly inside the commune, the middle of the building's block or hamlet,
    towards which the building is drawn when it falls outside.
    """

    x_m: Floats
    y_m: Floats
    anchor_x_m: Floats
    anchor_y_m: Floats


def lay_out(communes: Communes, groups: Groups, rules: GeneratorRules) -> Layout:
    """Place the buildings: bourgs in blocks, then hamlets around them."""
    needed = count_blocks(groups.town_counts, rules)
    frames = make_frames(communes, needed, rules)
    blocks = choose_blocks(communes, frames, needed, rules)
    spots = choose_spots(communes, groups, frames, blocks)
    in_town = groups.rank < groups.town_counts[groups.owner]
    every = [np.empty(len(groups.owner)) for _ in range(4)]
    for column, town, hamlet in zip(
        every,
        place_in_blocks(communes, groups, frames, blocks, rules),
        place_in_hamlets(communes, groups, spots, rules),
        strict=True,
    ):
        column[in_town] = town
        column[~in_town] = hamlet
    return Layout(x_m=every[0], y_m=every[1], anchor_x_m=every[2], anchor_y_m=every[3])
