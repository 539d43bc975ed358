"""Checking a package by what the CAs of its certificates say now."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from archive.checking import Believer, PackageReport, check_files
from archive.layout import read_package
from archive.snapshot import snapshot_trust
from verify.online import Asked, Fresh, judge_online

if TYPE_CHECKING:
    from certs.revocation_fetch import Inquiry

__all__ = ["check_online"]


def check_online(folder: Path, *, believe: Believer, inquiry: Inquiry, at: datetime) -> tuple[PackageReport, Asked]:
    """Check a package as :func:`archive.checking.check_package` does, and tell how the asking went.

    Asked about are the chains of its evidence, its original and its rendition that lead to an anchor that is believed.

    Args:
        at: the present (aware).

    Raises:
        ArchiveError: ``archive.unknown``: there is no such package.
    """
    package = read_package(folder)

    def judged(fresh: Fresh) -> PackageReport:
        return check_files(package, believe=believe, at=at, fresh=fresh)

    return judge_online(judged, believe(snapshot_trust(package.files)), inquiry, at=at)
