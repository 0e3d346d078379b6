"""How a long step tells whoever waits for it where it stands; the library itself prints nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from planner.texts import Message

__all__ = ["Notify", "stage", "unheard"]

Notify = Callable[[Message], None]
"""Called with the name of each stage as it begins."""

_LOG = logging.getLogger(__name__)


def unheard(message: Message) -> None:
    """Tell nobody."""


@contextmanager
def stage(notify: Notify, key: str, **values: object) -> Iterator[None]:
    """Announce a stage, and log one line with its seconds when it is done."""
    message = Message.of(key, **values)
    notify(message)
    start = time.perf_counter()
    yield
    _LOG.info("%s: %.1f s", message.say("en"), time.perf_counter() - start)
