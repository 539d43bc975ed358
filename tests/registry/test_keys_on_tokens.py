"""Rotation where keys live elsewhere: the new key of a seal is made where the one before it is."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import docgen
from certs import files, sm2
from certs.home import Home
from certs.key_reference import open_reference
from certs.keystore import load_key
from certs.pkcs11_make import make_key
from certs.seal_folder import seal_folders
from cli.actor_keys import actor_signer
from registry.publication import LONGEST, publish, status_signer
from registry.rotation import RotationState
from tests.docgen.records import record
from tests.support.demo_home import CITY
from tests.support.falling import fall_at
from tests.support.other_keys import use_reference
from tests.support.rotations import NOW, START, Aged, aged_home
from tests.support.sdf_standin import Device, sdf_device
from tests.support.signing_service import signing_service
from tests.support.soft_tokens import SoftToken, SoftTokens, forget
from verify import verify
from verify.model import Verdict

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def aged(tmp_path: Path) -> Iterator[Aged]:
    """A home whose seals end in twenty days."""
    opened = Aged.open(aged_home(tmp_path / "home"))
    yield opened
    opened.registry.close()


@pytest.fixture(params=[None, 2048], ids=["P-256", "RSA"])
def token(request: pytest.FixtureRequest, soft_tokens: SoftTokens, aged: Aged, tmp_path: Path) -> SoftToken:
    """A token with the PDF key of the city's authority."""
    made = soft_tokens.make()
    reference = make_key(made.reference(), tmp_path, "the first", rsa_bits=request.param)
    use_reference(aged.home(), "pdf", open_reference(reference, tmp_path), reference, NOW)
    return made


def test_the_new_key_is_made_on_the_token_of_the_old_one(aged: Aged, token: SoftToken) -> None:
    rotation = aged.rotate(codes=[CITY[0]])[CITY[0]]
    assert (rotation.state, rotation.error) == (RotationState.ROTATED, None)
    folders = {folder.name: folder for folder in seal_folders(aged.path / "authorities" / CITY[0])}
    old, new = (json.loads((folders[str(one)] / "pdf.key.json").read_bytes())
                for one in (rotation.due.seal_id, rotation.seal_id))
    assert old["token"] == new["token"] and old["id"] != new["id"] and old["public_key"] != new["public_key"]
    assert sorted(path.name for path in folders[str(rotation.seal_id)].iterdir() if "key" in path.name) == [
        "data.key", "pdf.key.json", "sealing.key"]
    assert token.keys() == 2
    for sequence, moment in ((90001, NOW), (90003, START)):
        issued = docgen.issue(record(sequence), home=Home.open(aged.path, environ={}, clock=lambda at=moment: at))
        for data in (issued.ofd, issued.pdf):
            report = verify(data, trust=aged.home().trust_dir, at=moment, clock_now=moment)
            assert report.verdict is Verdict.VALID, [reason.code for reason in report.reasons]


def _fall(path: Path, step: int) -> None:
    opened = Aged.open(path)
    fall_at(step, (files, "write_atomic"), (__import__("certs.key_reference").key_reference, "write_atomic"))
    opened.rotate(codes=[CITY[0]])


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_rotation_that_dies_leaves_no_key_behind(aged: Aged, token: SoftToken, step: int) -> None:
    child = FORK.Process(target=_fall, args=(aged.path, step))
    child.start()
    child.join()
    rotation = aged.rotate(codes=[CITY[0]])[CITY[0]]
    assert (rotation.state, rotation.error) == (RotationState.ROTATED, None)
    forget(token.module)
    assert token.keys() == 2


def _pull(token: SoftToken) -> None:
    token.pull()


def _wrong_pin(token: SoftToken) -> None:
    forget(token.module)
    token.write_pin("000000")


@pytest.mark.parametrize(("harm", "codes"), [
    (_pull, {"token.removed", "token.not-found"}), (_wrong_pin, {"pin.wrong"})])
def test_a_token_that_cannot_be_used_stops_its_own_rotation_alone(
    aged: Aged, token: SoftToken, harm: Callable[[SoftToken], None], codes: set[str],
) -> None:
    harm(token)
    results = aged.rotate()
    city = results.pop(CITY[0])
    assert city.error is not None and city.error.code.value in codes
    assert {one.state for one in results.values()} == {RotationState.ROTATED}
    if harm is _pull:
        token.put_back()
    else:
        token.write_pin(token.pin)
    again = aged.rotate(codes=[CITY[0]])[CITY[0]]
    assert (again.state, again.error) == (RotationState.ROTATED, None) and token.keys() == 2


@pytest.fixture
def device(tmp_path: Path, compiler: str) -> Iterator[Device]:
    """A device with two keys."""
    with sdf_device(tmp_path) as made:
        made.write_pin("Password1")
        yield made


def test_keys_that_their_device_makes_are_waited_for(aged: Aged, device: Device) -> None:
    for index, role in ((1, "sealing"), (2, "data"), (3, "sealing"), (4, "data")):
        key = sm2.PrivateKey.generate()
        device.put(index, key, "Password1")
        if index == 2:
            use_reference(aged.home(), role, key, device.reference(index), NOW)
    first = aged.rotate(codes=[CITY[0]])[CITY[0]]
    assert first.error is not None and first.error.code.value == "key-reference.cannot-make"
    path = Path(first.error.facts["path"])
    assert path.parent.name.startswith(".renewal-") and path.name == "data.key.json"
    path.write_text(json.dumps(device.reference(4)))
    path.chmod(0o600)
    again = aged.rotate(codes=[CITY[0]])[CITY[0]]
    assert (again.state, again.error) == (RotationState.ROTATED, None)
    issued = docgen.issue(record(90003), home=Home.open(aged.path, environ={}, clock=lambda: START))
    assert verify(issued.ofd, trust=aged.home().trust_dir, at=START, clock_now=START).verdict is Verdict.VALID


def test_a_seal_in_a_device_seals(aged: Aged, device: Device) -> None:
    """The keys of a seal that is in use move from files into a device; all three are used under an approval."""
    home = aged.home()
    folder = seal_folders(aged.path / "authorities" / CITY[0])[0]
    authority = home.authority(*CITY, NOW)
    keys: dict[str, Any] = {"sealing": authority.sealing_signer, "data": authority.data_signer}
    for index, (role, signer) in enumerate(keys.items(), 1):
        device.put(index, signer._key, "Password1")
        refer(folder, role, device.reference(index))
    issued = docgen.issue(record(90001), home=Home.open(aged.path, environ={}, clock=lambda: NOW))
    assert verify(issued.ofd, trust=home.trust_dir, at=NOW, clock_now=NOW).verdict is Verdict.VALID
    assert device.count("SDF_InternalSign_ECC.calls") == 2


def test_keys_of_services_and_persons_may_be_elsewhere_too(aged: Aged, device: Device, tmp_path: Path) -> None:
    home, applicant = aged.home(), aged.path / "actors" / f"{CITY[0]}-applicant"
    with signing_service(tmp_path) as service:
        status = load_key(aged.path / "status" / "status.key", home.password())
        service.keys["status"] = status
        refer(aged.path / "status", "status", service.reference("status"))
        publish(aged.registry, signer=status_signer(home), valid_for=LONGEST)
        assert [one["key"] for one in service.asked] == ["status"]
    device.put(7, load_key(applicant / "actor.key", home.password()), "Password1")  # type: ignore[arg-type]
    refer(applicant, "actor", device.reference(7))
    signer = actor_signer(applicant, home=aged.path, environ={})
    assert signer.certificate.verify(b"message", signer.sign(b"message"), signer.algorithm)


def refer(folder: Path, role: str, reference: dict[str, Any]) -> None:
    """Put a reference in the place of a key file."""
    (folder / f"{role}.key").unlink()
    path = folder / f"{role}.key.json"
    path.write_text(json.dumps(reference))
    path.chmod(0o600)
