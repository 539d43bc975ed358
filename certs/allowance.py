"""How long may be asked for one thing, however many servers are slow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Allowance"]


class Allowance:
    """Seconds that run only while something is asked, not while what was learnt is judged; of one thread."""

    def __init__(self, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._left, self._monotonic = seconds, monotonic
        self._since: float | None = None

    @property
    def left(self) -> float:
        """Seconds that are left; none below zero."""
        spent = 0.0 if self._since is None else self._monotonic() - self._since
        return max(0.0, self._left - spent)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let the seconds of the block count."""
        self._since = self._monotonic()
        try:
            yield
        finally:
            self._left, self._since = self.left, None
