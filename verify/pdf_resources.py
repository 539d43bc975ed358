"""What the names in a content stream mean: fonts, pictures, forms; each read once a file."""

from __future__ import annotations

from dataclasses import dataclass, field

from verify.pdf_file import PdfFile
from verify.pdf_fonts import PdfFont, read_font
from verify.pdf_images import PdfImage, read_image
from verify.pdf_keys import check_keys
from verify.pdf_objects import Dict, Object, Ref, Stream
from verify.pdf_reasons import PdfRefusal

__all__ = ["Resources"]


@dataclass(slots=True)
class Resources:
    """The resource dictionary in force; ``fonts`` and ``images`` are shared by all pages of a file."""

    file: PdfFile
    entries: Dict
    where: str
    fonts: dict[Ref, PdfFont]
    images: dict[Ref, PdfImage]
    named_fonts: dict[str, PdfFont] = field(default_factory=dict)       # those asked for here

    @classmethod
    def read(cls, file: PdfFile, value: Object, where: str, fonts: dict[Ref, PdfFont],
             images: dict[Ref, PdfImage]) -> Resources:
        """Check a resource dictionary's keys and keep it."""
        entries = file.get(value)
        check_keys(entries, "Resources", where)
        if not isinstance(entries, dict):
            raise PdfRefusal("pdf.type", where, kind="Resources")
        return cls(file, entries, where, fonts, images)

    def inner(self, form: Stream, where: str) -> Resources:
        """The resources of a form painted here."""
        return Resources.read(self.file, form.entries.get("Resources", {}), where, self.fonts, self.images)

    def named(self, category: str, name: str) -> Object:
        """The value of a name, not followed."""
        names = self.file.get(self.entries.get(category))
        if not isinstance(names, dict) or name not in names:
            raise PdfRefusal("pdf.content", f"{self.where} /{name}", what=name)
        return names[name]

    def font(self, name: str) -> PdfFont:
        """A font by its name here; it must be an object of its own."""
        known = self.named_fonts.get(name)
        if known is not None:
            return known
        value = self.named("Font", name)
        if not isinstance(value, Ref):
            raise PdfRefusal("pdf.font", f"{self.where} /{name}")
        if value not in self.fonts:
            self.fonts[value] = read_font(self.file, value, f"{value.number} 0 R")
        found = self.named_fonts[name] = self.fonts[value]
        return found

    def xobject(self, name: str) -> tuple[Stream, Ref]:
        """A form or a picture by its name here."""
        value = self.named("XObject", name)
        found = self.file.get(value)
        if not isinstance(found, Stream) or not isinstance(value, Ref):
            raise PdfRefusal("pdf.content", f"{self.where} /{name}", what=name)
        return found, value

    def image(self, stream: Stream, key: Ref) -> PdfImage:
        """A picture."""
        if key not in self.images:
            self.images[key] = read_image(self.file, stream, f"{key.number} 0 R")
        return self.images[key]
