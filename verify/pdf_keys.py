"""Which keys a dictionary of our renditions may have, and what a key that acts or hides is called.

A white list: a key that is not named here is a finding, whatever it does. Keys that are known to act, to
hide or to change the picture have their own code, so that the report says what was found.
"""

from __future__ import annotations

from typing import Final

from verify.pdf_objects import Object
from verify.pdf_reasons import PdfRefusal

__all__ = ["check_keys"]


def _keys(text: str) -> frozenset[str]:
    return frozenset(text.split())


_STREAM: Final = _keys("Length Filter")

_ALLOWED: Final = {
    "Catalog": _keys("Type Pages AcroForm Perms Metadata OutputIntents AF Names Lang MarkInfo PageMode "
                     "PageLayout ViewerPreferences Extensions"),
    "Extensions": _keys("ESIC ADBE ISO_"),
    "Extension": _keys("Type BaseVersion ExtensionLevel"),
    "Pages": _keys("Type Kids Count MediaBox"),
    "Page": _keys("Type Parent MediaBox CropBox TrimBox BleedBox ArtBox Rotate Resources Contents "
                  "Annots"),
    "Resources": _keys("Font XObject ExtGState ColorSpace ProcSet Shading"),
    "Shading": _keys("ShadingType ColorSpace Coords Function Extend"),
    "Interpolation": _keys("FunctionType Domain C0 C1 N"),
    "Stitching": _keys("FunctionType Domain Functions Bounds Encode"),
    "ExtGState": _keys("Type ca CA BM SMask AIS LW LC LJ ML D SA"),
    "Content": _STREAM,
    "Form": _STREAM | _keys("Type Subtype FormType BBox Matrix Resources Name"),
    "Image": _STREAM | _keys("Type Subtype Width Height ColorSpace BitsPerComponent SMask Interpolate Intent "
                             "DecodeParms Name"),
    "DecodeParms": _keys("Predictor Colors BitsPerComponent Columns"),
    "Type0": _keys("Type Subtype BaseFont Encoding DescendantFonts ToUnicode Name"),
    "CIDFont": _keys("Type Subtype BaseFont CIDSystemInfo FontDescriptor DW W CIDToGIDMap"),
    "CIDSystemInfo": _keys("Registry Ordering Supplement"),
    "FontDescriptor": _keys("Type FontName FontFamily FontStretch FontWeight Flags FontBBox ItalicAngle "
                            "Ascent Descent Leading CapHeight XHeight StemV StemH AvgWidth MaxWidth "
                            "MissingWidth FontFile2 CIDSet"),
    "FontStream": _STREAM | _keys("Length1 Type"),
    "ICC": _STREAM | _keys("N Alternate Range"),
    "Metadata": _STREAM | _keys("Type Subtype"),
    "OutputIntent": _keys("Type S OutputCondition OutputConditionIdentifier RegistryName Info "
                          "DestOutputProfile"),
    "Names": _keys("EmbeddedFiles"),
    "NameTree": _keys("Names Limits"),
    "Filespec": _keys("Type F UF Desc AFRelationship EF"),
    "EF": _keys("F UF"),
    "EmbeddedFile": _STREAM | _keys("Type Subtype Params"),
    "Params": _keys("Size CreationDate ModDate CheckSum"),
    "MarkInfo": _keys("Marked Suspects UserProperties"),
    "ViewerPreferences": _keys("DisplayDocTitle FitWindow PrintScaling Direction Duplex"),
    "AcroForm": _keys("Fields SigFlags"),
    "Widget": _keys("Type Subtype FT T TU V F P Rect AP Border MK"),
    "MK": frozenset(),
    "AP": _keys("N"),
    "Perms": _keys("DocMDP"),
    "Sig": _keys("Type Filter SubFilter ByteRange Contents M Reference Name Reason Location ContactInfo "
                 "Prop_Build"),
    "SigRef": _keys("Type TransformMethod TransformParams DigestMethod"),
    "TransformParams": _keys("Type P V"),
    "Prop_Build": _keys("Filter App PubSec"),
    "BuildData": _keys("Name Date R OS REx"),
    "Info": _keys("Title Author Subject Keywords Creator Producer CreationDate ModDate Trapped"),
}

_ACTIVE: Final = {
    "OpenAction": "pdf.action", "AA": "pdf.action", "A": "pdf.action", "JS": "pdf.javascript",
    "JavaScript": "pdf.javascript", "URI": "pdf.action", "Launch": "pdf.action", "PA": "pdf.action",
    "XFA": "pdf.xfa", "NeedsRendering": "pdf.xfa", "NeedAppearances": "pdf.need-appearances",
    "OCProperties": "pdf.optional-content", "OC": "pdf.optional-content", "Collection": "pdf.collection",
    "Alternates": "pdf.alternates", "OPI": "pdf.external", "Ref": "pdf.external", "F": "pdf.external",
    "Dests": "pdf.unknown-key", "DSS": "pdf.form-unsupported", "Encrypt": "pdf.form-unsupported",
}


def check_keys(value: Object, kind: str, where: str) -> None:
    """Refuse a dictionary with a key that its kind does not have in our form.

    Raises:
        PdfRefusal: ``pdf.type`` when it is no dictionary, ``pdf.unknown-key`` or the code of a key that acts.
    """
    if not isinstance(value, dict):
        raise PdfRefusal("pdf.type", where, kind=kind)
    for key in value:
        if key not in _ALLOWED[kind]:
            raise PdfRefusal(_ACTIVE.get(key, "pdf.unknown-key"), f"{where} {kind}", key=key, what=key)
