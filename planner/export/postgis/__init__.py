"""A plan in PostGIS, for teams: published whole or not at all, and read back equal.

The drivers (SQLAlchemy, GeoAlchemy2, psycopg) are the extra ``postgis`` of the project.  They are
imported when a plan is published; without them :func:`publish_plan` says which one is missing.
"""

from __future__ import annotations

from planner.export.postgis._connect import DatabaseError
from planner.export.postgis._read import PublishedPlan, read_published
from planner.export.postgis._write import Published, publish_plan

__all__ = ["DatabaseError", "Published", "PublishedPlan", "publish_plan", "read_published"]
