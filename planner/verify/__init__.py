"""The independent checker: every rule and every objective again, from the question alone.

Nothing here is shared with what solves.  :func:`verify_choice` judges an answer to a
:class:`~planner.choice.ChoiceProblem`; :func:`verify_programme` judges the tables of a plan, and
:func:`verify_manifest` what the manifest of a folder says of them.
"""

from planner.verify._choice import unreached, verify_choice
from planner.verify._dated import verify_years
from planner.verify._manifest import verify_manifest
from planner.verify._tables import verify_programme
from planner.verify._verdict import Breach, Verdict

__all__ = [
    "Breach",
    "Verdict",
    "unreached",
    "verify_choice",
    "verify_manifest",
    "verify_programme",
    "verify_years",
]
