"""How revocation lists and OCSP answers are fetched: the table ``[revocation]`` of a home's ``config.toml``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any, Final

from codes.toml import SettingError

__all__ = ["RevocationSettings", "read_settings"]

_HOST: Final = re.compile(r"[a-z0-9._-]+(:[0-9]{1,5})?|\[[0-9a-f:.]+\](:[0-9]{1,5})?")
_LIMITS: Final = {"refresh_h": (0, 24 * 31), "max_age_h": (0, 24 * 366), "timeout_s": (1, 120),
                  "total_s": (1, 3600), "max_mb": (1, 16)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationSettings:
    """Settings of fetching.

    Attributes:
        hosts: ``host`` (ports 80 and 443) or ``host:port`` that may be asked although they lie in an internal network.
        refresh_h: hours for which what was fetched is not asked for again.
        max_age_h: hours after which a list or answer is not used any more, though it says that it is good for longer;
            0 for as long as it says.
        timeout_s: seconds that one question may take.
        total_s: seconds that all questions about one file may take (``--online``).
        max_mb: size of the largest list, in MB of 2^20 bytes.
    """

    hosts: tuple[str, ...] = ()
    refresh_h: int = 6
    max_age_h: int = 0
    timeout_s: int = 15
    total_s: int = 60
    max_mb: int = 16

    @property
    def refresh(self) -> timedelta:
        """``refresh_h``."""
        return timedelta(hours=self.refresh_h)

    @property
    def max_age(self) -> timedelta | None:
        """``max_age_h``; None for any age."""
        return timedelta(hours=self.max_age_h) if self.max_age_h else None

    def changed(self) -> Iterator[tuple[str, Any]]:
        """Yield what differs from the defaults."""
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                yield field.name, list(value) if isinstance(value, tuple) else value


def read_settings(table: object) -> RevocationSettings:
    """Read the table.

    Raises:
        SettingError: an unknown key, a wrong type, a number out of its limits; says which.
    """
    if not isinstance(table, dict):
        raise SettingError("revocation 应为一个表 [revocation]", "revocation takes a table")
    hosts = table.get("hosts", [])
    if not isinstance(hosts, list) or not all(isinstance(one, str) and _HOST.fullmatch(one.lower()) for one in hosts):
        raise SettingError("revocation.hosts 应为列表，每项为主机名或“主机名:端口”",
                           "revocation.hosts takes a list of hosts or host:port")
    for key, value in table.items():
        if key == "hosts":
            continue
        if key not in _LIMITS:
            raise SettingError(f"没有 revocation.{key} 这一项", f"unknown key revocation.{key}")
        least, most = _LIMITS[key]
        if type(value) is not int or not least <= value <= most:
            raise SettingError(f"revocation.{key} 应为 {least} 至 {most} 的整数",
                               f"revocation.{key} takes a whole number from {least} to {most}")
    return RevocationSettings(**{**table, "hosts": tuple(one.lower() for one in hosts)})
