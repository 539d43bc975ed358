"""Trusted time at issue: a token over each of the two signatures, and what becomes of a licence without one."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import docgen
from certs.config import store_config
from certs.home import Home
from certs.ses import SesSignature
from certs.sm3 import sm3
from certs.timestamp_token import TimestampToken
from certs.trust import Trust
from tests.docgen.records import record
from tests.support.authority import Authority, serving
from tests.support.demo_home import own_home
from verify import verify
from verify.pdf_cms import read_cms

__all__ = ["own_home"]

VALUE = "Doc_0/Signs/Sign_0/SignedValue.dat"


class Clock:
    """The present, of the home and of the services."""

    def __init__(self) -> None:
        self.now = dt.datetime.now(dt.UTC).replace(microsecond=0)

    def __call__(self) -> dt.datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def authority(own_home: Home, clock: Clock) -> Iterator[Authority]:
    with serving(own_home, clock=clock) as served:
        yield served


def stamping(home: Home, authority: Authority, clock: Clock, **settings: Any) -> Home:
    """The home with both services of the authority."""
    urls = (authority.tsa_url("sm2"), authority.tsa_url("p256"))
    store_config(home.path, dataclasses.replace(home.config, **{"tsa_urls": urls, **settings}))
    return Home.open(home.path, environ={}, clock=clock)


def tokens(issued: docgen.Issued) -> tuple[TimestampToken, TimestampToken]:
    """The token of the seal and of the PDF's signature, each over the signature beside it."""
    with zipfile.ZipFile(io.BytesIO(issued.ofd)) as archive:
        signature = SesSignature.parse(archive.read(VALUE), allow_timestamp=True)
    assert signature.timestamp is not None
    sealed = TimestampToken.parse(signature.timestamp)
    assert (sealed.imprint_algorithm, sealed.imprint) == ("sm3", sm3(signature.signature))
    start = issued.pdf.index(b"/Contents <") + 11
    cms = bytes.fromhex(issued.pdf[start:issued.pdf.index(b">", start)].decode())
    size = 4 + int.from_bytes(cms[2:4], "big")
    signed = read_cms(cms[:size], "")
    assert signed.timestamp is not None
    token = TimestampToken.parse(signed.timestamp)
    assert (token.imprint_algorithm, token.imprint) == ("sha256", hashlib.sha256(signed.signature).digest())
    return sealed, token


def test_both_signatures_carry_a_token_and_the_report_tells_the_proven_time(
        own_home: Home, authority: Authority, clock: Clock) -> None:
    home = stamping(own_home, authority, clock)
    issued = docgen.issue(record(), home=home)
    sealed, signed = tokens(issued)
    assert (sealed.signature_algorithm, signed.signature_algorithm) == ("sm2-sm3", "ecdsa-sha256")
    assert sealed.gen_time == signed.gen_time == clock.now
    trust = Trust.load(home.trust_dir)
    report = verify(issued.ofd, trust=trust, at=clock.now)
    assert report.verdict == "valid"
    assert [each.proven_at for each in report.signatures] == [clock.now] * len(report.signatures)
    assert verify(issued.pdf, trust=trust, at=clock.now).signatures[0].proven_at == clock.now
