"""The installed licence kinds alone: folders that other tests of this process have added are out of sight."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from layouts import folders


@pytest.fixture(autouse=True)
def installed_kinds() -> Iterator[None]:
    """For the length of a test no folder is added; import it into the module (or conftest) that wants it."""
    before = list(folders._added)
    folders._added.clear()
    folders.forget()
    yield
    folders._added[:] = before
    folders.forget()
