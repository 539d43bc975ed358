"""The certificates of the timestamp services that a home has met, so that ``certs refresh`` asks about them too.

A service's own certificate comes with each token and lies nowhere else. Of each service, and of each CA that it was
certified by, the chain of the last token is kept under ``revocation/tsa/``: what a service stamped before it went to
another CA has to be judged by the lists of the old one until it is renewed. Nothing is trusted by lying there: whoever
reads it asks only about what leads to an anchor of the home by signatures that hold, as it would of the certificates
of any file.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from certs.files import make_folder, write_atomic
from certs.revocation_cache import CACHE
from certs.sm3 import sm3
from certs.untrusted_files import read_regular
from certs.x509 import Certificate
from certs.x509_loose import load_loose
from codes.errors import EngineError

__all__ = ["keep_chain", "kept_chains"]

_FOLDER: Final = "tsa"
_LONGEST: Final = 8                      # certificates of a chain
_MAX_BYTES: Final = 256 * 1024


def keep_chain(home: Path, service: str, algorithm: str, chain: Sequence[Certificate]) -> None:
    """Keep the chain of a service's token in the place of an earlier one below the same CA.

    Args:
        service: its URL.
        algorithm: of the digest that it stamps; for another one it may use another certificate.
        chain: without its anchor; empty where the service's own certificate is that.

    Raises:
        FileError: it cannot be written.
    """
    if not chain:
        return
    folder, leaf = home / CACHE / _FOLDER, chain[0]
    name = sm3(f"{algorithm} {service}\n".encode() + leaf.issuer + (leaf.authority_key_id or b"")).hex()[:40]
    path = folder / f"{name}.json"
    data = json.dumps({"service": service, "algorithm": algorithm, "certificates": [
        base64.b64encode(one.der).decode("ascii") for one in chain[:_LONGEST]]}).encode()
    if read_regular(path, max_bytes=_MAX_BYTES) != data:
        make_folder(folder)
        write_atomic(path, data, mode=0o644)


def kept_chains(home: Path) -> Iterator[Certificate]:
    """Yield what was kept, believing nothing; what cannot be read is none, and comes again with the next token."""
    for path in sorted((home / CACHE / _FOLDER).glob("[!.]*.json")):
        try:
            texts = json.loads(read_regular(path, max_bytes=_MAX_BYTES) or b"")["certificates"]
            yield from [load_loose(base64.b64decode(text)).certificate for text in texts[:_LONGEST]]
        except (EngineError, ValueError, KeyError, TypeError, RecursionError):
            continue
