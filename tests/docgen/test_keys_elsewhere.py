"""Issuing with a key on a token: what the token refuses is not issued and uses nothing up, and a retry succeeds."""

from __future__ import annotations

import multiprocessing
import threading
from pathlib import Path
from typing import Any

import pytest

import docgen
from certs.home import Home
from certs.key_reference import open_reference
from certs.pkcs11_make import make_key
from codes.errors import EngineError
from docgen.issuing import issuer_of
from docgen.ledger import Ledger
from tests.docgen.records import record
from tests.support.bounds import not_hanging
from tests.support.demo_home import own_home
from tests.support.other_keys import use_reference
from tests.support.soft_tokens import SoftToken, SoftTokens, forget
from verify import verify
from verify.model import Verdict

__all__ = ["own_home"]

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def token(soft_tokens: SoftTokens, own_home: Home, tmp_path: Path) -> SoftToken:
    """A token with the PDF key of the authority."""
    made = soft_tokens.make()
    reference = make_key(made.reference(), tmp_path, "pdf")
    use_reference(own_home, "pdf", open_reference(reference, tmp_path), reference)
    return made


def genuine(home: Home, sequence: int) -> bool:
    issued = docgen.issue(record(sequence), home=home)
    return all(verify(data, trust=home.trust_dir, name=name).verdict is Verdict.VALID
               for data, name in ((issued.ofd, "a.ofd"), (issued.pdf, "a.pdf")))


def used(home: Home) -> int:
    return sum(Ledger(home.issued_dir).used().values())


@pytest.mark.parametrize("opened", [False, True], ids=["before the first licence", "between two licences"])
def test_a_token_that_is_away_uses_nothing_up(own_home: Home, token: SoftToken, opened: bool) -> None:
    before = 1 if opened and genuine(own_home, 90001) else 0
    token.pull()
    for _ in range(2):
        with pytest.raises(EngineError) as raised:
            docgen.issue(record(90002), home=own_home)
        assert raised.value.code.value in ("token.removed", "token.not-found")
    assert used(own_home) == before
    token.put_back()
    assert genuine(own_home, 90002) and used(own_home) == before + 1


def test_a_wrong_pin_stops_every_licence_and_is_tried_once(own_home: Home, token: SoftToken) -> None:
    forget(token.module)
    token.write_pin("000000")
    codes = []
    for _ in range(5):
        with pytest.raises(EngineError) as raised:
            docgen.issue(record(90001), home=own_home)
        codes.append(raised.value.code.value)
    assert codes == ["pin.wrong"] + ["pin.known-wrong"] * 4 and used(own_home) == 0
    token.write_pin(token.pin)
    assert genuine(own_home, 90001)


def _issue(home: Home, sequence: int, answers: Any) -> None:
    answers.put(genuine(home, sequence))


def test_threads_and_forked_workers_issue_with_one_opened_home(own_home: Home, token: SoftToken) -> None:
    issuer_of(own_home)
    assert genuine(own_home, 90001)
    answers: Any = FORK.Queue()
    workers = [*(FORK.Process(target=_issue, args=(own_home, 90010 + number, answers)) for number in range(2)),
               *(threading.Thread(target=_issue, args=(own_home, 90020 + number, answers)) for number in range(2))]
    with not_hanging():
        for worker in workers:
            worker.start()
        assert [answers.get() for _ in workers] == [True] * 4
        for worker in workers:
            worker.join()
    assert used(own_home) == 5
