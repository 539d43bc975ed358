"""Who is at the other end of a connection: the user of a Unix socket, as the system tells it, or a certificate."""

from __future__ import annotations

import hashlib
import socket
import ssl
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

from certs.config import Password
from certs.file_marks import mark_file
from certs.remote_wire import RemoteCode, RemoteError
from certs.sm3 import sm3
from certs.x509 import Certificate
from codes.errors import EngineError
from codes.others_words import system_words
from signer.settings import Peer

__all__ = ["TlsFiles", "peer_of_certificate", "peer_of_socket"]

_CREDENTIALS: Final = struct.Struct("3i")


def peer_of_socket(connection: socket.socket) -> Peer:
    """Return the user who connected to a Unix socket (SO_PEERCRED)."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return Peer(uid=_CREDENTIALS.unpack(raw)[1])


def peer_of_certificate(der: bytes) -> Peer:
    """Return who has the key of a certificate that TLS has accepted.

    One that cannot be read is known by its digests alone.
    """
    try:
        common_name = Certificate.load(der).subject_cn
    except EngineError:
        common_name = None
    return Peer(digests=frozenset({sm3(der).hex(), hashlib.sha256(der).hexdigest()}), common_name=common_name)


class TlsFiles:
    """The certificate, key and clients' CA of a server, all PEM; read again when a file has changed."""

    def __init__(
        self, certificate: Path, private_key: Path, client_ca: Path, password: Callable[[], Password] | None,
    ) -> None:
        """Name the files.

        Args:
            client_ca: certificates that a client's must chain to; a client's own may stand there as well.
            password: of the key; None where it is not encrypted.
        """
        self._files = (certificate, private_key, client_ca)
        self._password = password
        self._kept: tuple[object, ssl.SSLContext] | None = None

    def context(self) -> ssl.SSLContext:
        """Return what lets nobody in without such a certificate (TLS 1.3).

        Raises:
            RemoteError: ``signer.settings``.
            EngineError: the password cannot be had.
        """
        marks = tuple(mark_file(path) for path in self._files)
        if self._kept is None or self._kept[0] != marks:
            self._kept = (marks, self._made())
        return self._kept[1]

    def _made(self) -> ssl.SSLContext:
        certificate, private_key, client_ca = self._files
        password = self._password().value if self._password else b""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        context.num_tickets = 0
        try:
            context.load_verify_locations(client_ca)
            context.load_cert_chain(certificate, private_key, password=lambda: password)
        except OSError as error:
            zh, en = system_words(error)
            raise RemoteError(
                RemoteCode.SETTINGS,
                f"TLS 的证书或私钥读不出来（{zh}），请检查 {certificate}、{private_key}、{client_ca} 和口令",
                f"certificate or key of TLS cannot be read ({en}): check {certificate}, {private_key}, {client_ca} "
                "and the password") from None
        return context
