"""Ask time-stamping authorities for tokens over HTTP (RFC 3161), and take only what proves the time.

Services are asked in order. Each answer is held against the request and the present before anybody relies on it:
status, form, size, imprint, nonce, the authority's signature and chain, and its time beside our own clock. Whatever is
wrong with one, or comes of reading it, the next is asked; where none gives a token, the error says what each of them
said. Nothing that a token says is told before it is known that an authority said it.
"""

from __future__ import annotations

import enum
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from certs.chain import SubIndication
from certs.crl import Crl
from certs.http_client import HttpCode, HttpError, Post, http_post, split_url
from certs.ocsp import OcspResponse
from certs.strength import STRONG, Strength
from certs.timestamp import verify_token
from certs.timestamp_token import TimestampToken, digest
from certs.tsp_messages import RefusedError, build_request, read_response
from certs.x509 import Certificate
from codes.china_time import time_en, time_zh
from codes.errors import EngineError, Fault

__all__ = ["MAX_ANSWER", "MAX_TOKEN", "Timestamper", "Timestampers", "TsaCode", "TsaError"]

MAX_ANSWER: Final = 64 * 1024
"""Largest answer of a service, in bytes."""
MAX_TOKEN: Final = 10 * 1024
"""Largest token that is taken, in bytes, with the certificates and lists in it: a PDF keeps so much room for it."""
_MEDIA_TYPE: Final = "application/timestamp-query"
_SM2: Final = "sm2-sm3"
_FRESH_S: Final = 60.0
_FUTURE: Final = "timestamp.future"


class TsaCode(enum.StrEnum):
    """Codes of :class:`TsaError` and of the faults in it."""

    NO_TOKEN = "timestamp.none"  # noqa: S105 (an error code)
    NO_SERVICE = "timestamp.no-service"
    UNREADABLE = "timestamp.unreadable"
    TOO_LARGE = "timestamp.too-large"
    WRONG_IMPRINT = "timestamp.wrong-imprint"
    WRONG_NONCE = "timestamp.wrong-nonce"
    WRONG_TIME = "timestamp.wrong-time"
    UNFIT = "timestamp.unfit"
    UNTRUSTED = "timestamp.untrusted"
    INCOMPLETE = "timestamp.no-certificate"
    PAUSED = "timestamp.paused"


class TsaError(EngineError):
    """No service gave a token that holds; ``faults`` tells of each service (``field`` is its URL)."""

    def __init__(self, code: TsaCode, zh: str, en: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(code, zh, en, services=" ".join(fault.field for fault in faults))
        self.faults = tuple(faults)


class Timestamper(Protocol):
    """Whatever gives RFC 3161 tokens that have been verified."""

    def token(self, imprint: bytes, algorithm: str) -> bytes:
        """Return the DER of a TimeStampToken over a digest.

        Args:
            imprint: the digest.
            algorithm: how it was made, a name of :data:`certs.timestamp_token.DIGEST_BY_OID`.

        Raises:
            TsaError: none can be had.
        """

    def require_ready(self, algorithm: str) -> None:
        """Refuse before anything is signed when no token can be had: what is signed then is counted for nothing.

        Raises:
            TsaError: as :meth:`token` would.
        """


class Timestampers:
    """Several time-stamping services, the first of which is asked first; safe to share between threads.

    A service that could not be reached, or does not serve a digest algorithm, is left out for ``pause_s`` seconds, so
    that a batch does not wait for it each time; then it is asked again.
    """

    def __init__(
        self, urls: Iterable[str], *, anchors: Iterable[Certificate], intermediates: Iterable[Certificate] = (),
        crls: Iterable[Crl] = (), ocsp: Iterable[OcspResponse] = (), strength: Strength = STRONG,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        tolerance_s: int = 300, timeout_s: float = 10.0, pause_s: float = 10.0, post: Post = http_post,
        random: Callable[[int], bytes] = os.urandom, monotonic: Callable[[], float] = time.monotonic,
        keep: Callable[[str, str, Sequence[Certificate]], None] | None = None,
    ) -> None:
        """Name the services and what their tokens are judged by.

        Args:
            anchors: trusted certificates of timestamp authorities or their roots.
            crls: revocation lists beside those that a token carries.
            ocsp: OCSP answers beside those.
            strength: until when algorithms are strong.
            clock: the present, aware.
            tolerance_s: by how many seconds a token's time may differ from ``clock``.
            timeout_s: for each request.
            random: gives the bytes of nonces.
            keep: is told the service, the digest algorithm and the authority's chain without its anchor, of each token
                that is good, or would be if it were known whether the chain is revoked.

        Raises:
            TsaError: ``timestamp.no-service``: no URL, or one that is none of http or https.
        """
        self._urls = tuple(urls)
        if not self._urls:
            raise TsaError(TsaCode.NO_SERVICE, "没有时间戳服务，请在 config.toml 的 tsa_urls 中写入其地址",
                           "there is no timestamp service: name one in tsa_urls of config.toml")
        for url in self._urls:
            try:
                split_url(url)
            except HttpError as error:
                raise TsaError(
                    TsaCode.NO_SERVICE, f"时间戳服务 {url} 的{error.zh}", f"the timestamp service {url}: {error.en}",
                    [_fault(url, error)]) from error
        self._anchors, self._intermediates, self._crls = tuple(anchors), tuple(intermediates), tuple(crls)
        self._ocsp, self._strength = tuple(ocsp), strength
        self._clock, self._tolerance = clock, timedelta(seconds=tolerance_s)
        self._timeout_s, self._pause_s = timeout_s, pause_s
        self._post, self._random, self._monotonic, self._keep = post, random, monotonic, keep
        self._lock = threading.Lock()
        self._last: dict[str, float] = {}           # digest algorithm → when a token was had, unless none was since
        self._pauses: dict[tuple[str, str], tuple[float, Fault]] = {}

    def token(self, imprint: bytes, algorithm: str) -> bytes:
        """Return a verified token, DER, with the authority's certificate: see :class:`Timestamper`.

        An SM3 imprint is stamped by an authority with an SM2 key, any other by one with an RSA or ECDSA key: readers
        of the one know nothing of the other.
        """
        faults: list[Fault] = []
        for url in self._urls:
            paused = self._paused(url, algorithm)
            if paused is not None:
                faults.append(paused)
                continue
            try:
                token = self._ask(url, imprint, algorithm)
            except EngineError as error:
                faults.append(_fault(url, error))
                self._remember(url, algorithm, error)
            else:
                self._last[algorithm] = self._monotonic()
                return token
        self._last.pop(algorithm, None)
        raise _none(faults)

    def require_ready(self, algorithm: str) -> None:
        """Ask for a token on trial unless one was had in the last minute: see :class:`Timestamper`."""
        last = self._last.get(algorithm)
        if last is None or self._monotonic() - last > _FRESH_S:
            self.token(digest(algorithm, self._random(16)), algorithm)

    def _ask(self, url: str, imprint: bytes, algorithm: str) -> bytes:
        """Ask one service; everything that is wrong with its answer is raised, with a code."""
        nonce = int.from_bytes(b"\x01" + self._random(8), "big")
        try:
            answer = self._post(url, build_request(imprint, algorithm, nonce), media_type=_MEDIA_TYPE,
                                timeout_s=self._timeout_s, max_bytes=MAX_ANSWER)
            token = _read(answer)
            _require_fitting(token, imprint, algorithm, nonce)
            self._require_proof(url, token, imprint)
        except EngineError:
            raise
        except Exception as error:              # whatever a stranger's bytes set off here, others are asked
            name = type(error).__name__
            raise TsaError(TsaCode.UNREADABLE, f"返回的数据使程序出错（{name}），请报告",
                           f"answered with data that this program fails over ({name}): please report it") from error
        return token.der

    def _require_proof(self, url: str, token: TimestampToken, imprint: bytes) -> None:
        """Demand that the token proves its time to whoever has the anchor, and that it is the present."""
        now = self._clock()
        result = verify_token(
            token, imprint=imprint, anchors=self._anchors, intermediates=self._intermediates, crls=self._crls,
            ocsp=self._ocsp, at=now, strength=self._strength)
        present = abs(token.gen_time - now) <= self._tolerance
        if result.ok and not present:
            raise TsaError(
                TsaCode.WRONG_TIME, f"的时间是 {time_zh(token.gen_time)}，与本机时钟 {time_zh(now)} 相差过大",
                f"says {time_en(token.gen_time)} while this machine's clock shows {time_en(now)}")
        way_zh = way_en = ""
        if self._keep is not None and result.chain is not None and present and (
                result.ok or result.sub_indication is SubIndication.TRY_LATER):
            self._keep(url, token.imprint_algorithm, result.chain.path[:-1])
            way_zh = "；其证书已留存，执行 zhengyin certs refresh 即可查询"
            way_en = "; its certificates are kept, and zhengyin certs refresh asks about them"
        if not result.ok:
            raise TsaError(TsaCode.WRONG_TIME if result.code == _FUTURE else TsaCode.UNTRUSTED,
                           f"的时间戳不可采信：{result.zh}{way_zh}",
                           f"gave a token that proves nothing: {result.en}{way_en}")
        if result.signer not in token.certificates:
            raise TsaError(TsaCode.INCOMPLETE, "没有在时间戳中附上自己的证书",
                           "left its certificate out of the token")

    def _paused(self, url: str, algorithm: str) -> Fault | None:
        """What the service said, when that is so short a time ago that it is not asked again."""
        with self._lock:
            for key in ((url, ""), (url, algorithm)):
                since, fault = self._pauses.get(key, (0.0, None))
                left = since + self._pause_s - self._monotonic()
                if fault is not None and left > 0:
                    return Fault(
                        field=url, code=TsaCode.PAUSED.value, zh=f"刚才{fault.zh}，{left:.0f} 秒后再试",
                        en=f"a moment ago it {fault.en}; asked again in {left:.0f} seconds")
                self._pauses.pop(key, None)
        return None

    def _remember(self, url: str, algorithm: str, error: EngineError) -> None:
        """Leave a service out for a while when asking it costs time or is of no use."""
        if error.code in (HttpCode.UNREACHABLE, HttpCode.SLOW):
            key = (url, "")
        elif error.code is TsaCode.UNFIT or (isinstance(error, RefusedError) and error.names_algorithm):
            key = (url, algorithm)
        else:
            return
        with self._lock:
            self._pauses[key] = (self._monotonic(), _fault(url, error))


def _read(answer: bytes) -> TimestampToken:
    """The token in an answer, whatever a stranger sent."""
    try:
        return TimestampToken.parse(read_response(answer))
    except RefusedError:
        raise
    except EngineError as error:
        raise TsaError(TsaCode.UNREADABLE, f"返回的数据无法读取（{error.zh}）",
                       f"answered with unreadable data ({error.en})") from error


def _require_fitting(token: TimestampToken, imprint: bytes, algorithm: str, nonce: int) -> None:
    """Demand an answer to this very request, as readers of its digest can use it and no larger than there is room."""
    if len(token.der) > MAX_TOKEN:
        size, most = len(token.der), f"{MAX_TOKEN >> 10} KiB"
        raise TsaError(TsaCode.TOO_LARGE, f"返回的时间戳连同证书、撤销列表有 {size} 字节，超出预留的 {most}",
                       f"answered with a token of {size} bytes, certificates and lists included, more than the {most} "
                       "kept for it")
    if (token.imprint_algorithm, token.imprint) != (algorithm, imprint):
        raise TsaError(TsaCode.WRONG_IMPRINT, "返回的时间戳不是为此数据所加",
                       "answered with a token for other data")
    if token.nonce != nonce:
        raise TsaError(TsaCode.WRONG_NONCE, "返回的时间戳不属于本次请求",
                       "answered with a token for another request")
    if (token.signature_algorithm == _SM2) != (algorithm == "sm3"):
        raise TsaError(
            TsaCode.UNFIT, f"以 {token.signature_algorithm} 为 {algorithm} 摘要签名，此处不用",
            f"signs {algorithm} digests with {token.signature_algorithm}, which is not used here")


def _fault(url: str, error: EngineError) -> Fault:
    return Fault(field=url, code=error.code.value, zh=error.zh, en=error.en)


def _none(faults: Sequence[Fault]) -> TsaError:
    return TsaError(
        TsaCode.NO_TOKEN, "没有一个时间戳服务给出可以采信的时间戳，请按下列原因检查后重试",
        "no timestamp service gave a token that holds: see to the reasons below and repeat", faults)
