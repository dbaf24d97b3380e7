"""One SFTP session: requests in, answers out, in order; knows the protocol and the tree, but no SSH and no socket."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TypeVar

from sftp import wire
from sftp.errors import (
    BadMessageError,
    MailboxError,
    MailboxFullError,
    NotAllowedError,
    NotSupportedError,
    NotThereError,
    RequestError,
    SFTPError,
    Status,
    TooLargeError,
)
from sftp.filesystem import Flags, Tree
from sftp.paths import normalise
from sftp.transfers import Facts, Reading, Upload
from sftp.wire import Kind, Request

PAGE = 100
"""Names in one answer to READDIR."""

ANSWERS_HELD = 64 * 1024
"""Bytes of answers put together before they are sent, while more requests are already there."""

_TELL_OF_THEMSELVES = frozenset({Kind.WRITE, Kind.CLOSE})
"""Their uploads and readings log how they end, and why."""

_QUESTIONS = frozenset({Kind.STAT, Kind.LSTAT, Kind.OPENDIR})
"""Clients ask so whether a name is there: that it is not is an answer, no refusal."""

Opened = TypeVar("Opened")


class Conversation:
    """Serves one session as its input comes; it has no thread and no socket of its own.

    What is still open at its `end` was not closed by the partner: uploads are dropped (kept as partial, never handed
    on) and readings end as not complete. There is no other way for a file to count than a CLOSE or a RENAME that
    arrived.

    Args:
        tree: the account's view of its mailbox.
        send: takes whole answers; False where they do not all go out yet: then nothing is served until `go_on`. Raises
            OSError if the partner is gone.
        progress: called at each request and after each answer, for the idle watch.
        open_files: handles open at one time.
        refused: told what was asked and why it was not done.
    """

    def __init__(
        self,
        tree: Tree,
        *,
        send: Callable[[bytes], bool],
        progress: Callable[[], None],
        open_files: int,
        refused: Callable[[str, SFTPError], None],
    ) -> None:
        self._tree = tree
        self._send = send
        self._progress = progress
        self._most_open = open_files
        self._refused = refused
        self._handles = 0
        self._files: dict[bytes, Upload | Reading] = {}
        self._folders: dict[bytes, Iterator[Facts]] = {}
        self._is_greeted = False
        self._is_answering = False
        self._is_held = False
        self._buffer = bytearray()
        self._answers = bytearray()
        self._serve: dict[int, Callable[[int, Request], bytes]] = {
            Kind.OPEN: self._open,
            Kind.CLOSE: self._close,
            Kind.READ: self._read,
            Kind.WRITE: self._write,
            Kind.LSTAT: self._stat,
            Kind.STAT: self._stat,
            Kind.FSTAT: self._stat_open,
            Kind.SETSTAT: self._set_attributes,
            Kind.FSETSTAT: self._set_open_attributes,
            Kind.OPENDIR: self._open_folder,
            Kind.READDIR: self._read_folder,
            Kind.REMOVE: self._remove,
            Kind.MKDIR: self._make_folder,
            Kind.RMDIR: self._remove_folder,
            Kind.REALPATH: self._real_path,
            Kind.RENAME: self._rename,
            Kind.EXTENDED: self._extended,
        }

    @property
    def is_busy(self) -> bool:
        """Whether a file is open, or a request is not answered yet."""
        return self._is_answering or bool(self._files)

    @property
    def is_held(self) -> bool:
        """Whether it serves nothing until answers have gone out."""
        return self._is_held

    def take(self, data: bytes) -> None:
        """Serve every request that is whole with these bytes, unless answers are held.

        Raises:
            BadMessageError: the input is no SFTP; the conversation has ended.
            OSError: the partner is gone.
        """
        self._buffer += data
        if not self._is_held:
            self.go_on()

    def go_on(self) -> None:
        """Serve what has come and waits, as all answers so far are out.

        Raises:
            BadMessageError: the input is no SFTP; the conversation has ended.
            OSError: the partner is gone.
        """
        self._is_held = False
        try:
            while not self._is_held and (body := self._packet()) is not None:
                self._is_answering = True
                self._progress()
                if self._is_greeted:
                    self._answer(body)
                else:
                    self._greet(body)
        except BadMessageError as error:
            self.end(str(error))
            raise
        if not self._is_held:
            self._flush()
        self._is_answering = self._is_held

    def end(self, reason: str) -> None:
        """The input is over, or nobody is there to answer to; what is open now was never closed."""
        with contextlib.ExitStack() as stack:
            for opened in self._files.values():
                stack.callback(opened.drop, reason)
            self._files.clear()
            self._folders.clear()

    def _packet(self) -> memoryview | None:
        """The next packet without its length; None where it is not all there."""
        buffer = self._buffer
        if len(buffer) < 4:
            return None
        (length,) = struct.unpack_from(">I", buffer)
        if not 1 <= length <= wire.LONGEST_PACKET:
            raise BadMessageError(f"a packet of {length} bytes; want 1 to {wire.LONGEST_PACKET}")
        if len(buffer) < 4 + length:
            return None
        with memoryview(buffer) as view:
            body = bytes(view[4 : 4 + length])
        del buffer[: 4 + length]
        return memoryview(body)

    def _greet(self, body: memoryview) -> None:
        if len(body) < 5 or body[0] != Kind.INIT:
            raise BadMessageError("the session does not begin with INIT")
        self._is_greeted = True
        self._answers += wire.version()

    def _flush(self) -> None:
        if self._answers:
            self._is_held = not self._send(bytes(self._answers))
            self._answers.clear()
            self._progress()

    def _answer(self, body: memoryview) -> None:
        request = Request(body[1:])
        number = request.number()
        try:
            serve = self._serve.get(body[0])
            if serve is None:
                raise NotSupportedError("links and the like are not supported here")
            answer = serve(number, request)
        except RequestError as error:
            self._tell(body[0], error)
            answer = wire.status(number, error.status, str(error))
        except MailboxFullError as error:
            self._tell(body[0], error)
            answer = wire.status(number, Status.FAILURE, str(error))
        except MailboxError as error:
            self._tell(body[0], error)
            answer = wire.status(number, Status.FAILURE, "the mailbox cannot do this now; try again later")
        except OSError:
            answer = wire.status(number, Status.FAILURE, "there is no room for this now; try again later")
        self._answers += answer
        if len(self._answers) >= ANSWERS_HELD:
            self._flush()

    def _tell(self, kind: int, error: SFTPError) -> None:
        if kind in _TELL_OF_THEMSELVES or (isinstance(error, NotThereError) and kind in _QUESTIONS):
            return
        self._refused(wire.asked(kind), error)

    def _open(self, number: int, request: Request) -> bytes:
        path, flags = request.text(), request.number()
        request.new_size()
        self._check_room()
        return wire.handle(number, self._keep(self._files, self._tree.open(path, Flags(flags & 0x3F))))

    def _close(self, number: int, request: Request) -> bytes:
        name = request.text()
        if name in self._folders:
            del self._folders[name]
        else:
            opened = self._file(name)
            del self._files[name]
            opened.close()
        return wire.status(number, Status.OK, "closed")

    def _read(self, number: int, request: Request) -> bytes:
        opened, offset, length = self._file(request.text()), request.long(), request.number()
        if not isinstance(opened, Reading):
            raise NotAllowedError("the file is open for writing")
        block = opened.read(offset, min(length, wire.LONGEST_DATA)) if length else b""
        return wire.data(number, block) if block else wire.status(number, Status.EOF, "end of file")

    def _write(self, number: int, request: Request) -> bytes:
        opened, offset, block = self._file(request.text()), request.long(), request.block()
        if not isinstance(opened, Upload):
            raise NotAllowedError("the file is open for reading")
        opened.write(offset, block)
        return wire.status(number, Status.OK, "written")

    def _stat(self, number: int, request: Request) -> bytes:
        return wire.attributes(number, self._tree.stat(request.text()))

    def _stat_open(self, number: int, request: Request) -> bytes:
        return wire.attributes(number, self._file(request.text()).facts)

    def _set_attributes(self, number: int, request: Request) -> bytes:
        path, size = request.text(), request.new_size()
        facts = self._tree.stat(path)
        if size is not None and size != facts.size:
            raise NotAllowedError("a file that is not open keeps its size")
        return wire.status(number, Status.OK, "accepted")

    def _set_open_attributes(self, number: int, request: Request) -> bytes:
        opened, size = self._file(request.text()), request.new_size()
        if size is not None:
            if not isinstance(opened, Upload):
                raise NotAllowedError("the file is open for reading")
            opened.truncate(size)
        return wire.status(number, Status.OK, "accepted")

    def _open_folder(self, number: int, request: Request) -> bytes:
        self._check_room()
        return wire.handle(number, self._keep(self._folders, self._tree.entries(request.text())))

    def _read_folder(self, number: int, request: Request) -> bytes:
        folder = self._folders.get(request.text())
        if folder is None:
            raise BadMessageError("no folder is open under this handle")
        page = list(islice(folder, PAGE))
        return wire.names(number, page) if page else wire.status(number, Status.EOF, "end of folder")

    def _remove(self, number: int, request: Request) -> bytes:
        self._tree.remove(request.text())
        return wire.status(number, Status.OK, "removed")

    def _make_folder(self, number: int, request: Request) -> bytes:
        self._tree.make_folder(request.text())
        return wire.status(number, Status.OK, "made")

    def _remove_folder(self, number: int, request: Request) -> bytes:
        self._tree.remove_folder(request.text())
        return wire.status(number, Status.OK, "removed")

    def _real_path(self, number: int, request: Request) -> bytes:
        return wire.path(number, normalise(request.text()))

    def _rename(self, number: int, request: Request) -> bytes:
        self._tree.rename(request.text(), request.text(), replace=False)
        return wire.status(number, Status.OK, "renamed")

    def _extended(self, number: int, request: Request) -> bytes:
        name = request.text()
        if name == wire.POSIX_RENAME:
            self._tree.rename(request.text(), request.text(), replace=True)
            return wire.status(number, Status.OK, "renamed")
        if name == wire.LIMITS:
            return wire.limits(number, open_files=self._most_open)
        raise NotSupportedError("this extension is not supported")

    def _file(self, name: bytes) -> Upload | Reading:
        opened = self._files.get(name)
        if opened is None:
            raise BadMessageError("no file is open under this handle")
        return opened

    def _check_room(self) -> None:
        if len(self._files) + len(self._folders) >= self._most_open:
            raise TooLargeError(f"{self._most_open} files are open; close one first")

    def _keep(self, table: dict[bytes, Opened], opened: Opened) -> bytes:
        self._handles += 1
        name = b"%x" % self._handles
        table[name] = opened
        return name
