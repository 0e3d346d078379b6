"""The solver says nothing: what a person reads comes from the catalogue of texts."""

import subprocess
import sys


def test_no_banner():
    code = "from planner.solver import new_highs; h = new_highs(); h.run(); new_highs().run()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert done.stderr == ""
