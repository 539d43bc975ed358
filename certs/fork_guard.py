"""Handles of native libraries across a fork: no call is cut in two, and a child leaves its parent's handles alone."""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from typing import Final, Protocol

__all__ = ["Guarded", "guard"]

_WAIT_S: Final = 10.0


class Guarded(Protocol):
    """Something whose native calls all happen while ``lock`` is held."""

    lock: threading.RLock

    def leave_to_parent(self) -> None:
        """Forget, in a forked child, what is the parent's, without closing it; the lock is a new one by then."""


_guarded: weakref.WeakSet[Guarded] = weakref.WeakSet()
_held: list[Guarded] = []


def guard(one: Guarded) -> None:
    """Take care of ``one`` at every fork, as long as it lives."""
    _guarded.add(one)


def _before() -> None:
    """Fork between two native calls, not within one; a call that hangs does not hold a fork up for good."""
    for one in list(_guarded):
        if one.lock.acquire(timeout=_WAIT_S):
            _held.append(one)


def _after_in_parent() -> None:
    while _held:
        with contextlib.suppress(RuntimeError):             # another fork at the same time gave it back
            _held.pop().lock.release()


def _after_in_child() -> None:
    _held.clear()
    for one in list(_guarded):
        one.lock = threading.RLock()
        one.leave_to_parent()


os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
