"""The state of a PDF that was genuine before something was added to it: shown beside what the file shows now.

A state is known by the end of what a signature in it covers, and is believed only if a file that ended there would be
genuine; what the signatures say of themselves counts for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

__all__ = ["genuine_before"]

_RANGE: Final = re.compile(rb"/ByteRange\s{0,8}\[\s{0,8}0\s{1,8}\d{1,10}\s{1,8}(\d{1,10})\s{1,8}(\d{1,10})\s{0,8}\]")
_TRIED: Final = 2


def genuine_before(data: bytes, report: Mapping[str, Any], verdict_of: Callable[[bytes], str]) -> int:
    """The length of the earliest state of a PDF that was genuine, where the file is not; 0 where there is none.

    Args:
        report: the plain values of the report on the file.
        verdict_of: judges a state: ``valid`` where it is genuine.
    """
    if report["file"]["kind"] != "pdf" or report["verdict"] == "valid":
        return 0
    ends = {int(found[1]) + int(found[2]) for found in _RANGE.finditer(data)}
    states = sorted(end for end in ends if 0 < end < len(data))[:_TRIED]
    return next((end for end in states if verdict_of(data[:end]) == "valid"), 0)
