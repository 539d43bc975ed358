"""A PostgreSQL server for the tests of signers."""

from __future__ import annotations

import pytest

from tests.support.postgresql import Server


@pytest.fixture(params=["sqlite", "postgresql"])
def counts_url(request: pytest.FixtureRequest) -> str:
    """Where uses are counted: "" for a file in the home, else the URL of an empty PostgreSQL database."""
    if request.param == "sqlite":
        return ""
    running: Server = request.getfixturevalue("postgresql")
    return running.new_database()
