"""The page as it runs: one server over HTTP for all tests of the service, and the demonstration's trust folder."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn

from service.admission import Admission
from service.serving import configured
from service.verifier import verifier_app
from tests.support.demo_home import shared_home
from tests.support.ports import kept_port
from verify.contained import Verifiers


@dataclass(frozen=True)
class Site:
    """A running page."""

    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


@contextlib.contextmanager
def running(verifiers: Verifiers, **options: Any) -> Iterator[Site]:
    """Serve the page as the command does."""
    app = verifier_app(verifiers, hosts=("127.0.0.1", "localhost"), **options)
    with kept_port() as port:
        server = uvicorn.Server(configured(app, host="127.0.0.1", port=port))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.02)
        try:
            yield Site("127.0.0.1", port)
        finally:
            server.should_exit = True
            thread.join(timeout=60)


@pytest.fixture(scope="session")
def verifiers() -> Iterator[Verifiers]:
    with Verifiers(trust=shared_home().path / "trust", children=2) as made:
        yield made


@pytest.fixture(scope="session")
def site(verifiers: Verifiers) -> Iterator[Site]:
    with running(verifiers, admission=Admission(requests=6)) as made:
        yield made
