"""Every table that crosses a module border, as a contract.

``planner schemas`` prints them and writes ``docs/schemas.md`` from this module.  Money is in whole
cents, lengths in metres, shares in [0, 1]; a geometry is in EPSG:2154.

Premises come two million at a time: their position is two columns, ``x_m`` and ``y_m``, and
:func:`planner.premises.premises_to_geodataframe` makes the points for whoever wants them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from planner.contracts import Contract
from planner.schemas import (
    _comparison,
    _concertation,
    _criteria,
    _edits,
    _follow_up,
    _governance,
    _infrastructure,
    _network,
    _network_design,
    _plan,
    _proof,
    _quality,
    _register,
    _robustness,
    _territory,
    _voting,
    _works,
)

__all__ = ["CONTRACTS", "PERSONAL", "contract"]

# the order in which tables are printed, written and documented; a room adds its own module of tables
_ROOMS: Final = (
    _territory,
    _concertation,
    _plan,
    _proof,
    _comparison,
    _robustness,
    _quality,
    _edits,
    _voting,
    _governance,
    _criteria,
    _infrastructure,
    _network,
    _network_design,
    _follow_up,
    _register,
    _works,
)
_LAST: Final = ("reconciliation", "findings", "rejected_rows")


def _in_order() -> dict[str, Contract]:
    tables = {table.name: table for room in _ROOMS for table in room.TABLES}
    return {name: tables[name] for name in (*(n for n in tables if n not in _LAST), *_LAST)}


CONTRACTS: Final[Mapping[str, Contract]] = MappingProxyType(_in_order())
PERSONAL: Final = _register.PERSONAL
"""Tables of personal data: they stay in their store, and no output of a plan takes them."""


def contract(name: str) -> Contract:
    """Return the contract of the table ``name``.

    Raises
    ------
    LookupError
        When there is no such table.
    """
    return CONTRACTS[name]
