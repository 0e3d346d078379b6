"""The only place where files are read.

Every reader says what it understood, repairs nothing unless asked, and loses no row: rows in = rows
used + rows set aside.
"""

from __future__ import annotations

from planner.io.concertation import ConcertationIntake, complete_calendar, read_concertation
from planner.io.files import hash_file
from planner.io.geodata import Geodata, geodata_folder, read_geodata, read_territory_folder
from planner.io.gracethd import GraceTHD, read_gracethd
from planner.io.intake import REASONS, PolygonIntake, PremisesIntake, TableIntake
from planner.io.observatory import (
    COMMUNE_COUNTS,
    EPCI_COUNTS,
    observatory_to_figures,
    read_observatory,
    read_observatory_epci,
)
from planner.io.outputs import read_outputs
from planner.io.pabulib import PabulibFile, parse_pabulib, read_pabulib
from planner.io.partner import DeliveredLayer, Delivery, read_delivery
from planner.io.perimeters import read_perimeters
from planner.io.polygons import read_sectors, read_zones
from planner.io.premises import read_premises
from planner.io.profiles import PREMISES_COLUMNS
from planner.io.public_sites import PublicSitesIntake, read_public_sites
from planner.io.roads import RoadsIntake, read_roads
from planner.io.steinlib import SteinerInstance, read_steinlib
from planner.io.tables import read_table

__all__ = [
    "COMMUNE_COUNTS",
    "EPCI_COUNTS",
    "PREMISES_COLUMNS",
    "REASONS",
    "ConcertationIntake",
    "DeliveredLayer",
    "Delivery",
    "Geodata",
    "GraceTHD",
    "PabulibFile",
    "PolygonIntake",
    "PremisesIntake",
    "PublicSitesIntake",
    "RoadsIntake",
    "SteinerInstance",
    "TableIntake",
    "complete_calendar",
    "geodata_folder",
    "hash_file",
    "observatory_to_figures",
    "parse_pabulib",
    "read_concertation",
    "read_delivery",
    "read_geodata",
    "read_gracethd",
    "read_observatory",
    "read_observatory_epci",
    "read_outputs",
    "read_pabulib",
    "read_perimeters",
    "read_premises",
    "read_public_sites",
    "read_roads",
    "read_sectors",
    "read_steinlib",
    "read_table",
    "read_territory_folder",
    "read_zones",
]
