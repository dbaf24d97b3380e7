"""Reading an upload: a raw body, or the one part `file` of multipart/form-data (RFC 7578), streamed to the vault."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http import HTTPStatus

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from gateway.api.problems import FieldFault, Problem
from gateway.store.vault import Spool

PART = "file"
LONGEST_NAME = 255
UNNAMED = "upload"
"""What an upload is called whose sender does not name it."""

_PIECE = 256 * 1024
_PART_OVERHEAD = 64 * 1024
"""What multipart may add to the bytes of the file."""


async def read_upload(request: Request, spool: Spool, *, limit: int) -> str | None:
    """Bring the bytes of an upload to its spool.

    Args:
        request: its body not read yet.
        spool: where the bytes go.
        limit: of the file, in bytes.

    Returns:
        The name a multipart part gives it; None where it has none.

    Raises:
        Problem: too large, not well-formed, broken off, or too slow.
        StoreUnavailable: the disk refuses it.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data":
        await _copy(request, spool, limit=limit)
        return None
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise _malformed("multipart/form-data without a boundary")
    form = _Form(limit)
    with _as_malformed():
        parser = MultipartParser(boundary, form.callbacks())  # type: ignore[arg-type]
    async for piece in _pieces(request, limit=limit + _PART_OVERHEAD, of=limit):
        with _as_malformed():
            parser.write(piece)
        await run_in_threadpool(form.move_to, spool)
    with _as_malformed():
        parser.finalize()
    return form.name_of_file()


def check_name(name: str) -> str:
    """A file name as a label: 1 to 255 printable characters.

    Raises:
        Problem: it is not that.
    """
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        text = f"a file name of {len(name)} characters; want 1 to {LONGEST_NAME}, all printable"
        fault = FieldFault(field="filename", message=text)
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", text, faults=[fault])
    return name


async def _copy(request: Request, spool: Spool, *, limit: int) -> None:
    waiting = bytearray()
    async for piece in _pieces(request, limit=limit, of=limit):
        waiting += piece
        if len(waiting) >= _PIECE:
            await run_in_threadpool(spool.write, bytes(waiting))
            waiting.clear()
    if waiting:
        await run_in_threadpool(spool.write, bytes(waiting))


async def _pieces(request: Request, *, limit: int, of: int) -> AsyncIterator[bytes]:
    """The body as it comes, refused as soon as it is known to be too large; `of` is the limit as people know it."""
    declared = request.headers.get("content-length", "0")
    if int(declared) > limit:
        raise _too_large(of)
    size = 0
    try:
        async for piece in request.stream():
            size += len(piece)
            if size > limit:
                raise _too_large(of)
            yield piece
    except ClientDisconnect:
        raise Problem(HTTPStatus.BAD_REQUEST, "broken-off", "the body was not sent to its end") from None


class _Form:
    """The parts of a form as they are found: one file, nothing else."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._found = 0
        self._ended = False
        self._name: str | None = None
        self._header = bytearray()
        self._value = bytearray()
        self._disposition: bytes | None = None
        self._waiting = bytearray()

    def callbacks(self) -> dict[str, object]:
        """What the parser calls."""
        return {
            "on_part_begin": self._part_begin,
            "on_header_begin": self._header_begin,
            "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._part_data,
            "on_end": self._end,
        }

    def move_to(self, spool: Spool) -> None:
        """Hand on what was read so far."""
        if self._waiting:
            spool.write(bytes(self._waiting))
            self._waiting.clear()

    def name_of_file(self) -> str | None:
        """What the file is called, once the form is read to its end.

        Raises:
            Problem: it is not ended, or holds no file.
        """
        if not self._ended:
            raise _malformed("the form has no end")
        if self._found != 1:
            raise _malformed(f'the form has no part "{PART}"')
        return self._name

    def _part_begin(self) -> None:
        self._disposition = None

    def _header_begin(self) -> None:
        self._header.clear()
        self._value.clear()

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            if self._disposition is not None:
                raise _malformed("a part has two Content-Dispositions")
            self._disposition = bytes(self._value)

    def _headers_finished(self) -> None:
        kind, options = parse_options_header((self._disposition or b"").decode("latin-1"))
        name = options.get(b"name", b"").decode("latin-1")
        if kind != b"form-data" or name != PART or self._found:
            raise _malformed(f'want one part "{PART}" and no other')
        self._found = 1
        if b"filename" in options:
            try:
                self._name = options[b"filename"].decode("utf-8")
            except UnicodeDecodeError:
                raise _malformed("the part's filename is not UTF-8") from None

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self._size += end - start
        if self._size > self._limit:
            raise _too_large(self._limit)
        self._waiting += data[start:end]

    def _end(self) -> None:
        self._ended = True


@contextmanager
def _as_malformed() -> Iterator[None]:
    try:
        yield
    except FormParserError as error:
        raise _malformed(f"multipart/form-data that cannot be read: {type(error).__name__}") from error


def _malformed(text: str) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, "malformed-form", text)


def _too_large(limit: int) -> Problem:
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", f"more than the {limit} bytes a file may have here"
    )
