"""Ask a time-stamping authority for a token over HTTP (RFC 3161).

The token is checked for form only: granted, strict DER, our imprint, our nonce. Who signed it and whether
that authority is trusted is for ``certs`` and the verifier to say.
"""

from __future__ import annotations

import contextlib
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Protocol

from asn1crypto import algos, tsp  # type: ignore[import-untyped]

from certs.der import DerError, require_der
from docgen.pdf_errors import PdfError, PdfErrorCode

__all__ = ["FirstToAnswer", "HttpTimestamper", "Timestamper"]

_MAX_RESPONSE = 64 * 1024
_GRANTED = ("granted", "granted_with_mods")


class Timestamper(Protocol):
    """Whatever gives RFC 3161 tokens."""

    def token(self, digest: bytes) -> bytes:
        """Return the DER of a TimeStampToken over DIGEST, a SHA-256 value."""


def _failed(url: str, zh: str, en: str) -> PdfError:
    return PdfError(
        PdfErrorCode.TIMESTAMP_FAILED, f"时间戳服务 {url} {zh}，请检查其地址与状态后重试",
        f"the time-stamping authority {url} {en}; check its address and state and try again", url=url)


class HttpTimestamper:
    """A time-stamping authority at an http or https URL; TIMEOUT_S seconds a request.

    ``random`` gives the nonce's bytes.
    """

    def __init__(
        self, url: str, *, timeout_s: float = 10.0, random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise _failed(url, "不是 http 或 https 地址", "is no http or https address")
        self.url = url
        self._timeout_s = timeout_s
        self._random = random

    def token(self, digest: bytes) -> bytes:
        """Return the DER of a TimeStampToken over DIGEST (SHA-256), with the authority's certificates.

        Raises:
            PdfError: ``pdf.timestamp-failed``.
        """
        nonce = int.from_bytes(b"\x01" + self._random(8), "big")
        request = tsp.TimeStampReq({
            "version": 1, "nonce": nonce, "cert_req": True,
            "message_imprint": tsp.MessageImprint({
                "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}), "hashed_message": digest,
            }),
        })
        answer = self._post(request.dump())
        try:
            response = tsp.TimeStampResp.load(answer, strict=True)
            status = response["status"]["status"].native
            if status not in _GRANTED:
                raise _failed(self.url, f"拒绝了请求（{status}）", f"refused the request ({status})")
            token = response["time_stamp_token"]
            info = token["content"]["encap_content_info"]["content"].parsed
            imprint = info["message_imprint"]
            fits = (imprint["hashed_message"].native == digest and info["nonce"].native == nonce
                    and imprint["hash_algorithm"]["algorithm"].native == "sha256")
            encoded: bytes = token.dump()
            require_der(encoded, sorted_sets=False)
        except (ValueError, TypeError, KeyError, AttributeError, DerError) as exc:
            raise _failed(self.url, "返回的数据无法读取", "answered with unreadable data") from exc
        if not fits:
            raise _failed(self.url, "返回的时间戳不属于本次请求", "answered with a token for another request")
        return encoded

    def _post(self, body: bytes) -> bytes:
        try:
            request = urllib.request.Request(self.url, data=body, headers={  # noqa: S310 - http(s) only
                "Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply",
            })
            with urllib.request.urlopen(request, timeout=self._timeout_s) as reply:  # noqa: S310
                answer: bytes = reply.read(_MAX_RESPONSE + 1)
        except (urllib.error.URLError, OSError, ValueError) as exc:
            raise _failed(self.url, "无法连接", "cannot be reached") from exc
        if len(answer) > _MAX_RESPONSE:
            raise _failed(self.url, "返回的数据过长", "answered with too much data")
        return answer


class FirstToAnswer:
    """Asks timestamp services in order until one gives a token."""

    def __init__(self, urls: tuple[str, ...]) -> None:
        self._services = [HttpTimestamper(url) for url in urls]

    def token(self, digest: bytes) -> bytes:
        """Return the first token; what the last service said when none gives one."""
        for service in self._services[:-1]:
            with contextlib.suppress(PdfError):
                return service.token(digest)
        return self._services[-1].token(digest)
