"""Dying at a chosen step: what a power cut or SIGKILL leaves behind is looked at afterwards."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

__all__ = ["fall_at"]


def fall_at(step: int, *operations: tuple[object, str]) -> None:
    """In a forked child: die by SIGKILL instead of the ``step``-th of these operations, counted from 1.

    Args:
        operations: each an owner (a module, a class) and the name of its function.
    """
    count = 0

    def falling(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            nonlocal count
            count += 1
            if count == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **options)
        return call

    for owner, name in operations:
        setattr(owner, name, falling(getattr(owner, name)))
