"""Looking whether what comes and goes by one account can: at the partner's server, in its folders, at our own door.

Nothing is written anywhere, and nothing is fetched. AS2, where a test message proves more, is `as2_probe`.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from gateway.channels.as2_probe import Looked
from gateway.channels.sftp_client import Connect
from partners.folder_accounts import FolderAccount
from partners.logins import Login, SftpAccount
from partners.remotes import RemoteAccount
from sftp.errors import HostKeyError, LoginError, RemoteError, SetupError
from sftp.remote import Remote

CONNECT_SECONDS = 15.0


def probe_remote(account: RemoteAccount, connect: Connect) -> list[Looked]:
    """Log in at a partner's own server, and look at every folder that was agreed.

    Args:
        account: where, and as whom.
        connect: opens the session.
    """
    try:
        remote = connect(account)
    except HostKeyError as error:
        return [Looked("host key", False, str(error))]
    except LoginError as error:
        return [Looked("login", False, str(error))]
    except SetupError as error:
        return [Looked("secrets", False, str(error))]
    except RemoteError as error:
        return [Looked("connection", False, str(error))]
    try:
        pinned = len(account.host_keys)
        looked = [Looked("login", True, f"{account.login} at {account.host}; its host key is one of {pinned} pinned")]
        return looked + list(_folders(account, remote))
    finally:
        remote.close()


def probe_folder(account: FolderAccount, home: Path) -> list[Looked]:
    """Whether the folders of an account are there and may be used by us.

    Args:
        account: whose.
        home: what relative paths begin at.
    """
    looked = []
    for name, path in (("in", account.inbox), ("out", account.outbox)):
        if path is None:
            continue
        folder = home / path
        if not folder.is_dir():
            looked.append(Looked(name, False, f"there is no folder {folder}"))
        elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            looked.append(Looked(name, False, f"{folder} may not be read and written by us"))
        else:
            looked.append(Looked(name, True, str(folder)))
    return looked


def probe_login(account: SftpAccount, host: str, port: int, *, at: datetime) -> list[Looked]:
    """Whether an account of our SFTP server could be opened now, and the server answers.

    Args:
        account: whose.
        host, port: where our server listens.
        at: the moment, aware.
    """
    keys = [key for key in account.keys if key.is_valid_at(at)]
    passwords = account.good_passwords(at=at)
    wanted = {
        Login.KEY: bool(keys),
        Login.PASSWORD: bool(passwords),
        Login.EITHER: bool(keys or passwords),
        Login.BOTH: bool(keys and passwords),
    }
    found = f"{len(keys)} key(s) and {len(passwords)} password(s) are good now; it is opened by {account.login.value}"
    return [Looked("login", wanted[account.login], found), probe_door("sftp", host, port)]


def probe_door(name: str, host: str, port: int) -> Looked:
    """Whether a server of ours takes connections; of HTTPS no more can be seen from here than that.

    Args:
        name: of the check.
        host, port: where it listens.
    """
    try:
        with socket.create_connection((host, port), timeout=CONNECT_SECONDS):
            return Looked(name, True, f"our server takes connections at {host} port {port}")
    except OSError as error:
        return Looked(name, False, f"nothing of ours answers at {host} port {port}: {error.strerror or error}")


def _folders(account: RemoteAccount, remote: Remote) -> Iterator[Looked]:
    """One look at each folder there."""
    for rule in account.fetch:
        try:
            count = sum(1 for found in remote.list(rule.folder) if not found.is_folder)
            yield Looked(f"fetch {rule.folder}", True, f"{count} file(s) there")
        except RemoteError as error:
            yield Looked(f"fetch {rule.folder}", False, str(error))
        if rule.move_to:
            yield _is_folder(remote, "move to", rule.move_to)
    if account.send_to:
        yield _is_folder(remote, "send", account.send_to)


def _is_folder(remote: Remote, name: str, path: str) -> Looked:
    try:
        found = remote.stat(path)
    except RemoteError as error:
        return Looked(f"{name} {path}", False, str(error))
    return Looked(f"{name} {path}", found.is_folder, "is there" if found.is_folder else "is no folder")
