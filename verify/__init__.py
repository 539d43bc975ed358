"""Is this file genuine, and is its licence in force? ``verify.verify(...)`` answers both, with reasons.

The verifier reads bytes from strangers with readers of its own. It shares structures and cryptography with
the issuing side and nothing of its notion of a page or a package.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from codes.errors import EngineError

if TYPE_CHECKING:
    from certs.trust import Trust
    from verify.report import Report

__all__ = ["MAX_FILE_SIZE", "VerifyError", "verify"]

MAX_FILE_SIZE = 64 << 20
"""Bytes of the largest file that is looked at."""


class VerifyError(EngineError):
    """The verifier could not look: the file cannot be read. What is wrong *in* a file is a finding."""


def verify(source: bytes | Path | str, *, trust: Trust | Path | str | None, at: dt.datetime | None = None,
           clock_now: dt.datetime | None = None, require_status: bool = False, name: str = "",
           evidence: bytes | None = None) -> Report:
    """Verify one OFD or PDF file.

    Args:
        source: the file, or its bytes.
        trust: the trust folder, loaded or as a path. None: nothing can be trusted, so the answer is never
            "genuine". A folder that cannot be used gives ``trust.unusable``.
        at: the moment to judge at (aware); the present when left out. Without a trusted timestamp the
            certificates must be good at this moment.
        clock_now: the present (aware), where that is an argument too; a revocation list published between
            ``at`` and the present counts.
        require_status: a licence whose present status nobody was asked about does not exit with 0.
        name: the file's name for the report, when ``source`` are bytes.
        evidence: the evidence record of the file (RFC 4998), which proves that it existed at an earlier time. It can
            only help; one that does not hold is told.

    Returns:
        The report: ``verdict`` (真实, 不真实, 无法确定), ``status`` of the licence, reasons, checks.

    Raises:
        VerifyError: ``verify.unreadable``, the file cannot be read.
        ValueError: ``at`` or ``clock_now`` has no time zone.
    """
    from verify.entry import verify_source  # the readers load only when a file is looked at

    return verify_source(Path(source) if isinstance(source, str) else source,
                         trust=Path(trust) if isinstance(trust, str) else trust, at=at, clock_now=clock_now,
                         require_status=require_status, name=name, evidence=evidence)
