"""The OFD-A copy of a sealed package: what can still be read when nobody knows e-seals any more.

The signature is taken out and what it showed becomes page content; who sealed it, when, with which certificate, and the
digest of the sealed original stand in the document's own metadata instead. Data in XML stay attached, other attachments
are named with their digests and left out. Text, drawings, fonts and tags are byte for byte those of the original.

Source: GB/T 42133-2022 6.1, 6.2.1 a to e, 6.2.2 d, 6.2.3 d, 6.5, 6.11, 6.13.3, 6.15.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from lxml import etree

from archive.errors import ArchiveCode, ArchiveError
from certs.ses import SesSignature
from certs.sm3 import sm3
from certs.x509 import Certificate
from codes.china_time import CHINA_TIME
from codes.errors import EngineError
from docgen.ofd_xml import OFD_NS, add, box, micron, mm, to_bytes
from docgen.package import pack
from verify.ofd import read_signatures, resolve
from verify.reasons import Findings, Refusal
from verify.signature_xml import Stamp, read_signature_xml
from verify.zip import read_zip

__all__ = ["DOC_TYPE", "SEAL_NAME", "Sealed", "make_ofda", "read_seal"]

DOC_TYPE: Final = "OFD-A"
SEAL_NAME: Final = "Seal.png"
_KEPT: Final = frozenset({"xml", "txt"})
_LAYER: Final = "Foreground"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """The seal on a package as the archive tells of it."""

    stamps: tuple[Stamp, ...]
    folder: str                          # of the signature, with its slash
    listing: str                         # the entry with the list of signatures
    picture: bytes
    name: str
    seal_id: str
    signer: Certificate
    signed_at: dt.datetime
    digest: bytes                        # of Signature.xml, which holds those of all entries


def read_seal(entries: Mapping[str, bytes], package: bytes) -> Sealed:
    """Read the one seal of a package of ours that was found genuine.

    Raises:
        ArchiveError: ``archive.ofd-form``.
    """
    try:
        archive = read_zip(package)
        (listed,) = read_signatures(archive)
        described = read_signature_xml(archive, listed.path, Findings())
        signature = SesSignature.parse(entries[described.value_path], allow_timestamp=True)
        info = signature.seal.info
        return Sealed(
            stamps=described.stamps, folder=listed.path.rpartition("/")[0] + "/", listing=_text(
                etree.fromstring(entries["OFD.xml"]), "DocBody", "Signatures").lstrip("/"),
            picture=info.picture.data, name=info.name, seal_id=info.es_id,
            signer=Certificate.load(signature.certificate), signed_at=signature.signed_at,
            digest=sm3(described.data))
    except (Refusal, EngineError, ValueError, KeyError) as error:
        raise _unreadable(error) from error


def make_ofda(package: bytes, *, archived_on: dt.date, items: Iterable[tuple[str, str]]) -> bytes:
    """Return the OFD-A copy; the same arguments give the same bytes.

    Args:
        package: a sealed package of ours that was found genuine.
        items: what the archive says of it, by the names of DA/T 46, beside what the document says itself.

    Raises:
        ArchiveError: ``archive.ofd-form``.
    """
    try:
        entries = {name: entry.data for name, entry in read_zip(package).entries.items()}
        return _Copy(entries, read_seal(entries, package)).made(archived_on, tuple(items))
    except (Refusal, etree.LxmlError, KeyError, ValueError) as error:
        raise _unreadable(error) from error


class _Copy:
    """One copy in the making."""

    def __init__(self, entries: dict[str, bytes], sealed: Sealed) -> None:
        self.sealed = sealed
        gone = {sealed.listing}
        self.entries = {name: data for name, data in entries.items()
                        if name not in gone and not name.startswith(sealed.folder)}
        self.removed: list[tuple[str, str, bytes]] = []      # title, format, digest
        self.number = 0

    def made(self, archived_on: dt.date, items: tuple[tuple[str, str], ...]) -> bytes:
        """All parts, packed."""
        head = _parsed(self.entries["OFD.xml"])
        root = _text(head, "DocBody", "DocRoot").lstrip("/")
        document = _parsed(self.entries[root])
        self.number = int(_text(document, "CommonData", "MaxUnitID"))
        self._attachments(document, root)
        self._seals(document, root)
        self._head(head, archived_on, items)
        _only(document, "CommonData", "MaxUnitID").text = str(self.number)
        self.entries[root] = to_bytes(document)
        self.entries["OFD.xml"] = to_bytes(head)
        return pack(self.entries)

    def _next(self) -> str:
        self.number += 1
        return str(self.number)

    def _attachments(self, document: etree._Element, root: str) -> None:
        """Keep those that are text, name the others (6.15)."""
        element = document.find(_tag("Attachments"))
        if element is None or not element.text:
            return
        path = resolve(root, element.text)
        listing = _parsed(self.entries[path])
        for one in list(listing):
            place = resolve(path, _text(one, "FileLoc"))
            if (one.get("Format") or "").lower() in _KEPT:
                continue
            self.removed.append((one.get("Name") or place, one.get("Format") or "", sm3(self.entries.pop(place))))
            listing.remove(one)
        self.entries[path] = to_bytes(listing)

    def _seals(self, document: etree._Element, root: str) -> None:
        """What the seal showed becomes a picture in a layer of its own, on top (6.13.3 a 2)."""
        resources = resolve(root, _text(document, "CommonData", "DocumentRes"))
        res = _parsed(self.entries[resources])
        media = res.find(_tag("MultiMedias"))
        picture = self._next()
        one = add(add(res, "MultiMedias") if media is None else media, "MultiMedia",
                  {"ID": picture, "Type": "Image", "Format": "PNG"})
        add(one, "MediaFile", text=SEAL_NAME)
        folder = resolve(resources, (res.get("BaseLoc") or ".") + "/_").rpartition("/")[0]
        self.entries[resources] = to_bytes(res)
        self.entries[f"{folder}/{SEAL_NAME}"] = self.sealed.picture
        places = {page.get("ID"): resolve(root, page.get("BaseLoc") or "")
                  for page in document.iterfind(f"{_tag('Pages')}/{_tag('Page')}")}
        for page, place in places.items():
            stamps = [stamp for stamp in self.sealed.stamps if stamp.page == page]
            if stamps:
                content = _parsed(self.entries[place])
                layer = add(_only(content, "Content"), "Layer", {"Type": _LAYER, "ID": self._next()})
                for stamp in stamps:
                    self._stamp(layer, stamp, picture)
                self.entries[place] = to_bytes(content)

    def _stamp(self, layer: etree._Element, stamp: Stamp, picture: str) -> None:
        """One imprint; of one that is cut (骑缝章) the part that is seen, the picture moved behind it."""
        seen, whole = stamp.clip or stamp.place, stamp.place
        left, top = micron(whole.x_mm) - micron(seen.x_mm), micron(whole.y_mm) - micron(seen.y_mm)
        add(layer, "ImageObject", {
            "ID": self._next(),
            "Boundary": box(*map(micron, (seen.x_mm, seen.y_mm, seen.width_mm, seen.height_mm))),
            "CTM": f"{mm(micron(whole.width_mm))} 0 0 {mm(micron(whole.height_mm))} {mm(left)} {mm(top)}",
            "ResourceID": picture, "BlendMode": "Darken"})

    def _head(self, head: etree._Element, archived_on: dt.date, items: tuple[tuple[str, str], ...]) -> None:
        """OFD.xml: the type, no list of signatures, and what is known of the seal and of what was left out."""
        head.set("DocType", DOC_TYPE)
        body = _only(head, "DocBody")
        body.remove(_only(body, "Signatures"))
        info = _only(body, "DocInfo")
        _only(info, "ModDate").text = archived_on.isoformat()
        datas = info.find(_tag("CustomDatas"))
        if datas is None:
            datas = add(info, "CustomDatas")
        for name, value in (*items, *self._told()):
            add(datas, "CustomData", {"Name": name}, value)

    def _told(self) -> Iterable[tuple[str, str]]:
        sealed = self.sealed
        moment = sealed.signed_at.astimezone(CHINA_TIME)
        yield "签章人", sealed.name
        yield "印章标识", sealed.seal_id
        yield "签章证书", f"{sealed.signer.serial:x} sm3:{sealed.signer.fingerprint}"
        yield "签章时间", moment.isoformat()
        yield "签章摘要", f"sm3:{sealed.digest.hex()}"
        for title, form, digest in self.removed:
            yield "移出附件", f"{title} {form} sm3:{digest.hex()}"


def _tag(name: str) -> str:
    return f"{{{OFD_NS}}}{name}"


def _parsed(data: bytes) -> etree._Element:
    """An entry of a package that was found genuine: no document type, nothing from outside."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return etree.fromstring(data, parser)


def _only(element: etree._Element, *path: str) -> etree._Element:
    found = element.find("/".join(map(_tag, path)))
    if found is None:
        raise KeyError("/".join(path))
    return found


def _text(element: etree._Element, *path: str) -> str:
    return (_only(element, *path).text or "").strip()


def _unreadable(why: Exception) -> ArchiveError:
    return ArchiveError(
        ArchiveCode.OFD_FORM, f"OFD 的结构不能改写为 OFD-A（{why}），请先核验该文件",
        f"the OFD cannot be rewritten as OFD-A ({why}); verify the file first")
