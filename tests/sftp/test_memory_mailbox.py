from __future__ import annotations

from collections.abc import Iterable

import pytest

from sftp.contract import MailboxContract, Setting
from sftp.errors import MailboxUnavailableError
from sftp.keys import new_private_key, public_part
from sftp.memory import MemoryMailbox
from sftp.ports import Account, AccountLimits, Area, Login, Password, Place


class TestMemoryMailbox(MailboxContract):
    def make(self) -> Setting:
        mailbox = MemoryMailbox()
        key = public_part(new_private_key())
        password = Password("acme has a secret")
        limits = AccountLimits(files=3, total_bytes=1000)
        account, stranger = Account("acme", login=Login.EITHER, limits=limits), Account("globex")
        mailbox.add_account("acme", account, key, password)
        mailbox.add_account("globex", stranger, public_part(new_private_key()))
        return Setting(mailbox, "acme", key, password, account, stranger)

    def handed_on(self, setting: Setting) -> Iterable[tuple[Place, str, bytes]]:
        assert isinstance(setting.mailbox, MemoryMailbox)
        return [(counted.place, counted.name, counted.content or b"") for counted in setting.mailbox.counted]

    def put(self, setting: Setting, place: Place, name: str, content: bytes) -> None:
        assert isinstance(setting.mailbox, MemoryMailbox)
        setting.mailbox.place(setting.account.name, place, name, content)


def test_a_failure_that_was_ordered_comes_once() -> None:
    mailbox = MemoryMailbox()
    mailbox.fail_next("entries", MailboxUnavailableError("away"))
    with pytest.raises(MailboxUnavailableError):
        mailbox.entries(Account("acme"), Place(Area.IN))
    assert mailbox.entries(Account("acme"), Place(Area.IN)) == []
