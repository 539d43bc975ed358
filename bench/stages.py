"""Times named functions of a module while they work as ever: where does the time of a whole go?"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["Stages"]


class Stages:
    """Seconds spent in each named stage; a function inside another stage counts in the outer one alone."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._inside = False

    def _timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            if self._inside:
                return function(*args, **options)
            self._inside = True
            start = time.perf_counter()
            try:
                return function(*args, **options)
            finally:
                self.seconds[stage] += time.perf_counter() - start
                self._inside = False

        return call

    @contextmanager
    def watching(self, places: list[tuple[object, str, str]]) -> Iterator[None]:
        """Time each ``(module or class, attribute, stage)`` inside the block."""
        kept = [(owner, name, getattr(owner, name)) for owner, name, _ in places]
        for (owner, name, stage), (_, _, function) in zip(places, kept, strict=True):
            setattr(owner, name, self._timed(stage, function))
        try:
            yield
        finally:
            for owner, name, function in kept:
                setattr(owner, name, function)
