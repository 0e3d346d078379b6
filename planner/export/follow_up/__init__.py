"""The follow-up of a programme for people: its curves as a figure, and what they say in words."""

from planner.export.follow_up.curves import draw_curves, draw_place, write_curves
from planner.export.follow_up.words import follow_up_text, place_names, slippage_rows

__all__ = [
    "draw_curves",
    "draw_place",
    "follow_up_text",
    "place_names",
    "slippage_rows",
    "write_curves",
]
