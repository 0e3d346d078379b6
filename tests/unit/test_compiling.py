"""Loops are compiled once, kept where they may be, and whoever waits for them is told."""

import logging

import numpy as np
from rich.progress import Progress

from planner.cli import _face
from planner.cli._face import Lang, progress
from planner.compiling import compiled
from planner.texts import Message, say

TEXT = "def twice(x):\n    return inner(x)\n"


def made(**others):
    """Return a function of no file, that numba can't keep on disk."""
    names = dict(others)
    exec(TEXT if others else "def inner(x):\n    return 2 * x\n", names)
    return names["twice" if others else "inner"]


def test_what_no_folder_can_keep_is_compiled_all_the_same(caplog):
    twice = compiled(made(inner=compiled(made())))
    with caplog.at_level(logging.INFO, logger="planner.compiling"):
        assert twice(np.int64(21)) == 42
        # told once, not of what it calls in turn, nor when it is there already
        assert [record.getMessage() for record in caplog.records] == ["compiling twice"]
        assert twice(np.int64(4)) == 8
    assert len(caplog.records) == 1


def test_whoever_waits_sees_that_loops_are_being_compiled(monkeypatch):
    shown = []

    class Heard(Progress):
        def update(self, task_id, **values):
            super().update(task_id, **values)
            shown.append((self.tasks[0].description, self.tasks[0].completed, self.tasks[0].total))

    monkeypatch.setattr(_face, "Progress", Heard)
    with progress(Lang.FR, 1) as notify:
        notify(Message.of("stage.sites"))
        compiled(made())(np.int64(1))
        notify(Message.of("stage.works"))
    sites, works = say("stage.sites", "fr"), say("stage.works", "fr")
    told = f"{sites} ({say('stage.compiling', 'fr')})"
    # more stages than were foreseen: the bar is never full before the end
    assert shown == [(sites, 0, 1), (told, 0, 1), (works, 1, 2)]
    assert not logging.getLogger("planner.compiling").handlers
