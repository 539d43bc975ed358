"""Until when digest and signature algorithms are taken as strong.

A table says from which moment an algorithm no longer counts; an algorithm that it does not name is strong. What rests
on a digest falls with it: ``ecdsa-sha256`` is weak from the moment that ``sha256`` is, at the latest. Evidence has to
be renewed before (RFC 4998 clause 5.2); a verifier judges each step at the time that the next one proves.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final

from certs.public_key import ALGORITHM_BY_OID
from codes.china_time import CHINA_TIME
from codes.errors import EngineError

__all__ = ["DIGESTS", "STRONG", "Strength", "StrengthCode", "StrengthError"]

DIGESTS: Final = ("sm3", "sha256", "sha384", "sha512")
"""Digests that evidence may use."""

_NAMES: Final = frozenset({*DIGESTS, *ALGORITHM_BY_OID.values()})
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class StrengthCode(enum.StrEnum):
    """Codes of :class:`StrengthError`."""

    BAD_TABLE = "strength.bad-table"


class StrengthError(EngineError):
    """A table of algorithms cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strength:
    """``weak_from`` maps names of digests and signature algorithms to the first moment (aware) that they are weak."""

    weak_from: Mapping[str, datetime] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def read(cls, table: object) -> Strength:
        """Read ``{"sha256": "2031-01-01", …}``: weak from the beginning of that day in China.

        Raises:
            StrengthError: ``strength.bad-table`` for another shape, an unknown name, or no such day.
        """
        if not isinstance(table, dict):
            raise _bad("应为对象", "must be an object")
        ends = {}
        for name, day in table.items():
            if name not in _NAMES:
                raise _bad(f"中的算法 {name!r} 未知", f"names the unknown algorithm {name!r}")
            try:
                if not isinstance(day, str) or not _DAY.fullmatch(day):
                    raise ValueError
                ends[name] = datetime.fromisoformat(day).replace(tzinfo=CHINA_TIME)
            except ValueError:
                raise _bad(f"中 {name} 的日期应写作 2031-01-01", f"needs a day like 2031-01-01 for {name}") from None
        return cls(weak_from=MappingProxyType(ends))

    def end(self, *algorithms: str) -> datetime | None:
        """The first moment at which one of these is weak, None when no end is known."""
        ends = [end for name, end in self.weak_from.items()
                if any(name in (algorithm, _digest_of(algorithm)) for algorithm in algorithms)]
        return min(ends, default=None)

    def holds(self, at: datetime, *algorithms: str) -> bool:
        """Whether all of these are strong at a moment (aware)."""
        end = self.end(*algorithms)
        return end is None or at < end


STRONG: Final = Strength()
"""No end is known of any algorithm."""


def _digest_of(algorithm: str) -> str:
    return algorithm.rpartition("-")[2]


def _bad(zh: str, en: str) -> StrengthError:
    return StrengthError(StrengthCode.BAD_TABLE, f"算法强度表{zh}，请更正",
                         f"the table of algorithms and their ends {en}: correct it")
