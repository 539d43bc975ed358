"""The trust folder: what a verifier believes before it sees a file.

Layout (every certificate one DER file, every CRL one DER file)::

    trust.json                      {"name": …, "lookup_hosts": [hosts of QR addresses]}
    roots/*.cer                     anchors, SM2 and P-256
    intermediates/*.cer             certificates that help to build a path; never anchors
    seal-makers/*.cer               the seal makers (制章人) whose seals are accepted, by exact certificate
    data-signing/<key id>.cer       certificates that sign QR payloads; key id = first 8 bytes of SM3, hex
    crls/*.crl                      revocation lists; each is used only for the CA that signed it
    ocsp/*.ors                      OCSP answers (OCSPResponse); each only for what the CA or its responder signed
    tsa/*.cer                       anchors of timestamp authorities
    status-signers/*.cer            the certificates that sign the status list of seals, by exact certificate
    seal-status.json                that list (certs.status_list)
    fonts/<SHA-256>.outlines        tables of outlines of an office's further fonts, by the digest of the font
    algorithms.json                 {"sha256": "2031-01-01"}: from when an algorithm is weak (certs.strength)

All folders but ``roots`` may be missing, and so may the status list; one that cannot be read says nothing. Where
``list-signers/*.cer`` or ``trust-list.json`` lie there, a signed list (certs.trust_list) says what trust.json and these
folders would say, but for the revocation lists, and they must be empty. An
anchor whose subject's CN holds 演示 is a demonstration's: what rests on it has no legal effect.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from certs.crl import Crl
from certs.files import FileCode, FileError, listed_again, read_file, reported
from certs.ocsp import MAX_BYTES as _MAX_OCSP
from certs.ocsp import OcspResponse
from certs.strength import STRONG, Strength, StrengthError
from certs.x509 import Certificate
from certs.x509_loose import load_loose
from codes.errors import EngineError

if TYPE_CHECKING:
    from certs.trust_list import TrustList

__all__ = [
    "DEMO_MARK", "MAX_STATUS_LIST", "STATUS_LIST", "Trust", "TrustCode", "TrustError", "is_demo_anchor", "key_id",
]

DEMO_MARK = "演示"
STATUS_LIST, LIST_FILE, SIGNERS = "seal-status.json", "trust-list.json", "list-signers"
ALGORITHMS = "algorithms.json"
_T = TypeVar("_T")
_MAX_CERTIFICATE, _MAX_CRL, _MAX_OUTLINES, _MAX_FILES = 64 * 1024, 16 * 1024 * 1024, 4 * 1024 * 1024, 10_000
MAX_STATUS_LIST = 40 * 1024 * 1024


class TrustCode(enum.StrEnum):
    """Codes of :class:`TrustError`."""

    MISSING = "trust.missing"
    MALFORMED = "trust.malformed"
    BAD_FILE = "trust.bad-file"
    KEY_ID = "trust.key-id"
    NO_ROOTS = "trust.no-roots"
    TOO_MANY = "trust.too-many"


class TrustError(EngineError):
    """The trust folder is missing or damaged; nothing can be judged by it."""


def key_id(certificate: Certificate) -> bytes:
    """Return the 8 bytes by which a signed QR code names a data-signing certificate."""
    return bytes.fromhex(certificate.fingerprint)[:8]


def is_demo_anchor(anchor: Certificate) -> bool:
    """Say whether ``anchor`` is a demonstration's: its CN holds 演示."""
    return DEMO_MARK in (anchor.subject_cn or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What is believed: anchors, accepted seal makers, data-signing certificates, revocation lists.

    ``data_signing`` maps key ids in lower-case hex (16 digits) to certificates, ``font_outlines`` digests
    of font files (64 digits) to tables of outlines, which a verifier reads. ``seal_status`` is the file of the
    status list as it lies there, not yet believed; empty bytes when it cannot be read. ``folder`` is where all
    this was read, resolved; None for what was put together otherwise. ``against`` are lists and answers from elsewhere
    that can show a revocation and nothing else.
    """

    name: str
    lookup_hosts: tuple[str, ...]
    roots: tuple[Certificate, ...]
    intermediates: tuple[Certificate, ...] = ()
    seal_makers: tuple[Certificate, ...] = ()
    data_signing: Mapping[str, Certificate]
    crls: tuple[Crl, ...] = ()
    ocsp: tuple[OcspResponse, ...] = ()
    against: tuple[Crl | OcspResponse, ...] = ()
    tsa: tuple[Certificate, ...] = ()
    status_signers: tuple[Certificate, ...] = ()
    seal_status: bytes | None = None
    folder: Path | None = None
    font_outlines: Mapping[str, bytes] = field(default_factory=dict)
    trust_list: TrustList | None = None
    strength: Strength = STRONG

    @classmethod
    def load(cls, folder: Path) -> Trust:
        """Read a trust folder.

        Raises:
            TrustError: ``trust.missing`` (no such folder or no trust.json), ``trust.malformed``
                (trust.json, algorithms.json), ``trust.bad-file`` (a file that is no DER certificate or CRL),
                ``trust.key-id`` (a data-signing file not named by its key id), ``trust.no-roots``,
                ``trust.too-many``.
            TrustListError, StatementError: the signed list cannot be believed; whether it is fresh is for who judges
                by it to ask (:func:`certs.trust_list.check_trust_list`).
        """
        with reported(folder):
            return listed_again(lambda: cls._load(folder))

    @classmethod
    def _load(cls, folder: Path) -> Trust:
        listed = _believed_list(folder)
        name, hosts = (listed.name, listed.lookup_hosts) if listed else _settings(folder)
        source = _Source(folder, listed)
        data_signing = {}
        for path, certificate in source.load("data-signing", ".cer", Certificate.load, _MAX_CERTIFICATE):
            expected = key_id(certificate).hex()
            if path.stem != expected:
                raise TrustError(
                    TrustCode.KEY_ID, f"信任目录中 {path} 的文件名应为 {expected}.cer，请改名或换回原证书",
                    f"{path} must be called {expected}.cer: rename it or put the right certificate back")
            data_signing[expected] = certificate
        roots = source.certificates("roots")
        if not roots:
            raise TrustError(
                TrustCode.NO_ROOTS, f"信任目录 {folder} 的 roots/ 中没有根证书，请放入 DER 格式的 .cer 文件",
                f"{folder} has no root certificate in roots/: put .cer files (DER) there")
        return cls(
            name=name, lookup_hosts=hosts, roots=roots,
            intermediates=source.certificates("intermediates"),
            seal_makers=source.certificates("seal-makers"),
            data_signing=MappingProxyType(data_signing),
            crls=tuple(crl for _, crl in _load(folder / "crls", ".crl", Crl.load, _MAX_CRL)),
            ocsp=tuple(answer for _, answer in _load(folder / "ocsp", ".ors", OcspResponse.load, _MAX_OCSP)),
            tsa=source.certificates("tsa"),
            status_signers=source.certificates("status-signers"), seal_status=_seal_status(folder),
            folder=folder.resolve(),
            font_outlines=MappingProxyType({
                path.stem: data for path, data in source.load("fonts", ".outlines", bytes, _MAX_OUTLINES)}),
            trust_list=listed, strength=_strength(folder, listed))


def _settings(folder: Path) -> tuple[str, tuple[str, ...]]:
    """Return name and lookup hosts of ``trust.json``."""
    path = folder / "trust.json"
    if not path.is_file():
        raise TrustError(
            TrustCode.MISSING, f"{folder} 不是信任目录（缺少 trust.json），请用 --trust 指明信任目录",
            f"{folder} is not a trust folder (it has no trust.json): name one with --trust")
    try:
        content = json.loads(read_file(path, max_bytes=_MAX_CERTIFICATE).decode("utf-8"))
        name, hosts = content["name"], content["lookup_hosts"]
        sound = isinstance(name, str) and isinstance(hosts, list) and all(
            isinstance(host, str) for host in hosts)
    except (ValueError, KeyError, TypeError, RecursionError):
        sound = False
    if not sound:
        raise TrustError(
            TrustCode.MALFORMED, f"{path} 应为 {{\"name\": 名称, \"lookup_hosts\": [域名]}}，请更正",
            f"{path} must be {{\"name\": text, \"lookup_hosts\": [hosts]}}: correct it")
    return name, tuple(host.lower() for host in hosts)


def _strength(folder: Path, listed: TrustList | None) -> Strength:
    """Return the table of algorithms that weaken; without one none does."""
    path = folder / ALGORITHMS
    if listed is None:
        data = read_file(path, max_bytes=_MAX_CERTIFICATE) if path.exists() else None
    else:
        data = listed.files.get(ALGORITHMS)
    if data is None:
        return STRONG
    try:
        return Strength.read(json.loads(data.decode("utf-8")))
    except (ValueError, RecursionError, StrengthError) as error:
        zh, en = (error.zh, error.en) if isinstance(error, StrengthError) else ("不是 JSON", "it is no JSON")
        raise TrustError(TrustCode.MALFORMED, f"{path} 读不出来：{zh}", f"{path} cannot be read: {en}") from None


def _seal_status(folder: Path) -> bytes | None:
    """Return the file of the status list; a fault of it must not take the roots away from a verifier."""
    try:
        return read_file(folder / STATUS_LIST, max_bytes=MAX_STATUS_LIST)
    except FileError as error:
        return None if error.code is FileCode.MISSING else b""


def _believed_list(folder: Path) -> TrustList | None:
    """Return the signed list of a folder that is governed by one; None for a folder of files."""
    if not (folder / LIST_FILE).exists() and not (folder / SIGNERS).exists():
        return None
    from certs.trust_list import check_trust_list, listed_signers, require_nothing_beside, stored_list

    require_nothing_beside(folder)
    listed = stored_list(folder)
    if listed is None:
        raise TrustError(
            TrustCode.MISSING, f"{folder} 由信任列表决定，但缺少 {LIST_FILE}，请取得列表（zhengyin trust receive）",
            f"{folder} takes a trust list and has no {LIST_FILE}: get the list (zhengyin trust receive)")
    check_trust_list(listed, listed_signers(folder))
    return listed


@dataclass(frozen=True, slots=True)
class _Source:
    """Where certificates are read from: the folder, or the list that speaks for it."""

    folder: Path
    listed: TrustList | None

    def certificates(self, name: str) -> tuple[Certificate, ...]:
        """Read certificates that may be another maker's, and then need not be strict DER."""
        return tuple(one.certificate for _, one in self.load(name, ".cer", load_loose, _MAX_CERTIFICATE))

    def load(self, name: str, ending: str, parse: Callable[[bytes], _T], max_bytes: int) -> list[tuple[Path, _T]]:
        """Read every file of a folder whose name ends so, in order of names."""
        if self.listed is None:
            return _load(self.folder / name, ending, parse, max_bytes)
        return [(self.folder / LIST_FILE / name / own, _parsed(self.folder / LIST_FILE / name / own, data, parse))
                for own, data in self.listed.within(name) if own.endswith(ending)]


def _load(
    folder: Path, ending: str, parse: Callable[[bytes], _T], max_bytes: int,
) -> list[tuple[Path, _T]]:
    """Read every file of ``folder`` whose name ends so, in order of names; no folder is an empty one."""
    if not folder.is_dir():
        return []
    paths = sorted(
        path for path in folder.iterdir() if path.suffix == ending and not path.name.startswith("."))
    if len(paths) > _MAX_FILES:
        raise TrustError(
            TrustCode.TOO_MANY, f"{folder} 中有 {len(paths)} 个文件，最多 {_MAX_FILES} 个，请清理",
            f"{folder} holds {len(paths)} files where {_MAX_FILES} are the most: clear it up")
    return [(path, _parsed(path, read_file(path, max_bytes=max_bytes), parse)) for path in paths]


def _parsed(path: Path, data: bytes, parse: Callable[[bytes], _T]) -> _T:
    try:
        return parse(data)
    except EngineError as error:
        raise TrustError(
            TrustCode.BAD_FILE, f"信任目录中的 {path} 读不出来（{error.zh}），请换成 DER 格式的原文件",
            f"{path} in the trust folder cannot be read ({error.en}); replace it by the DER original",
        ) from error
