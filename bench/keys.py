"""Signatures and licences a second with each place where keys live: files, a token (SoftHSM2), a signer process.

A signer checks the approval and has each use on the disk before its signature leaves; the others do neither.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docgen
from certs import rsa
from certs.home import Home
from certs.key_reference import open_key, open_reference, reference_bytes
from certs.keystore import seal_key
from certs.pkcs11_make import make_key
from certs.sm3 import sm3
from certs.x509 import Certificate
from layouts import resource
from tests.signer.messages import attributes, to_sign
from tests.signer.processes import SETTINGS as SIGNER_SETTINGS
from tests.signer.processes import approval_id, issuing_home, key_name, running
from tests.support.other_keys import certificate_for, put_key
from tests.support.soft_tokens import find_module, soft_tokens

__all__ = ["measure_keys"]

_RSA_BITS = 3072


def _line(what: str, count: int, spent_s: float) -> None:
    print(f"  {what:<50}{count / spent_s:8.1f} /s{spent_s / count * 1000:8.2f} ms", flush=True)


def _signatures(what: str, sign: Callable[[bytes], object], messages: list[bytes]) -> None:
    sign(messages[0])
    start = time.perf_counter()
    for message in messages[1:]:
        sign(message)
    _line(what, len(messages) - 1, time.perf_counter() - start)


def _licences(what: str, home: Home, count: int, numbers: Iterator[int]) -> None:
    base = docgen.read_record(resource("K0", "samples/example-1.json"))
    issuer, records = docgen.Issuer(home), []
    for _ in range(count + 2):
        text = f"1401001320259{next(numbers):04d}"
        records.append({**base, "许可证编号": text, "二维码": f"https://lookup.example.invalid/l/{text}"})
    for record in records[:2]:
        issuer.issue(record)
    start = time.perf_counter()
    for record in records[2:]:
        issuer.issue(record)
    _line(what, count, time.perf_counter() - start)


def _copy(home: Path, to: Path) -> Path:
    shutil.copytree(home, to, ignore=shutil.ignore_patterns("issued", "stamped"))
    return to


@contextmanager
def _signer(home: Path, folder: Path, cores: Collection[int]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Run a signer over a copy of the home, on all cores; gives its home and how it is reached."""
    keys = _copy(home, folder / "signer")
    (keys / "signer.toml").write_text(SIGNER_SETTINGS, encoding="utf-8")
    place = folder / "signer.sock"
    with running(keys, "--socket", place) as signer:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(signer.process.pid, cores)
        yield keys, {"address": f"unix:{place}"}


def measure_keys(home: Path, folder: Path, cores: Collection[int], *, count: int) -> None:
    """Print what each place of keys does in a second.

    Args:
        home: a demo home; folder: where copies of it lie.
        cores: those that a signer may use; this process stays where it is.
    """
    folder.mkdir()
    print("\nkeys: signatures a second on one core, then whole licences with keys there")
    pdf_messages = [attributes(_certificate(home, "pdf"), digest=sm3(b"%d" % number)) for number in range(count + 1)]
    opened = Home.open(home, environ={})
    for role, what in (("sealing", "file, SM2 (seal)"), ("pdf", "file, P-256 (PDF)")):
        key = open_key(home / "authorities" / Path(key_name(home, role)).parent, role, opened.password)
        _signatures(what, key.sign, pdf_messages)
    _signatures(f"file, RSA {_RSA_BITS} (PDF)", rsa.PrivateKey.generate(_RSA_BITS).sign, pdf_messages)
    numbers = iter(range(1, 9999))
    with _signer(home, folder, cores) as (keys, where):
        approval = approval_id(keys)
        sealing = [to_sign(keys, number) for number in range(count + 1)]
        for role, messages, what in (("sealing", sealing, "signer, SM2 (seal), counted"),
                                     ("pdf", pdf_messages, "signer, P-256 (PDF), counted")):
            key = open_reference({"store": "signer", **where, "key": key_name(keys, role)}, keys)
            _signatures(what, lambda message, key=key: key.sign(message, approval=approval), messages)  # type: ignore[misc]
        _licences("licences, keys in files", Home.open(_copy(home, folder / "files"), environ={}), count, numbers)
        _licences("licences, no key but a signer's", issuing_home(folder / "issuing", keys, where), count, numbers)
    _with_token(home, folder, pdf_messages, count, numbers)


def _with_token(home: Path, folder: Path, messages: list[bytes], count: int, numbers: Iterator[int]) -> None:
    """Measure the PDF key on a token, and in a file as RSA beside it."""
    module = find_module()
    if module is None:
        print("  SoftHSM2 is not installed: tokens are left out")
        return
    (folder / "tokens-of-bench").mkdir()
    with soft_tokens(folder / "tokens-of-bench", module) as tokens:
        for bits, name in ((None, "P-256"), (_RSA_BITS, f"RSA {_RSA_BITS}")):
            token = tokens.make()
            reference = make_key(token.reference(), folder, "pdf", rsa_bits=bits)
            key = open_reference(reference, folder)
            _signatures(f"token, {name} (PDF)", key.sign, messages)
            own = Home.open(_copy(home, folder / f"token-{name}"), environ={})
            _put(own, certificate_for(own, "pdf", key, datetime.now(UTC)), reference_bytes(reference))
            _licences(f"licences, PDF key on a token, {name}", own, count, numbers)
    own = Home.open(_copy(home, folder / "rsa"), environ={})
    rsa_key = rsa.PrivateKey.generate(_RSA_BITS)
    _put(own, certificate_for(own, "pdf", rsa_key), seal_key(rsa_key, own.password()))
    _licences(f"licences, keys in files, PDF key RSA {_RSA_BITS}", own, count, numbers)


def _put(home: Home, certificate: Certificate, file: bytes) -> None:
    put_key(home.path / "authorities" / Path(key_name(home.path, "pdf")).parent, "pdf", certificate, file)


def _certificate(home: Path, role: str) -> Certificate:
    return Certificate.load((home / "authorities" / key_name(home, f"{role}.cer")).read_bytes())
