"""The settings of a home (``config.toml``) and where its password comes from."""

from __future__ import annotations

import enum
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from certs.files import FileCode, FileError, read_file, write_atomic
from certs.revocation_settings import RevocationSettings, read_settings
from codes.errors import EngineError
from codes.toml import SettingError, read_toml

__all__ = [
    "HOME_VARIABLE", "PASSWORD_FILE_VARIABLE", "PASSWORD_VARIABLE", "Config", "HomeCode", "HomeError",
    "Password", "environment_password", "find_home", "how_to_make", "load_config", "read_password", "store_config",
]

HOME_VARIABLE = "ZHENGYIN_HOME"
PASSWORD_FILE_VARIABLE = "ZHENGYIN_PASSWORD_FILE"  # noqa: S105 (the name of a variable)
PASSWORD_VARIABLE = "ZHENGYIN_PASSWORD"  # noqa: S105 (the name of a variable)
_MAX_CONFIG, _MAX_PASSWORD = 256 * 1024, 1024
_TEXTS = ("font_pack", "kinds_folder", "registry", "webhook_secret_file")
_LISTS = ("lookup_hosts", "tsa_urls", "seal_ca")
_KEYS = frozenset({"name", "demo", "timestamps", "tsa_tolerance_s", "revocation", *_TEXTS, *_LISTS})
_TIMESTAMPS = ("none", "refuse", "queue")
_MAX_TOLERANCE_S = 300                      # what a verifier allows between the time claimed and the time proven
_FETCHING = RevocationSettings()


class HomeCode(enum.StrEnum):
    """Codes of :class:`HomeError`."""

    NONE = "home.none"
    MISSING = "home.missing"
    NOT_A_HOME = "home.not-a-home"
    CONFIG = "home.config"
    NO_PASSWORD = "home.no-password"  # noqa: S105 (an error code)
    BAD_PASSWORD = "home.bad-password"  # noqa: S105 (an error code)
    PERMISSIONS = "home.permissions"
    NO_AUTHORITY = "home.no-authority"
    AUTHORITY_NAME = "home.authority-name"
    NO_SEAL = "home.no-seal"
    INCOMPLETE = "home.incomplete"
    KIND_SETTINGS = "home.kind-settings"


class HomeError(EngineError):
    """The home is missing, incomplete or not safe to use."""


def how_to_make(path: str = "H") -> tuple[str, str]:
    """Return the sentence that says how a home is made, in Chinese and English."""
    return (f"用 zhengyin certs demo --home {path} 可建立演示用的目录",
            f"`zhengyin certs demo --home {path}` makes one for demonstration")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Settings of a home.

    Attributes:
        name: what the deployment calls itself.
        demo: whether ``certs demo`` made the home and may change it.
        lookup_hosts: hosts on which QR addresses may lie, lower case.
        tsa_urls: timestamp services, tried in order.
        timestamps: what happens when none of them gives a token: ``refuse`` to issue, or ``queue`` the record until one
            does; ``none`` issues without timestamps. "" for ``refuse`` where there are services, else ``none``.
        tsa_tolerance_s: by how many seconds a token's time may differ from this machine's clock.
        font_pack: folder of further fonts, absolute or from the home; empty for none.
        kinds_folder: folder with the office's own kinds, from the home's folder; "" for none.
        registry: URL of the registry's PostgreSQL database, without a password; "" for ``registry.sqlite3`` in
            the home.
        seal_ca: SM3 (hex) of the certificates of the CAs whose certificates seals may be bound to; none means any
            in ``chain/``.
        webhook_secret_file: file with the secret that signs reminders sent to a webhook, absolute or from the home;
            "" for none.
        revocation: how revocation lists and OCSP answers are fetched.
    """

    name: str
    demo: bool = False
    lookup_hosts: tuple[str, ...] = ()
    tsa_urls: tuple[str, ...] = ()
    timestamps: str = ""
    tsa_tolerance_s: int = _MAX_TOLERANCE_S
    font_pack: str = ""
    kinds_folder: str = ""
    registry: str = ""
    seal_ca: tuple[str, ...] = ()
    webhook_secret_file: str = ""
    revocation: RevocationSettings = _FETCHING

    @property
    def timestamp_policy(self) -> str:
        """``none``, ``refuse`` or ``queue``."""
        return self.timestamps or ("refuse" if self.tsa_urls else "none")


@dataclass(frozen=True, slots=True)
class Password:
    """A password; its text form shows nothing."""

    value: bytes = field(repr=False)

    def __str__(self) -> str:
        return "<password>"


def find_home(path: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the home's folder: ``path`` if given, else the one ``ZHENGYIN_HOME`` names.

    Raises:
        HomeError: ``home.none``, ``home.missing`` or ``home.not-a-home``, saying how to make one.
    """
    if path is None:
        named = environ.get(HOME_VARIABLE, "")
        if not named:
            zh, en = how_to_make()
            raise HomeError(
                HomeCode.NONE, f"没有指明工作目录，请用 --home 或环境变量 {HOME_VARIABLE} 指明；{zh}",
                f"no home is named: give --home or set {HOME_VARIABLE}; {en}")
        path = Path(named)
    zh, en = how_to_make(str(path))
    if not path.is_dir():
        raise HomeError(
            HomeCode.MISSING, f"工作目录 {path} 不存在；{zh}", f"the home {path} is not there; {en}",
            path=str(path))
    if not (path / "config.toml").is_file():
        raise HomeError(
            HomeCode.NOT_A_HOME, f"{path} 不是工作目录（缺少 config.toml）；{zh}",
            f"{path} is not a home (it has no config.toml); {en}", path=str(path))
    return path


def load_config(home: Path) -> Config:
    """Read ``config.toml`` of a home; unknown keys are errors.

    Raises:
        HomeError: ``home.config``.
        FileError: the file cannot be read.
    """
    path = home / "config.toml"
    try:
        return _read(read_toml(read_file(path, max_bytes=_MAX_CONFIG)))
    except SettingError as error:
        raise HomeError(
            HomeCode.CONFIG, f"{path} 写得不对（{error.zh}），请更正",
            f"{path} is not right ({error.en}): correct it", path=str(path)) from None


def _read(content: Mapping[str, Any]) -> Config:
    if unknown := sorted(set(content) - _KEYS):
        raise SettingError(f"没有 {unknown[0]} 这一项", f"unknown key {unknown[0]}")
    texts = {"name": content.get("name"), **{key: content.get(key, "") for key in _TEXTS}}
    for key, text in texts.items():
        if not isinstance(text, str):
            raise SettingError(f"{key} 应为字符串", f"{key} takes a text")
    lists = {key: content.get(key, []) for key in _LISTS}
    for key, one in lists.items():
        if not isinstance(one, list) or not all(isinstance(text, str) for text in one):
            raise SettingError(f"{key} 应为字符串的列表", f"{key} takes a list of texts")
    demo, timestamps = content.get("demo", False), content.get("timestamps", "")
    if not isinstance(demo, bool):
        raise SettingError("demo 应为 true 或 false", "demo takes true or false")
    if timestamps not in ("", "none") and (timestamps not in _TIMESTAMPS or not lists["tsa_urls"]):
        known = "、".join(_TIMESTAMPS)
        raise SettingError(f"timestamps 应为 {known} 之一，除 none 外都要写 tsa_urls",
                           f"timestamps takes one of {', '.join(_TIMESTAMPS)}, all but none with tsa_urls")
    tolerance = content.get("tsa_tolerance_s", _MAX_TOLERANCE_S)
    if type(tolerance) is not int or not 1 <= tolerance <= _MAX_TOLERANCE_S:
        raise SettingError(f"tsa_tolerance_s 应为 1 至 {_MAX_TOLERANCE_S} 的整数（秒）",
                           f"tsa_tolerance_s takes a whole number of seconds from 1 to {_MAX_TOLERANCE_S}")
    return Config(
        demo=demo, lookup_hosts=tuple(host.lower() for host in lists["lookup_hosts"]),
        tsa_urls=tuple(lists["tsa_urls"]), timestamps=timestamps, tsa_tolerance_s=tolerance,
        seal_ca=tuple(one.lower() for one in lists["seal_ca"]),
        revocation=read_settings(content.get("revocation", {})), **{key: str(text) for key, text in texts.items()})


def store_config(home: Path, config: Config) -> None:
    """Write ``config.toml``.

    Raises:
        FileError: the file cannot be written.
    """
    def text(value: object) -> str:
        return json.dumps(value, ensure_ascii=False)       # JSON texts, lists and booleans are TOML ones

    lines = [
        "# 证印的设置 / settings of zhengyin",
        f"name = {text(config.name)}",
        f"demo = {text(config.demo)}",
        f"lookup_hosts = {text(list(config.lookup_hosts))}",
        f"tsa_urls = {text(list(config.tsa_urls))}",
    ]
    if config.timestamps:
        lines.append(f"timestamps = {text(config.timestamps)}")
    if config.tsa_tolerance_s != _MAX_TOLERANCE_S:
        lines.append(f"tsa_tolerance_s = {config.tsa_tolerance_s}")
    lines.extend(f"{key} = {text(getattr(config, key))}" for key in _TEXTS if getattr(config, key))
    if config.seal_ca:
        lines.append(f"seal_ca = {text(list(config.seal_ca))}")
    if config.revocation != _FETCHING:
        lines += ["", "[revocation]", *(f"{key} = {text(value)}" for key, value in config.revocation.changed())]
    write_atomic(home / "config.toml", ("\n".join(lines) + "\n").encode(), mode=0o600)


def _clean(data: bytes, source: str) -> Password:
    """Take one trailing line break off; refuse nothing, and more than a password can be."""
    value = data.removesuffix(b"\n").removesuffix(b"\r")
    if not value or len(value) > _MAX_PASSWORD or b"\n" in value or b"\0" in value:
        raise HomeError(
            HomeCode.BAD_PASSWORD, f"{source} 中的口令为空、过长或不止一行，请改为一行",
            f"the password in {source} is empty, too long or more than one line: make it one line",
            source=source)
    return Password(value)


def environment_password(environ: Mapping[str, str], *, file_variable: str, variable: str) -> Password | None:
    """Return the password in the file that one variable names, or in the other variable; None without either.

    Raises:
        HomeError: ``home.bad-password``.
        FileError: the file cannot be read.
    """
    if named := environ.get(file_variable):
        return _clean(read_file(Path(named), max_bytes=64 * 1024), named)
    if variable in environ:
        return _clean(os.fsencode(environ[variable]), variable)
    return None


def read_password(home: Path, environ: Mapping[str, str]) -> Password:
    """Return the password of the keys.

    Looked for in the file ``ZHENGYIN_PASSWORD_FILE`` names, in ``ZHENGYIN_PASSWORD``, in ``H/password``.

    Raises:
        HomeError: ``home.no-password``, ``home.bad-password``, or ``home.permissions`` when others may
            read ``H/password``.
        FileError: the file that the environment names cannot be read.
    """
    given = environment_password(environ, file_variable=PASSWORD_FILE_VARIABLE, variable=PASSWORD_VARIABLE)
    if given is not None:
        return given
    path = home / "password"
    try:
        data = read_file(path, max_bytes=64 * 1024)
    except FileError as error:
        if error.code is not FileCode.MISSING:
            raise
        raise HomeError(
            HomeCode.NO_PASSWORD,
            f"没有密钥口令：请设置 {PASSWORD_FILE_VARIABLE} 指向口令文件（或设置 {PASSWORD_VARIABLE}）",
            f"no password for the keys: point {PASSWORD_FILE_VARIABLE} to a file that holds it "
            f"(or set {PASSWORD_VARIABLE})") from None
    if path.stat().st_mode & 0o077:
        raise HomeError(
            HomeCode.PERMISSIONS, f"{path} 可被他人读取，请执行 chmod 600 {path}",
            f"others may read {path}: run chmod 600 {path}", path=str(path))
    return _clean(data, str(path))
