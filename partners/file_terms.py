"""FileTerms: how an XML, JSON or delimited file of an agreement is told or called, read or written, and answered."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from partners.fields import Fields, form
from partners.file_names import fault_of
from translators.delimited.layout import ENCODINGS
from translators.errors import shown

FILE_KEYS = ("name", "root", "namespace", "schema", "encoding", "archive", "answer")
"""What the `file` of an agreement may say."""
OF_WHAT_COMES_IN = ("root", "namespace", "archive")
"""Keys of it that only say how what comes in is told."""

_PATTERN = form(r"[^/\\]{1,200}", "the name of a file, with * and ? for what differs, as orders-*.csv")
_ROOT = form(r"[^\W\d][\w.-]*(?:/[^\W\d][\w.-]*)*", "the root element, or a path from it, as cXML/Request/OrderRequest")
_NAMESPACE = form(r"\S{1,1000}", "the namespace of the root")
_SCHEMA = form(r"[\w.-]+(?:/[\w.-]+)*\.xsd", "a file of the partner's schemas folder, as order.xsd")
_ENCODING = form("|".join(ENCODINGS), f"one of {', '.join(ENCODINGS)}")


class FileAnswer(StrEnum):
    """In which format a file is acknowledged."""

    NONE = "none"
    JSON = "json"
    XML = "xml"
    CSV = "csv"


class Archive(StrEnum):
    """How files are packed; a file that is packed otherwise than agreed is not looked into."""

    NONE = "none"
    ZIP = "zip"
    GZIP = "gzip"


@dataclass(frozen=True, slots=True)
class FileTerms:
    """What was agreed about the files of an agreement that is not X12.

    Args:
        name: how they are called: in, with * and ?, "" for any; out, a pattern of `file_names`, "" for the usual.
        root: of XML and JSON, the names of the elements from the root to the one that tells the document; () for any.
        namespace: of the root of XML; None for any.
        schema: of XML, the file of the partner's schemas they are held to; "" for none.
        encoding: of delimited text; "" for that of the layout.
        archive: how they are packed; `name` is the archive's then.
        answer: in which format each file is acknowledged: in, by us; out, by the partner, which is waited for.
    """

    name: str = ""
    root: tuple[str, ...] = ()
    namespace: str | None = None
    schema: str = ""
    encoding: str = ""
    archive: Archive = Archive.NONE
    answer: FileAnswer = FileAnswer.NONE

    def is_called(self, filename: str) -> bool:
        """Whether a file of this name can be one of them; case does not count."""
        return not self.name or fnmatchcase(filename.casefold(), self.name.casefold())


def read_file_terms(outer: Fields, *, syntax: str, outgoing: bool) -> FileTerms:
    """Read `file`.

    Args:
        outer: the agreement.
        syntax: its word for the wire format; of X12 there is no `file`.
        outgoing: it is about files of ours.
    """
    found = outer.mapping("file")
    if found is None:
        return FileTerms()
    if syntax == "x12":
        outer.fault(outer.place_of("file"), "file is for syntax xml, json and csv; X12 says who and what it is itself")
        return FileTerms()
    fields = Fields(found, of="the file of an agreement", known=FILE_KEYS, faults=outer.faults)
    for key, syntaxes in (
        ("root", ("xml", "json")),
        ("namespace", ("xml",)),
        ("schema", ("xml",)),
        ("encoding", ("csv",)),
    ):
        if fields.has(key) and syntax not in syntaxes:
            fields.fault(fields.place_of(key), f"{key} is for syntax {' and '.join(syntaxes)}, not {shown(syntax)}")
    for key in OF_WHAT_COMES_IN if outgoing else ():
        if fields.has(key):
            fields.fault(fields.place_of(key), f"{key} is for direction in; what goes out is as the map makes it")
    return FileTerms(
        name=_name_of_ours(fields) if outgoing else fields.text("name", _PATTERN),
        root=tuple(name for name in fields.text("root", _ROOT).split("/") if name),
        namespace=fields.text("namespace", _NAMESPACE) or None,
        schema=fields.text("schema", _SCHEMA),
        encoding=fields.text("encoding", _ENCODING),
        archive=fields.choice("archive", Archive.NONE),
        answer=fields.choice("answer", FileAnswer.NONE),
    )


def _name_of_ours(fields: Fields) -> str:
    found = fields.scalar("name")
    if found is None:
        return ""
    fault = fault_of(found.text)
    if fault is not None:
        fields.fault(found.place, f'name "{shown(found.text)}" {fault}')
        return ""
    return found.text
