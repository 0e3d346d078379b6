"""The forms of a concertation: one folder for each EPCI, that a person fills in and sends back."""

from __future__ import annotations

from planner.export.concertation._content import Form, make_forms
from planner.export.concertation._write import write_forms

__all__ = ["Form", "make_forms", "write_forms"]
