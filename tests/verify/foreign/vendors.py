"""OFD files as other writers make them: built from text, in the shapes that occur, and sealed with ``certs`` alone.

Nothing here asks the verifier's readers or our own writer. ``plain`` is a document with everything that may ride in
one; ``sealed`` adds one more signature to whatever is there; ``shaped`` writes it another way before it is sealed.
"""

from __future__ import annotations

import base64
import datetime as dt
import functools
import io
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from certs import ses_build
from certs.authority import Authority
from certs.sm3 import sm3
from tests.support.demo_home import CITY, imprint, shared_home
from tests.verify.archives import archive, item
from verify import verify
from verify.report import Report

Entries = dict[str, bytes]
DOC, PAGE, PAGE_2 = "Doc_0/Document.xml", "Doc_0/Pages/Page_0/Content.xml", "Doc_0/Pages/Page_1/Content.xml"
PUBLIC, OWN_RES = "Doc_0/PublicRes.xml", "Doc_0/DocumentRes.xml"
TEMPLATE, FONT, IMAGE = "Doc_0/Tpls/Tpl_0/Content.xml", "Doc_0/Res/font_0.ttf", "Doc_0/Res/image_0.png"
ANNOTS, ANNOT = "Doc_0/Annots/Annotations.xml", "Doc_0/Annots/Page_0/Annotation.xml"
ATTACHS, HIDDEN, SHOWN = "Doc_0/Attachs/Attachments.xml", "Doc_0/Attachs/data.xml", "Doc_0/Attachs/annex.pdf"
TAGS, TAG = "Doc_0/Tags/CustomTags.xml", "Doc_0/Tags/Tag.xml"
SIGNS = "Doc_0/Signs/Signatures.xml"
NAMESPACE = 'xmlns:ofd="http://www.ofdspec.org/2016"'
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def sign_folder(number: int = 0) -> str:
    """Folder of the signature with this number."""
    return f"Doc_0/Signs/Sign_{number}/"


SIGNATURE, VALUE, SEAL = (sign_folder() + name for name in ("Signature.xml", "SignedValue.dat", "Seal.esl"))


def xml(text: str) -> bytes:
    """A file of the format: the name space goes into its root element."""
    name, _, rest = text.partition(">")
    if name.endswith("/"):
        return f"{HEAD}{name[:-1]} {NAMESPACE}/>{rest}".encode()
    return f"{HEAD}{name} {NAMESPACE}>{rest}".encode()


@functools.cache
def _plain() -> tuple[tuple[str, bytes], ...]:
    page = ('<ofd:Page><ofd:Template TemplateID="2" ZOrder="Background"/><ofd:Area><ofd:PhysicalBox>0 0 210 297'
            '</ofd:PhysicalBox></ofd:Area><ofd:Content><ofd:Layer Type="Body" ID="20">'
            '<ofd:TextObject ID="21" Boundary="20 20 100 8" Font="3" Size="5"><ofd:TextCode X="0" Y="5" '
            'DeltaX="g 3 5 5.5">测试合同第一页</ofd:TextCode></ofd:TextObject>'
            '<ofd:PathObject ID="22" Boundary="20 40 50 10" LineWidth="0.3"><ofd:AbbreviatedData>M 0 0 L 50 0 Q 1 1 '
            '2 2 B 1 1 2 2 3 3 A 1 1 0 0 1 5 5 C</ofd:AbbreviatedData></ofd:PathObject>'
            '<ofd:ImageObject ID="23" Boundary="30 100 40 40" CTM="40 0 0 40 0 0" ResourceID="5"/>'
            '</ofd:Layer></ofd:Content></ofd:Page>')
    files = {
        "OFD.xml": '<ofd:OFD Version="1.1" DocType="OFD"><ofd:DocBody><ofd:DocInfo><ofd:DocID>'
                   '44b2c6b6ee0f4a2cbbcc3b2e5a0c1d22</ofd:DocID><ofd:Title>合同</ofd:Title></ofd:DocInfo>'
                   '<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>',
        DOC: '<ofd:Document><ofd:CommonData><ofd:MaxUnitID>90</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>0 0 210 '
             '297</ofd:PhysicalBox></ofd:PageArea><ofd:PublicRes>PublicRes.xml</ofd:PublicRes><ofd:DocumentRes>'
             'DocumentRes.xml</ofd:DocumentRes><ofd:TemplatePage ID="2" Name="底" BaseLoc="Tpls/Tpl_0/Content.xml"/>'
             '</ofd:CommonData><ofd:Pages><ofd:Page ID="10" BaseLoc="Pages/Page_0/Content.xml"/><ofd:Page ID="11" '
             'BaseLoc="Pages/Page_1/Content.xml"/></ofd:Pages><ofd:Annotations>Annots/Annotations.xml'
             '</ofd:Annotations><ofd:CustomTags>Tags/CustomTags.xml</ofd:CustomTags><ofd:Attachments>'
             'Attachs/Attachments.xml</ofd:Attachments></ofd:Document>',
        PUBLIC: '<ofd:Res BaseLoc="Res"><ofd:Fonts><ofd:Font ID="3" FontName="宋体"><ofd:FontFile>font_0.ttf'
                '</ofd:FontFile></ofd:Font></ofd:Fonts></ofd:Res>',
        OWN_RES: '<ofd:Res BaseLoc="Res"><ofd:MultiMedias><ofd:MultiMedia ID="5" Type="Image" Format="PNG">'
                 '<ofd:MediaFile>image_0.png</ofd:MediaFile></ofd:MultiMedia></ofd:MultiMedias></ofd:Res>',
        PAGE: page, PAGE_2: page.replace("第一页", "第二页").replace('<ofd:Template TemplateID="2" '
                                                                   'ZOrder="Background"/>', ""),
        TEMPLATE: '<ofd:Page><ofd:Content><ofd:Layer ID="30"><ofd:PathObject ID="31" Boundary="0 0 210 297">'
                  '<ofd:AbbreviatedData>M 0 0 L 210 297</ofd:AbbreviatedData></ofd:PathObject></ofd:Layer>'
                  '</ofd:Content></ofd:Page>',
        ANNOTS: '<ofd:Annotations><ofd:Page PageID="10"><ofd:FileLoc>Page_0/Annotation.xml</ofd:FileLoc></ofd:Page>'
                '</ofd:Annotations>',
        ANNOT: '<ofd:PageAnnot><ofd:Annot ID="40" Type="Highlight" Creator="甲" LastModDate="2026-01-01">'
               '<ofd:Appearance Boundary="50 60 70 8"><ofd:PathObject ID="41" Boundary="0 0 70 8">'
               '<ofd:AbbreviatedData>M 0 0 L 70 8</ofd:AbbreviatedData></ofd:PathObject></ofd:Appearance></ofd:Annot>'
               '</ofd:PageAnnot>',
        ATTACHS: '<ofd:Attachments><ofd:Attachment ID="1" Name="数据" Format="xml" Visible="false"><ofd:FileLoc>'
                 'data.xml</ofd:FileLoc></ofd:Attachment><ofd:Attachment ID="2" Name="附件" Format="pdf">'
                 '<ofd:FileLoc>annex.pdf</ofd:FileLoc></ofd:Attachment></ofd:Attachments>',
        TAGS: '<ofd:CustomTags><ofd:CustomTag TypeID="1"><ofd:FileLoc>Tag.xml</ofd:FileLoc></ofd:CustomTag>'
              '</ofd:CustomTags>',
    }
    raw = {FONT: b"\0\1\0\0 a font", IMAGE: imprint(CITY[1], 42), HIDDEN: b"<data>1</data>", SHOWN: b"%PDF-1.4 annex",
           TAG: b'<?xml version="1.0"?><:Root xmlns:=""/>'}
    return tuple({**{name: xml(text) for name, text in files.items()}, **raw}.items())


def plain() -> Entries:
    """The document without a signature."""
    return dict(_plain())


def swapped(parts: Mapping[str, bytes], name: str, old: str, new: str) -> Entries:
    """A piece of text exchanged in one entry."""
    after = parts[name].replace(old.encode(), new.encode())
    assert after != parts[name], f"{name} was not changed"
    return {**parts, name: after}


def acting(action: str, event: str = "CLICK") -> str:
    """A piece of XML with one action."""
    return f'<ofd:Actions><ofd:Action Event="{event}">{action}</ofd:Action></ofd:Actions>'


@dataclass(frozen=True)
class Signing:
    """How one more signature is written; by default as the standard says, over everything but the list."""

    authority: Callable[[], Authority] = lambda: shared_home().authority(*CITY)
    covers: Callable[[list[str]], Iterable[str]] = lambda names: [name for name in names if name != SIGNS]
    method: str | None = "1.2.156.10197.1.401"
    digest: Callable[[bytes], bytes] = sm3
    kind: str = 'Type="Seal" '
    id: str = ""
    time: str = "%Y-%m-%d %H:%M:%S"
    info: str = ""
    reference: Callable[[str], str] = lambda name: "/" + name
    seal_file: bool = True
    stamps: str = '<ofd:StampAnnot ID="1" PageRef="10" Boundary="140 220 42 42"/>'
    edit: Callable[[bytes], bytes] = lambda data: data
    edit_seal: Callable[[bytes], bytes] = lambda data: data
    value_name: str = "SignedValue.dat"
    style: Callable[[bytes], bytes] = lambda data: data
    value: Callable[[bytes], bytes] | None = None        # Signature.xml → the signature value of another writer


def sealed(parts: Mapping[str, bytes] | None = None, how: Signing | None = None, **changes: object) -> Entries:
    """The document with one more signature."""
    how = replace(how or Signing(), **changes)  # type: ignore[arg-type]
    made = dict(plain() if parts is None else parts)
    number = sum(name.endswith("/Signature.xml") for name in made)
    folder, authority = sign_folder(number), how.authority()
    identifier = how.id or str(number + 1)
    line = f'<ofd:Signature ID="{identifier}" {how.kind}BaseLoc="Sign_{number}/Signature.xml"/>'
    if SIGNS in made:
        made[SIGNS] = made[SIGNS].replace(b"</ofd:Signatures>", f"{line}</ofd:Signatures>".encode())
    else:
        made[SIGNS] = xml(f"<ofd:Signatures><ofd:MaxSignId>{identifier}</ofd:MaxSignId>{line}</ofd:Signatures>")
        made["OFD.xml"] = made["OFD.xml"].replace(
            b"</ofd:DocRoot>", b"</ofd:DocRoot><ofd:Signatures>Doc_0/Signs/Signatures.xml</ofd:Signatures>", 1)
    made = shaped(made, how.style)
    seal = authority.seal.seal
    if how.seal_file:
        made[folder + "Seal.esl"] = how.edit_seal(seal.der)
    moment = dt.datetime.now(dt.UTC).replace(microsecond=0)
    references = "".join(
        f'<ofd:Reference FileRef="{how.reference(name)}"><ofd:CheckValue>'
        f"{base64.b64encode(how.digest(made.get(name, b''))).decode()}</ofd:CheckValue></ofd:Reference>"
        for name in how.covers(list(made)))
    method = "" if how.method is None else f' CheckMethod="{how.method}"'
    beside = f"<ofd:Seal><ofd:BaseLoc>/{folder}Seal.esl</ofd:BaseLoc></ofd:Seal>" if how.seal_file else ""
    made[folder + "Signature.xml"] = how.edit(how.style(xml(
        '<ofd:Signature><ofd:SignedInfo><ofd:Provider ProviderName="厂商" Company="厂商" Version="1" Extra="x"/>'
        '<ofd:SignatureMethod>1.2.156.10197.1.501</ofd:SignatureMethod><ofd:SignatureDateTime>'
        f"{(moment + dt.timedelta(hours=8)).strftime(how.time)}</ofd:SignatureDateTime><ofd:References{method}>"
        f"{references}</ofd:References>{how.stamps}{beside}</ofd:SignedInfo><ofd:SignedValue>/{folder}{how.value_name}"
        "</ofd:SignedValue></ofd:Signature>")))
    if how.value is not None:
        return {**made, folder + how.value_name: how.value(made[folder + "Signature.xml"])}
    to_sign = ses_build.build_to_sign(seal=seal, signed_at=moment, data_hash=sm3(made[folder + "Signature.xml"]),
                                      property_info=how.info or f"/{folder}Signature.xml")
    signer = authority.sealing_signer
    made[folder + how.value_name] = ses_build.assemble_signature(
        to_sign, signer.certificate.der, signer.sign(to_sign)).der
    return made


def pack(parts: Mapping[str, bytes]) -> bytes:
    """An archive in its plainest form."""
    return archive([item(name, data) for name, data in parts.items()])


def zipped(parts: Mapping[str, bytes], *, folders: bool = False, comment: bytes = b"") -> bytes:
    """An archive as the standard library writes it, names in reverse order, some stored."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as opened:
        if folders:
            for folder in sorted({name.rpartition("/")[0] for name in parts} - {""}):
                opened.writestr(folder + "/", b"")
        for number, name in enumerate(reversed(list(parts))):
            opened.writestr(name, parts[name], zipfile.ZIP_STORED if number % 2 else zipfile.ZIP_DEFLATED)
        opened.comment = comment
    return buffer.getvalue()


def shaped(parts: Mapping[str, bytes], change: Callable[[bytes], bytes]) -> Entries:
    """Every XML file of the format written another way."""
    return {name: change(data) if NAMESPACE.encode() in data else data for name, data in parts.items()}


def check(data: bytes, **options: object) -> Report:
    """Verify against the shared demo trust."""
    options.setdefault("trust", shared_home().trust())
    return verify(data, **options)  # type: ignore[arg-type]


def codes(report: Report) -> set[str]:
    """All reason codes of a report."""
    return {reason.code for reason in report.reasons}


def weighing(report: Report) -> set[str]:
    """The codes that keep a report from being good."""
    return {reason.code for reason in report.reasons if report.weighs(reason)}
