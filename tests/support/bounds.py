"""Bounds against hanging. What takes how long is measured by ``make bench``, never by a test."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["not_hanging", "wait_until"]

_SECONDS = 60.0
"""What is meant to take less than a second and took minutes when it was attacked."""
_WAITED_S = 300.0
"""What other processes bring about in seconds of their own, of which a busy machine gives them few."""


@contextmanager
def not_hanging() -> Iterator[None]:
    """Assert that what stands inside spends less than a minute of this process's processor time.

    Far more than any of it needs on the slowest machine: a test of work that grows with the square of its input
    fails, one on a busy machine does not.
    """
    begun = time.process_time()
    yield
    spent = time.process_time() - begun
    assert spent < _SECONDS, f"{spent:.0f} s of processor time"


def wait_until(holds: Callable[[], object], what: str = "it") -> None:
    """Wait until something holds that another thread or process brings about; after minutes it is taken to hang."""
    end = time.monotonic() + _WAITED_S
    while not holds():
        assert time.monotonic() < end, f"{what} does not come"
        time.sleep(0.05)
