"""The embedded region, prepared once for the tests that look at the whole of it."""

import pytest

from planner import Scenario, prepare_territory


@pytest.fixture(scope="session")
def brittany():
    return prepare_territory(Scenario())
