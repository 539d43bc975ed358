"""A demo home whose licences are timestamped by the demonstration's authority, both with one clock.

A test module imports the fixtures: ``from tests.support.stamping import authority, clock, own_home``.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import io
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from certs.config import store_config
from certs.home import Home
from certs.ses import SesSignature
from certs.sm3 import sm3
from certs.timestamp_token import TimestampToken
from docgen import Issued
from tests.support.authority import Authority, serving
from tests.support.demo_home import own_home
from verify.pdf_cms import read_cms

__all__ = ["VALUE", "Clock", "authority", "clock", "own_home", "stamping", "tokens"]

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


def tokens(issued: Issued) -> tuple[TimestampToken, TimestampToken]:
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
