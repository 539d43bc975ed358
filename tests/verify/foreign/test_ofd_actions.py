"""Actions of signed OFD files: wherever they stand they are told, and what they open is no harmless part."""

from __future__ import annotations

import pytest

from tests.verify.foreign.vendors import (
    ANNOT,
    DOC,
    HIDDEN,
    OWN_RES,
    PAGE,
    PUBLIC,
    SIGNS,
    TEMPLATE,
    Entries,
    acting,
    check,
    pack,
    plain,
    sealed,
    swapped,
    weighing,
)
from verify.model import Severity, Verdict
from verify.report import Report

OPENING = '<ofd:GotoA AttachID="1" NewWindow="true"/>'
FILM = "Doc_0/Res/film.mp4"
COMPOSITE = ('<ofd:CompositeGraphicUnits><ofd:CompositeGraphicUnit ID="7" Width="9" Height="9"><ofd:Content>'
             '<ofd:PathObject ID="8" Boundary="0 0 9 9">{}<ofd:AbbreviatedData>M 0 0 L 9 9</ofd:AbbreviatedData>'
             "</ofd:PathObject></ofd:Content></ofd:CompositeGraphicUnit></ofd:CompositeGraphicUnits>")
PLACES = {
    "document": lambda act: swapped(plain(), DOC, "</ofd:Pages>", "</ofd:Pages>" + acting(act, "DO")),
    "outline": lambda act: swapped(
        plain(), DOC, "</ofd:Pages>", '</ofd:Pages><ofd:Outlines><ofd:OutlineElem Title="a"><ofd:OutlineElem Title="b">'
        + acting(act) + "</ofd:OutlineElem></ofd:OutlineElem></ofd:Outlines>"),
    "page": lambda act: swapped(plain(), PAGE, "</ofd:Content>", "</ofd:Content>" + acting(act, "PO")),
    "object": lambda act: swapped(plain(), PAGE, '<ofd:AbbreviatedData>', acting(act) + "<ofd:AbbreviatedData>"),
    "object in blocks": lambda act: swapped(
        plain(), PAGE, '<ofd:PathObject ID="22"', '<ofd:PageBlock ID="50"><ofd:PageBlock ID="51"><ofd:PathObject '
        f'ID="52" Boundary="1 1 9 9">{acting(act)}</ofd:PathObject></ofd:PageBlock></ofd:PageBlock>'
        '<ofd:PathObject ID="22"'),
    "template": lambda act: swapped(plain(), TEMPLATE, "<ofd:AbbreviatedData>", acting(act) + "<ofd:AbbreviatedData>"),
    "annotation": lambda act: swapped(plain(), ANNOT, "<ofd:AbbreviatedData>", acting(act) + "<ofd:AbbreviatedData>"),
    "composite": lambda act: swapped(plain(), PUBLIC, "</ofd:Fonts>", "</ofd:Fonts>" + COMPOSITE.format(acting(act))),
}
ACTIONS = {
    "Goto": ('<ofd:Goto><ofd:Dest Type="XYZ" PageID="11"/></ofd:Goto>', "跳转", "going to a page"),
    "Goto a bookmark": ('<ofd:Goto><ofd:Bookmark Name="a"/></ofd:Goto>', "跳转", "going to a page"),
    "URI": ('<ofd:URI URI="http://a.example/"/>', "打开网址", "opening an address"),
    "GotoA": (OPENING, "打开附件", "opening an attachment"),
    "Sound": ('<ofd:Sound ResourceID="5"/>', "播放声音", "playing sound"),
    "Movie": ('<ofd:Movie ResourceID="5" Operator="Play"/>', "播放影像", "playing a film"),
    "another": ('<ofd:Region/><ofd:Script>x</ofd:Script>', "Script", "Script"),
}


def signed(parts: Entries, *loose: str) -> Report:
    """The report of a document whose seal protects everything but these."""
    return check(pack(sealed(parts, covers=lambda names: [name for name in names if name not in (SIGNS, *loose)])))


@pytest.mark.parametrize("place", PLACES)
def test_an_attachment_that_an_action_opens_is_no_hidden_one(place: str) -> None:
    parts = PLACES[place](OPENING)
    assert signed(parts).verdict is Verdict.VALID
    report = signed(parts, HIDDEN)
    assert report.verdict is Verdict.INDETERMINATE and weighing(report) == {"coverage.foreign"}
    (entry,) = [entry for entry in report.coverage.entries if entry.name == HIDDEN]
    assert (entry.part, entry.standing) == ("attachment", "picture")


@pytest.mark.parametrize("opening", [
    '<ofd:GotoA AttachID=" 1 "/>', '<ofd:GotoA AttachID="01"/>', "<ofd:GotoA/>",
    '<ofd:URI URI="Attachs/data.xml"/>', '<ofd:URI URI="/Doc_0/Attachs/data.xml#a"/>',
    '<ofd:URI Base="Attachs" URI="data.xml"/>'])
def test_what_a_reader_may_take_for_the_attachment_counts(opening: str) -> None:
    assert weighing(signed(PLACES["document"](opening), HIDDEN)) == {"coverage.foreign"}


def test_an_attachment_that_no_action_opens_stays_a_harmless_one() -> None:
    for opening in ('<ofd:GotoA AttachID="2"/>', '<ofd:URI URI="http://a.example/data.xml"/>', ACTIONS["Goto"][0]):
        report = signed(PLACES["page"](opening), HIDDEN)
        assert report.verdict is Verdict.VALID, weighing(report)


@pytest.mark.parametrize("kind", ["Sound", "Movie"])
def test_what_an_action_plays_is_no_harmless_part(kind: str) -> None:
    parts = swapped({**PLACES["page"](f'<ofd:{kind} ResourceID="6"/>'), FILM: b"film"}, OWN_RES, "</ofd:MultiMedias>",
                    '<ofd:MultiMedia ID="6" Type="Video"><ofd:MediaFile>film.mp4</ofd:MediaFile></ofd:MultiMedia>'
                    "</ofd:MultiMedias>")
    assert signed(parts).verdict is Verdict.VALID
    assert "coverage.foreign" in weighing(signed(parts, FILM))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", ACTIONS)
def test_every_action_is_told_with_its_kind(place: str, kind: str) -> None:
    action, zh, en = ACTIONS[kind]
    report = signed(PLACES[place](action))
    (told,) = [each for each in report.findings if each.reason.code == "form.actions"]
    assert told.severity is Severity.NOTE and zh in told.reason.zh and en in told.reason.en
    assert told.where in (DOC, PAGE, TEMPLATE, ANNOT, PUBLIC)


def test_a_document_without_actions_is_told_to_have_none() -> None:
    assert not [each for each in signed(plain()).findings if each.reason.code == "form.actions"]
