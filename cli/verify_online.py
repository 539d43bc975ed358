"""``--online`` of ``zhengyin verify`` and ``archive verify``: with what the CAs are asked about certificates."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certs.revocation_fetch import Inquiry

__all__ = ["asking"]


@contextmanager
def asking(online: bool, home: Path | None) -> Iterator[Inquiry | None]:
    """Give the block what asks by the settings of the home, if there is one; None where nobody is to be asked.

    Each CA is asked once while the block runs. What it says is kept in the home, where that can be written.

    Raises:
        HomeError: the home that is named cannot be used.
    """
    if not online:
        yield None
        return
    from certs.config import HomeCode, HomeError, find_home, load_config
    from certs.revocation_cache import CACHE
    from certs.revocation_fetch import Inquiry
    from certs.revocation_settings import RevocationSettings

    folder, settings = None, RevocationSettings()
    try:
        folder = find_home(home, os.environ)
        settings = load_config(folder).revocation
    except HomeError as error:
        if error.code is not HomeCode.NONE:
            raise
    with tempfile.TemporaryDirectory(prefix="zhengyin-") as own:
        kept = folder / CACHE if folder is not None else Path(own)
        if not os.access(kept if kept.is_dir() else kept.parent, os.W_OK):
            kept = Path(own)
        yield Inquiry(kept, settings=settings, clock=lambda: dt.datetime.now(dt.UTC), insist=True)
