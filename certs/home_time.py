"""The timestamp services of a home: those that its settings name, judged by its own trust folder.

What verifiers will judge the tokens by is what they are judged by here: of ``trust/`` the folders ``tsa``,
``intermediates``, ``crls`` and ``ocsp``, the table of algorithms, and the signed list where one speaks for the folder.
A file that changes there counts from the next token on. The certificates of the services are kept, so that ``certs
refresh`` learns whether they are revoked.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from typing import Final

from certs.file_marks import mark_file, mark_files
from certs.files import FileError, reported
from certs.home import Home
from certs.trust import ALGORITHMS, LIST_FILE, SIGNERS
from certs.tsa import Timestampers
from certs.tsa_chains import keep_chain
from certs.x509 import Certificate

__all__ = ["HomeTimestamper", "timestamper_of"]

_FOLDERS: Final = ("tsa", "intermediates", "crls", "ocsp", SIGNERS)
_FILES: Final = (LIST_FILE, ALGORITHMS)


class HomeTimestamper:
    """The services of one home; safe to share between threads."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._lock = threading.Lock()
        self._kept: tuple[object, Timestampers] | None = None

    def token(self, imprint: bytes, algorithm: str) -> bytes:
        """Return a verified token: see :class:`certs.tsa.Timestamper`.

        Raises:
            TsaError: none can be had.
            TrustError: the trust folder cannot be used.
        """
        return self._services().token(imprint, algorithm)

    def require_ready(self, algorithm: str) -> None:
        """Refuse when no token can be had: see :class:`certs.tsa.Timestamper`."""
        self._services().require_ready(algorithm)

    def _services(self) -> Timestampers:
        folder, config = self._home.trust_dir, self._home.config
        with self._lock, reported(folder):
            marks = (*(mark_files(folder / name) for name in _FOLDERS), *(mark_file(folder / name) for name in _FILES))
            if self._kept is None or self._kept[0] != marks:
                trust = self._home.trust()
                self._kept = marks, Timestampers(
                    config.tsa_urls, anchors=trust.tsa, intermediates=trust.intermediates, crls=trust.crls,
                    ocsp=trust.ocsp, strength=trust.strength, clock=self._home.clock,
                    tolerance_s=config.tsa_tolerance_s, keep=self._keep)
            return self._kept[1]

    def _keep(self, service: str, algorithm: str, chain: Sequence[Certificate]) -> None:
        with contextlib.suppress(FileError):     # no licence is lost for it: the next token brings the chain again
            keep_chain(self._home.path, service, algorithm, chain)


def timestamper_of(home: Home) -> HomeTimestamper | None:
    """Return the timestamp services of a home; None where its settings say ``timestamps = "none"``."""
    return None if home.config.timestamp_policy == "none" else HomeTimestamper(home)
