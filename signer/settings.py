"""Who may ask a signer process for which keys, and how often: ``signer.toml`` in its home.

::

    [[client]]
    name = "issuing"                      # as the log calls it
    uids = [1001]                         # users of its machine, over the Unix socket
    certificates = ["<SM3 or SHA-256>"]   # or client certificates, over TLS
    common_names = ["issuing.example"]    # or the CN of certificates of the clients' CA
    keys = ["11140100MB9TEX0180/*/*"]     # <USCC>/<seal id>/<role>, a part may be *; or a service's (status)
    per_minute = 600                      # signatures of each role, in a minute and in a day of China's time
    per_day = 20000

    [[seal]]
    id = "11140100MB9TEX0180-2026-000001"
    per_minute = 120
    per_day = 2000

An open signer follows the file; while it is not right, nothing is signed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from certs.file_marks import FileMark, mark_file
from certs.files import read_file, reported
from certs.remote_wire import RemoteCode, RemoteError
from codes.toml import SettingError, read_toml

__all__ = ["FILE", "Client", "Limits", "Peer", "Settings", "SettingsFile", "read_settings"]

FILE: Final = "signer.toml"
_MAX_BYTES: Final = 256 * 1024
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_PATTERN: Final = re.compile(r"(?:[A-Za-z0-9._-]+|\*)/(?:[A-Za-z0-9._-]+|\*)/(?:[a-z]+|\*)|[a-z-]+", re.ASCII)
_KNOWN_BY: Final = ("uids", "certificates", "common_names")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many signatures of each role in a minute and in a day; None for no limit."""

    per_minute: int | None = None
    per_day: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Who is at the other end: a user of this machine, or whoever has the key of a certificate.

    ``digests`` are SM3 and SHA-256 of the certificate, hexadecimal.
    """

    uid: int | None = None
    digests: frozenset[str] = frozenset()
    common_name: str | None = None

    def __str__(self) -> str:
        return f"uid {self.uid}" if self.uid is not None else f"certificate {min(self.digests, default='')[:16]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Somebody who may ask; see the head of this module."""

    name: str
    uids: frozenset[int]
    certificates: frozenset[str]
    common_names: frozenset[str]
    keys: tuple[str, ...]
    limits: Limits

    def is_peer(self, peer: Peer) -> bool:
        """Say whether it is this client."""
        return peer.uid in self.uids or not self.certificates.isdisjoint(peer.digests) \
            or peer.common_name in self.common_names

    def may_use(self, key: str) -> bool:
        """Say whether it may use the key of that name."""
        parts = key.split("/")
        return any(len(wanted) == len(parts) and all(
            one in ("*", part) for one, part in zip(wanted, parts, strict=True))
            for wanted in (pattern.split("/") for pattern in self.keys))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What ``signer.toml`` says; ``seals`` has the limits of each seal that has any."""

    clients: tuple[Client, ...]
    seals: Mapping[str, Limits]

    def client(self, peer: Peer) -> Client | None:
        """Return who that is; None for a stranger."""
        return next((client for client in self.clients if client.is_peer(peer)), None)


class SettingsFile:
    """The settings of a home, read again when the file has changed."""

    def __init__(self, home: Path) -> None:
        self._path = home / FILE
        self._kept: tuple[FileMark | None, Settings] | None = None

    def read(self) -> Settings:
        """Return the settings as they are now.

        Raises:
            RemoteError: ``signer.settings``.
            FileError: the file cannot be read.
        """
        mark, kept = mark_file(self._path), self._kept
        if kept is None or kept[0] != mark:
            with reported(self._path):
                if self._path.stat().st_mode & 0o022:
                    raise RemoteError(
                        RemoteCode.SETTINGS, f"{self._path} 可被他人改写，请执行 chmod go-w {self._path}；此前不签名",
                        f"others may write {self._path}: run chmod go-w {self._path}; nothing is signed until then")
            kept = self._kept = (mark, read_settings(read_file(self._path, max_bytes=_MAX_BYTES)))
        return kept[1]


def read_settings(data: bytes) -> Settings:
    """Read ``signer.toml``; unknown keys are errors.

    Raises:
        RemoteError: ``signer.settings``, saying what is wrong.
    """
    try:
        content = read_toml(data)
        _only(content, {"client", "seal"})
        clients = tuple(_client(one) for one in _tables(content, "client"))
        _unique("client", [client.name for client in clients])
        for known_by in _KNOWN_BY:
            _unique(known_by, [one for client in clients for one in getattr(client, known_by)])
        seals = [(_text(one, "id", _NAME), _limits(one, {"id"})) for one in _tables(content, "seal")]
        _unique("seal", [seal for seal, _ in seals])
    except SettingError as error:
        raise RemoteError(
            RemoteCode.SETTINGS, f"{FILE} 写得不对（{error.zh}），更正之前不签名",
            f"{FILE} is not right ({error.en}): nothing is signed until it is corrected") from None
    return Settings(clients=clients, seals=dict(seals))


def _client(table: Mapping[str, Any]) -> Client:
    name = _text(table, "name", _NAME)
    uids = _list(table, "uids")
    if any(type(uid) is not int or uid < 0 for uid in uids):
        raise SettingError(f"{name}：uids 应为用户编号的列表", f"{name}: uids takes numbers of users")
    certificates = frozenset(str(one).lower() for one in _list(table, "certificates"))
    if not all(map(_DIGEST.fullmatch, certificates)):
        raise SettingError(f"{name}：certificates 应为 SM3 或 SHA-256 摘要的列表，每个 64 位十六进制数字",
                           f"{name}: certificates takes SM3 or SHA-256 digests, 64 hexadecimal digits each")
    common_names, keys = _list(table, "common_names"), _list(table, "keys")
    if not all(isinstance(one, str) and one for one in common_names):
        raise SettingError(f"{name}：common_names 应为字符串的列表", f"{name}: common_names takes texts")
    if not all(isinstance(one, str) and _PATTERN.fullmatch(one) for one in keys):
        raise SettingError(f"{name}：keys 应写成“统一社会信用代码/印章/用途”（每段可用 *），或服务名",
                           f"{name}: keys takes USCC/seal/role, a part may be *, or the name of a service")
    if not uids and not certificates and not common_names:
        raise SettingError(f"{name}：没有人可以成为此客户端，请写 uids、certificates 或 common_names",
                           f"{name}: nobody could be this client; give uids, certificates or common_names")
    limits = _limits(table, {"name", "keys", *_KNOWN_BY})
    if limits.per_minute is None or limits.per_day is None:
        raise SettingError(f"{name}：须写 per_minute 和 per_day", f"{name}: per_minute and per_day are needed")
    return Client(name=name, uids=frozenset(uids), certificates=certificates, common_names=frozenset(common_names),
                  keys=tuple(keys), limits=limits)


def _limits(table: Mapping[str, Any], beside: set[str]) -> Limits:
    _only(table, {*beside, "per_minute", "per_day"})
    values = [table.get(key) for key in ("per_minute", "per_day")]
    if any(value is not None and (type(value) is not int or value < 0) for value in values):
        raise SettingError("per_minute、per_day 应为不小于 0 的整数", "per_minute and per_day take numbers from 0 up")
    return Limits(per_minute=values[0], per_day=values[1])


def _tables(content: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    tables = content.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        raise SettingError(f"{key} 应写成 [[{key}]]", f"{key} is written [[{key}]]")
    return tables


def _list(table: Mapping[str, Any], key: str) -> list[Any]:
    values = table.get(key, [])
    if not isinstance(values, list):
        raise SettingError(f"{key} 应为列表", f"{key} takes a list")
    return values


def _text(table: Mapping[str, Any], key: str, shape: re.Pattern[str]) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not shape.fullmatch(value):
        raise SettingError(f"{key} 应由字母、数字、点和短横组成", f"{key} takes letters, digits, dots and dashes")
    return value


def _only(table: Mapping[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(table) - known):
        raise SettingError(f"没有 {unknown[0]} 这一项", f"unknown key {unknown[0]}")


def _unique(what: str, values: list[Any]) -> None:
    if len(set(values)) != len(values):
        raise SettingError(f"{what} 重复", f"the same {what} twice")
