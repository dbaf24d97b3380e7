"""What can go wrong in SFTP: one tree of exceptions, ours only; paramiko's never leave this package.

::

    SFTPError
    ├── RequestError              what a partner asked cannot be done; the message is sent to the partner
    │   ├── NotThereError         no such file or folder
    │   ├── NotAllowedError       the folder's or the account's rules forbid it
    │   ├── AlreadyThereError     the name is taken
    │   ├── BadNameError          a path or name no file may have here
    │   ├── TooLargeError         over the account's limit
    │   ├── BrokenUploadError     what arrived is not the whole file
    │   ├── NotSupportedError     links, special files, unknown requests
    │   └── BadMessageError       the packet itself cannot be read
    ├── MailboxError              the port behind the server failed; the partner keeps the file and tries again
    │   ├── MailboxUnavailableError
    │   └── MailboxFullError
    ├── RemoteError               our client and somebody else's server
    │   ├── HostKeyError          unknown or changed host key: stop and tell a person
    │   ├── LoginError            the server does not accept our key
    │   ├── RemoteRefusedError    the server said no to one request
    │   │   └── RemoteNotThereError   no such file or folder there
    │   ├── StillChangingError    a file was written to while it was fetched
    │   └── ConnectionLostError   no answer; what was asked may or may not have happened
    └── SetupError                a key that cannot be read, an address that cannot be listened on
"""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """Status codes of an answer (draft-ietf-secsh-filexfer-02, section 7)."""

    OK = 0
    EOF = 1
    NO_SUCH_FILE = 2
    PERMISSION_DENIED = 3
    FAILURE = 4
    BAD_MESSAGE = 5
    OP_UNSUPPORTED = 8


class SFTPError(Exception):
    """Anything this package raises."""


class RequestError(SFTPError):
    """A partner's request that cannot be done; `status` is the code of the answer, the message its text."""

    status = Status.FAILURE


class NotThereError(RequestError):
    """No such file or folder."""

    status = Status.NO_SUCH_FILE


class NotAllowedError(RequestError):
    """Forbidden by the folder's or the account's rules."""

    status = Status.PERMISSION_DENIED


class AlreadyThereError(RequestError):
    """The name is taken and the request does not say to replace it."""


class BadNameError(RequestError):
    """A path or name that no file may have here."""


class TooLargeError(RequestError):
    """Larger, or more, than the account's limits allow."""


class BrokenUploadError(RequestError):
    """What arrived is not the whole file, so it is not taken."""


class NotSupportedError(RequestError):
    """A request this server does not know or never grants."""

    status = Status.OP_UNSUPPORTED


class BadMessageError(RequestError):
    """A packet that cannot be read, or a handle that is not open."""

    status = Status.BAD_MESSAGE


class MailboxError(SFTPError):
    """The mailbox behind the server failed; nothing was taken, the partner tries again."""


class MailboxUnavailableError(MailboxError):
    """The mailbox cannot answer now (its database is away, for one)."""


class MailboxFullError(MailboxError):
    """The mailbox has no room left for this account."""


class RemoteError(SFTPError):
    """Our client could not do its work at somebody else's server."""


class HostKeyError(RemoteError):
    """The server's host key is none of the pinned ones; nothing was sent to it."""


class LoginError(RemoteError):
    """The server does not accept our user and key."""


class RemoteRefusedError(RemoteError):
    """The server answered one request with a refusal."""


class RemoteNotThereError(RemoteRefusedError):
    """The server has no such file or folder."""


class StillChangingError(RemoteError):
    """A file changed while it was fetched: what arrived is of no use."""


class ConnectionLostError(RemoteError):
    """The connection could not be made or broke; what was asked last may or may not have happened."""


class SetupError(SFTPError):
    """A key that cannot be read, or an address that cannot be listened on."""
