"""What every test may ask for: the judges, and a plain word on what is missing without them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.interop.judges import CryptoJudge, FormJudge, judges_built

if TYPE_CHECKING:
    from tests.support.postgresql import Server
    from tests.support.soft_tokens import SoftTokens

# every run looks at the same examples, however slow the machine; --hypothesis-profile=search looks for others
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", parent=settings.get_profile("search"), derandomize=True)
settings.load_profile("same")

REQUIRE_JUDGES = os.environ.get("ZHENGYIN_REQUIRE_JUDGES") == "1"


def _missing(what: str, how: str) -> None:
    """Skip a test that needs ``what``; fail it where all judges are required."""
    message = f"{what} is missing: {how}"
    if REQUIRE_JUDGES:
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


@pytest.fixture(scope="session")
def form_judge() -> Iterator[FormJudge]:
    """veraPDF and ofdrw, in one Java process for the whole run."""
    if not judges_built("forms"):
        _missing("the judge of form (veraPDF, ofdrw)", "install a JDK 17 and Maven, then run make test")
    with FormJudge() as judge:
        yield judge


@pytest.fixture(scope="session")
def crypto_judge() -> Iterator[CryptoJudge]:
    """BouncyCastle, in one Java process for the whole run."""
    if not judges_built("crypto"):
        _missing("the judge of cryptography (BouncyCastle)", "install a JDK 17 and Maven, then run make test")
    with CryptoJudge() as judge:
        yield judge


@pytest.fixture(scope="session")
def poppler() -> None:
    """pdftotext and pdftoppm."""
    if not (shutil.which("pdftotext") and shutil.which("pdftoppm")):
        _missing("poppler (pdftotext, pdftoppm)", "install the package poppler-utils")


@pytest.fixture(scope="session")
def chromium() -> str:
    """A Chromium or Chrome."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not found:
        _missing("a browser (Chromium)", "install the package chromium")
    return found or ""


@pytest.fixture(scope="session")
def openssl() -> str:
    """The ``openssl`` command, version 3."""
    found = shutil.which("openssl")
    if not found:
        _missing("the openssl command", "install the package openssl")
    return found or ""


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server, one for the whole run."""
    from tests.support.postgresql import find_programs, server

    programs = find_programs()
    if programs is None:
        _missing("PostgreSQL", "install the package postgresql")
        return
    with server(programs) as running:
        yield running


@pytest.fixture(scope="session")
def soft_tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoftTokens]:
    """SoftHSM2, keeping its tokens in a folder of this run."""
    from tests.support.soft_tokens import find_module
    from tests.support.soft_tokens import soft_tokens as kept

    pytest.importorskip("pkcs11")
    module = find_module()
    if module is None:
        _missing("SoftHSM2", "install the package softhsm2")
        return
    with kept(tmp_path_factory.mktemp("softhsm"), module) as tokens:
        yield tokens


@pytest.fixture(scope="session")
def compiler() -> str:
    """A C compiler with OpenSSL's headers, for the devices that tests make themselves."""
    found = shutil.which("cc")
    if not found or not Path("/usr/include/openssl/evp.h").exists():
        _missing("a C compiler with OpenSSL's headers", "install the packages gcc and libssl-dev")
    return found or ""
