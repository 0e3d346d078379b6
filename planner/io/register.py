"""The door of the register of Axe 3: a GeoPackage for one office, PostGIS for several."""

from __future__ import annotations

from pathlib import Path

from planner.io.register_geopackage import GeoPackageRegister
from planner.io.register_postgis import DEFAULT_SCHEMA, PostgisRegister, is_database
from planner.io.register_store import FOLLOWS, Added, Register

__all__ = ["DEFAULT_SCHEMA", "FOLLOWS", "Added", "Register", "open_register"]


def open_register(target: str | Path, *, schema: str = DEFAULT_SCHEMA) -> Register:
    """Open a register, made when it is missing; use it as a context.

    Parameters
    ----------
    target
        A GeoPackage, or ``postgresql://user@host/database`` (the extra ``postgis``).
    schema
        Schema of the database; a GeoPackage has none.

    Raises
    ------
    DataFileError
        When what is there isn't a register, or can't be reached or written.
    """
    if isinstance(target, str) and is_database(target):
        return PostgisRegister(target, schema)
    return GeoPackageRegister(target)
