"""Why it could not be learnt whether a certificate is revoked."""

from __future__ import annotations

import enum
from typing import Final

from certs.revocation import Doubt
from codes.errors import EngineError

__all__ = ["CODE_BY_DOUBT", "RevocationCode", "RevocationError", "trouble"]


class RevocationCode(enum.StrEnum):
    """Codes of :class:`RevocationError`."""

    NOWHERE = "revocation.nowhere"
    NO_PATH = "revocation.no-path"
    FOREIGN = "revocation.foreign"
    OTHER = "revocation.other-certificate"
    UNUSABLE = "revocation.unusable"
    REPLAYED = "revocation.replayed"
    STALE = "revocation.stale"
    TOO_OLD = "revocation.too-old"
    FUTURE = "revocation.future"
    UNKNOWN = "revocation.unknown"
    RESPONDER = "revocation.responder"
    WAITING = "revocation.waiting"
    OUT_OF_TIME = "revocation.out-of-time"


class RevocationError(EngineError):
    """A list or answer could not be had, or is none that helps. The sentences do not name the address."""


_SENTENCES: Final[dict[RevocationCode, tuple[str, str]]] = {
    RevocationCode.NOWHERE: (
        "证书没有写明可查询的网址，请手工放入其机构的撤销列表",
        "the certificate names no web address to ask at; put its CA's revocation list there by hand"),
    RevocationCode.NO_PATH: (
        "没有通往根证书的链，未予查询，请补充其上级证书",
        "no chain leads to a root, so nobody was asked; add the certificates above it"),
    RevocationCode.FOREIGN: (
        "得到的内容不是该证书机构签发的，已弃用", "what was received is not the CA's and was thrown away"),
    RevocationCode.OTHER: (
        "得到的内容是关于其他证书的，不能说明该证书有效",
        "what was received is on other certificates and says nothing good of this one"),
    RevocationCode.UNUSABLE: (
        "得到的是增量或间接列表，不能单独使用", "what was received is a delta or indirect list, which is not enough"),
    RevocationCode.REPLAYED: (
        "得到的应答或列表比已有的更旧（重放），不能说明证书有效",
        "what was received is older than what was had (a replay) and shows nothing to be good"),
    RevocationCode.STALE: ("得到的内容已过时", "what was received is out of date"),
    RevocationCode.TOO_OLD: (
        "得到的内容比设置 max_age_h 允许的更旧", "what was received is older than the setting max_age_h allows"),
    RevocationCode.FUTURE: (
        "得到的内容时间晚于现在，不能说明证书有效，请核对本机时钟",
        "what was received is dated in the future and shows nothing to be good; check this machine's clock"),
    RevocationCode.UNKNOWN: ("OCSP 服务器不认识该证书", "the OCSP server does not know the certificate"),
    RevocationCode.RESPONDER: (
        "OCSP 应答者未获授权，或其证书过期、撤销、无从查证，应答已弃用",
        "the OCSP responder is not authorised, or its certificate has expired, is revoked or cannot be checked; "
        "the answer was thrown away"),
    RevocationCode.WAITING: (
        "服务器多次没有应答，稍候再询问", "the server has failed several times and is asked again in a while"),
    RevocationCode.OUT_OF_TIME: (
        "查询一个文件的总时间（设置 total_s）已用完，未能取得",
        "the time for all that is asked about one file (the setting total_s) had run out, so this was not had"),
}
CODE_BY_DOUBT: Final = {
    Doubt.STALE: RevocationCode.STALE, Doubt.TOO_LATE: RevocationCode.STALE, Doubt.FUTURE: RevocationCode.FUTURE,
    Doubt.OTHERS: RevocationCode.OTHER, Doubt.UNKNOWN: RevocationCode.UNKNOWN,
    Doubt.STRANGER: RevocationCode.RESPONDER, Doubt.RESPONDER_EXPIRED: RevocationCode.RESPONDER,
    Doubt.RESPONDER_REVOKED: RevocationCode.RESPONDER, Doubt.RESPONDER_UNCHECKED: RevocationCode.RESPONDER,
}


def trouble(code: RevocationCode) -> RevocationError:
    """Return the error of a code."""
    return RevocationError(code, *_SENTENCES[code])
