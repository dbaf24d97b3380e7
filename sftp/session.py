"""An SFTP session on its SSH channel, served by the thread of its connection: no other one need wake for a request."""

from __future__ import annotations

from collections.abc import Callable

import paramiko
import structlog

from sftp.conversation import Conversation
from sftp.errors import BadMessageError, SFTPError
from sftp.filesystem import Tree
from sftp.transfers import Surroundings

RECEIVE_BYTES = 256 * 1024

REFUSALS_LOGGED = 100
"""Refused requests of one session that are logged each; how many there were stands in the line of its logout."""

_UNCLOSED = "the connection ended before the file was closed"


class Session:
    """Hands a channel's input to a Conversation, and its answers to the channel as its window allows.

    Every method is called by the connection's own thread, which must never wait for the partner here: the message it
    would wait for is read by itself.

    Args:
        transport: the connection.
        channel: the session's.
        around: see `sftp.transfers.Surroundings`.
        moved: called at each request, and when answers went out.
        over: called once, when the session is.
    """

    def __init__(
        self,
        transport: paramiko.Transport,
        channel: paramiko.Channel,
        around: Surroundings,
        *,
        moved: Callable[[], None],
        over: Callable[[], None],
    ) -> None:
        self._transport = transport
        self._channel = channel
        self._moved = moved
        self._over = over
        self._log: structlog.typing.FilteringBoundLogger = around.log
        self._unsent = b""
        self._is_over = False
        self._refusals = _Refusals(around.log)
        self._conversation = Conversation(
            Tree(around),
            send=self._send,
            progress=moved,
            open_files=around.account.limits.open_files,
            refused=self._refusals.note,
        )

    @property
    def is_busy(self) -> bool:
        """Whether a file is open, or an answer is owed. May be asked by any thread."""
        return self._conversation.is_busy

    def turn(self) -> None:
        """Something came, or the window has grown, or new keys are in use: serve what can be served now."""
        if self._is_over:
            return
        try:
            while self._push():
                if self._conversation.is_held:
                    self._conversation.go_on()
                elif self._channel.recv_ready():
                    self._conversation.take(self._channel.recv(RECEIVE_BYTES))
                else:
                    if self._channel.eof_received or self._channel.closed:
                        self._finish()
                    return
        except BadMessageError as error:
            self._log.warning("sftp.session_broken", reason=str(error))
            self._end(str(error))
        except (OSError, EOFError, paramiko.SSHException) as error:
            self._cut(str(error) or type(error).__name__)
        except Exception:
            self._log.exception("sftp.session_crashed")
            self._end("the session crashed before the file was closed")
            raise

    def lost(self) -> None:
        """The connection is gone; whatever was not closed by now was not sent."""
        if not self._is_over:
            self._cut("the connection ended")

    def _send(self, answers: bytes) -> bool:
        self._unsent += answers
        return self._push()

    def _push(self) -> bool:
        """Send what is to be sent as far as the window reaches; True where nothing is left, and more may be sent.

        While keys are exchanged nothing may be sent, not even that the window is open again.
        """
        while self._transport.clear_to_send.is_set():
            if not self._unsent:
                return True
            if not self._channel.out_window_size and not self._channel.closed:
                return False
            sent = self._channel.send(self._unsent)
            if not sent:
                raise OSError("the channel is closed")
            self._unsent = self._unsent[sent:]
            self._moved()
        return False

    def _finish(self) -> None:
        """The partner has ended the session."""
        self._conversation.end(_UNCLOSED)
        if not self._channel.closed:
            self._channel.send_exit_status(0)  # scp asks for it
        self._end(_UNCLOSED)

    def _cut(self, reason: str) -> None:
        self._log.info("sftp.session_cut", reason=reason)
        self._end(_UNCLOSED)

    def _end(self, reason: str) -> None:
        self._is_over = True
        try:
            self._conversation.end(reason)
        finally:
            self._log.info("sftp.logout", refused=self._refusals.count)
            self._over()
            self._channel.close()


class _Refusals:
    """Logs what a session was refused: so much that a person sees what goes wrong, and no log is filled by it."""

    def __init__(self, log: structlog.typing.FilteringBoundLogger) -> None:
        self._log = log
        self.count = 0

    def note(self, what: str, error: SFTPError) -> None:
        """One more."""
        self.count += 1
        if self.count <= REFUSALS_LOGGED:
            self._log.warning("sftp.request_refused", what=what, reason=str(error))
