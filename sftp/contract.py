"""What every Mailbox must do, as a test class: subclass it, say how to make one, and let pytest run it."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from sftp.errors import AlreadyThereError, MailboxFullError, NotAllowedError, NotThereError, SFTPError
from sftp.keys import PublicKey, new_private_key, public_part
from sftp.ports import (
    Account,
    Area,
    Collecting,
    EntryState,
    Mailbox,
    NotAdmitted,
    Password,
    PickUp,
    Place,
    Received,
)

IN = Place(Area.IN)
OUT = Place(Area.OUT)
TEST = Place(Area.TEST)
DAY = date(2026, 1, 31)
ARCHIVED = Place(Area.ARCHIVE, DAY)
EARLIER, LATER = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Setting:
    """A mailbox made for one test.

    Args:
        mailbox: with two accounts, both empty.
        user: who may enter `account` with `key`.
        key: see user.
        password: another way in for `user`.
        account: as `login` gives it; its `login` is Login.EITHER, and its limits are 3 files of 1,000 bytes together.
        stranger: the other account.
    """

    mailbox: Mailbox
    user: str
    key: PublicKey
    password: Password
    account: Account
    stranger: Account


class MailboxContract:
    """Inherit as `class TestOurMailbox(MailboxContract)` and implement the three methods that raise."""

    def make(self) -> Setting:
        """A fresh mailbox."""
        raise NotImplementedError

    def handed_on(self, setting: Setting) -> Iterable[tuple[Place, str, bytes]]:
        """What counted so far in `setting.account`, oldest first: folder, name, content."""
        raise NotImplementedError

    def put(self, setting: Setting, place: Place, name: str, content: bytes) -> None:
        """Put a file into `/out`, `/error` or the archive of `setting.account`, as the gateway does."""
        raise NotImplementedError

    def test_the_right_key_enters_and_others_do_not(self) -> None:
        """Login by user and key together."""
        setting = self.make()
        other = public_part(new_private_key())
        assert setting.mailbox.login(setting.user, setting.key, "127.0.0.1") == setting.account
        assert isinstance(setting.mailbox.login(setting.user, other, "127.0.0.1"), NotAdmitted)
        assert isinstance(setting.mailbox.login("nobody", setting.key, "127.0.0.1"), NotAdmitted)

    def test_the_right_password_enters_and_others_do_not(self) -> None:
        """Login by user and password; never across users."""
        setting = self.make()
        login = setting.mailbox.login
        assert login(setting.user, setting.password, "127.0.0.1") == setting.account
        assert isinstance(login(setting.user, Password(setting.password.secret + "x"), "127.0.0.1"), NotAdmitted)
        assert isinstance(login(setting.user, Password(""), "127.0.0.1"), NotAdmitted)
        assert isinstance(login("nobody", setting.password, "127.0.0.1"), NotAdmitted)
        assert isinstance(login(setting.stranger.name, setting.password, "127.0.0.1"), NotAdmitted)

    def test_a_full_mailbox_takes_nothing_more_until_something_is_gone(self) -> None:
        """Files and bytes in the drop folders; a new version takes the place of the old one."""
        setting = self.make()
        _receive(setting, "a.tmp", bytes(400), counts=False)
        _receive(setting, "b.tmp", bytes(400), counts=False, place=TEST)
        assert _raised(lambda: _receive(setting, "c.tmp", bytes(201), counts=False)) is MailboxFullError
        assert _raised(lambda: _keep_partial(setting, "c.tmp", bytes(201), began_at=LATER)) is MailboxFullError
        assert setting.mailbox.entry(setting.account, IN, "c.tmp") is None
        _receive(setting, "b.tmp", bytes(600), counts=False, place=TEST)
        setting.mailbox.remove(setting.account, TEST, "b.tmp")
        for name in ("c.tmp", "d.tmp"):
            _receive(setting, name, b"", counts=False)
        assert _raised(lambda: _receive(setting, "e.tmp", b"", counts=False)) is MailboxFullError
        setting.mailbox.remove(setting.account, IN, "d.tmp")
        _receive(setting, "e.tmp", b"", counts=False)

    def test_a_received_file_counts_once_and_is_still_listed(self) -> None:
        """Receive, stat, list."""
        setting = self.make()
        _receive(setting, "a.edi", b"ISA")
        assert list(self.handed_on(setting)) == [(IN, "a.edi", b"ISA")]
        entry = setting.mailbox.entry(setting.account, IN, "a.edi")
        assert entry is not None
        assert (entry.name, entry.size, entry.state) == ("a.edi", 3, EntryState.COMPLETE)
        assert [found.name for found in setting.mailbox.entries(setting.account, IN)] == ["a.edi"]
        assert list(setting.mailbox.entries(setting.account, TEST)) == []

    def test_an_empty_file_counts_like_any_other(self) -> None:
        """Zero bytes are an issue for the pipeline, not for the transport."""
        setting = self.make()
        _receive(setting, "empty.edi", b"", place=TEST)
        assert list(self.handed_on(setting)) == [(TEST, "empty.edi", b"")]

    def test_the_same_name_again_is_a_new_version(self) -> None:
        """Overwrite."""
        setting = self.make()
        _receive(setting, "a.edi", b"one")
        _receive(setting, "a.edi", b"three")
        assert [content for _, _, content in self.handed_on(setting)] == [b"one", b"three"]
        assert [found.size for found in setting.mailbox.entries(setting.account, IN)] == [5]

    def test_a_held_file_counts_at_its_rename_and_only_once(self) -> None:
        """Rename out of a temporary name, then another rename."""
        setting = self.make()
        _receive(setting, "a.tmp", b"ISA", counts=False)
        assert list(self.handed_on(setting)) == []
        _rename(setting, "a.tmp", "b.tmp", counts=False)
        assert list(self.handed_on(setting)) == []
        _rename(setting, "b.tmp", "a.edi")
        _rename(setting, "a.edi", "c.edi")
        assert list(self.handed_on(setting)) == [(IN, "a.edi", b"ISA")]
        assert [found.name for found in setting.mailbox.entries(setting.account, IN)] == ["c.edi"]

    def test_a_rename_onto_a_taken_name_needs_replace(self) -> None:
        """Plain rename never destroys."""
        setting = self.make()
        _receive(setting, "a.edi", b"one")
        _receive(setting, "b.tmp", b"two", counts=False)
        assert _raised(lambda: _rename(setting, "b.tmp", "a.edi")) is AlreadyThereError
        assert [content for _, _, content in self.handed_on(setting)] == [b"one"]
        _rename(setting, "b.tmp", "a.edi", replace=True)
        assert [content for _, _, content in self.handed_on(setting)] == [b"one", b"two"]

    def test_a_partial_file_is_kept_for_resuming_and_never_counts(self) -> None:
        """Partial: read back, not renamed."""
        setting = self.make()
        _keep_partial(setting, "a.tmp", b"IS", began_at=LATER)
        entry = setting.mailbox.entry(setting.account, IN, "a.tmp")
        assert entry is not None
        assert (entry.size, entry.state) == (2, EntryState.PARTIAL)
        assert _content(setting, IN, "a.tmp") == b"IS"
        assert _raised(lambda: _rename(setting, "a.tmp", "a.edi")) is NotAllowedError
        assert list(self.handed_on(setting)) == []
        _receive(setting, "a.tmp", b"ISA", counts=False)
        _rename(setting, "a.tmp", "a.edi")
        assert list(self.handed_on(setting)) == [(IN, "a.edi", b"ISA")]

    def test_a_partial_file_replaces_only_what_is_older_than_its_upload(self) -> None:
        """A dead connection may be noticed after the partner came back."""
        setting = self.make()
        _receive(setting, "a.tmp", b"whole", counts=False)
        _keep_partial(setting, "a.tmp", b"part", began_at=EARLIER)
        assert _content(setting, IN, "a.tmp") == b"whole"
        _keep_partial(setting, "a.tmp", b"part", began_at=LATER)
        assert _content(setting, IN, "a.tmp") == b"part"

    def test_a_file_counts_once_its_flag_is_there_whichever_comes_first(self) -> None:
        """Flag files: by whole name or by stem; the flag itself never counts."""
        setting = _with(self.make(), pick_up=PickUp(held=("*.tmp",), flags=(".done", ".OK")))
        _receive(setting, "a.edi", b"a", counts=False)
        _receive(setting, "a.edi.done", b"", counts=False)
        assert list(self.handed_on(setting)) == [(IN, "a.edi", b"a")]
        for name in ("a.edi", "a.edi.done"):
            setting.mailbox.remove(setting.account, IN, name)
        _receive(setting, "b.ok", b"", counts=False)
        assert len(list(self.handed_on(setting))) == 1
        _receive(setting, "b.edi", b"b", counts=False)
        assert list(self.handed_on(setting)) == [(IN, "a.edi", b"a"), (IN, "b.edi", b"b")]
        _receive(setting, "c.edi", b"c", counts=False)
        assert len(list(self.handed_on(setting))) == 2, "a flag is spent with its file"

    def test_a_rename_can_bring_a_file_and_its_flag_together(self) -> None:
        """Flag files and temporary names."""
        setting = _with(self.make(), pick_up=PickUp(held=("*.tmp",), flags=(".done",)))
        _receive(setting, "a.tmp", b"a", counts=False)
        _receive(setting, "a.tmp.done", b"", counts=False)
        assert list(self.handed_on(setting)) == []
        _rename(setting, "a.tmp", "a.edi", counts=False)
        assert list(self.handed_on(setting)) == []
        _rename(setting, "a.tmp.done", "a.done", counts=False)
        assert list(self.handed_on(setting)) == [(IN, "a.edi", b"a")]

    def test_a_flag_in_another_folder_or_of_a_partial_file_lets_nothing_count(self) -> None:
        """Flags speak of what lies beside them, whole."""
        setting = _with(self.make(), pick_up=PickUp(flags=(".done",)))
        _receive(setting, "a.edi", b"a", counts=False)
        _receive(setting, "a.done", b"", counts=False, place=TEST)
        assert list(self.handed_on(setting)) == []
        _keep_partial(setting, "a.edi", b"a", began_at=LATER)
        _receive(setting, "a.done", b"", counts=False)
        assert list(self.handed_on(setting)) == []

    def test_a_file_that_was_read_to_its_end_goes_by_itself_where_the_account_says_so(self) -> None:
        """Collecting: only a complete reading, and only of /out."""
        setting = _with(self.make(), collecting=Collecting(removed_when_read=True))
        self.put(setting, OUT, "x.997", b"ISA*997")
        self.put(setting, ARCHIVED, "a.edi", b"ISA")
        for place, name, complete in ((OUT, "x.997", False), (ARCHIVED, "a.edi", True)):
            setting.mailbox.open_download(setting.account, place, name).close(complete=complete)
            assert setting.mailbox.entry(setting.account, place, name) is not None
        setting.mailbox.open_download(setting.account, OUT, "x.997").close(complete=True)
        assert setting.mailbox.entry(setting.account, OUT, "x.997") is None

    def test_a_new_version_is_not_taken_away_by_a_reading_of_the_old_one(self) -> None:
        """Collecting, and an overwrite meanwhile."""
        setting = _with(self.make(), collecting=Collecting(removed_when_read=True))
        self.put(setting, OUT, "x.997", b"old")
        download = setting.mailbox.open_download(setting.account, OUT, "x.997")
        self.put(setting, OUT, "x.997", b"newer")
        download.close(complete=True)
        assert _content(setting, OUT, "x.997") == b"newer"

    def test_a_collected_file_is_read_in_any_order_and_removed(self) -> None:
        """Collect and delete; a delete does not disturb who reads."""
        setting = self.make()
        self.put(setting, OUT, "x.997", b"ISA*997")
        download = setting.mailbox.open_download(setting.account, OUT, "x.997")
        assert download.read(4, 100) == b"997"
        setting.mailbox.remove(setting.account, OUT, "x.997")
        assert download.read(0, 3) == b"ISA"
        assert download.read(7, 10) == b""
        download.close(complete=True)
        assert setting.mailbox.entry(setting.account, OUT, "x.997") is None

    def test_the_archive_lists_the_days_that_hold_files(self) -> None:
        """Archive."""
        setting = self.make()
        assert list(setting.mailbox.days(setting.account)) == []
        self.put(setting, ARCHIVED, "a.edi", b"ISA")
        assert list(setting.mailbox.days(setting.account)) == [DAY]
        assert [found.name for found in setting.mailbox.entries(setting.account, ARCHIVED)] == ["a.edi"]

    def test_what_is_not_there_is_said_to_be_not_there(self) -> None:
        """Errors of the port."""
        setting = self.make()
        mailbox, account = setting.mailbox, setting.account
        assert mailbox.entry(account, IN, "a") is None
        assert _raised(lambda: mailbox.remove(account, IN, "a")) is NotThereError
        assert _raised(lambda: _rename(setting, "a", "b")) is NotThereError
        assert _raised(lambda: mailbox.open_download(account, OUT, "a")) is NotThereError

    def test_one_account_sees_nothing_of_another(self) -> None:
        """Isolation."""
        setting = self.make()
        _receive(setting, "a.edi", b"ISA")
        self.put(setting, OUT, "x.997", b"997")
        self.put(setting, ARCHIVED, "a.edi", b"ISA")
        mailbox, stranger = setting.mailbox, setting.stranger
        assert [list(mailbox.entries(stranger, place)) for place in (IN, OUT, ARCHIVED)] == [[], [], []]
        assert list(mailbox.days(stranger)) == []
        assert mailbox.entry(stranger, IN, "a.edi") is None
        assert _raised(lambda: mailbox.open_download(stranger, OUT, "x.997")) is NotThereError
        assert _raised(lambda: mailbox.remove(stranger, OUT, "x.997")) is NotThereError


def _with(setting: Setting, **rules: Any) -> Setting:
    return replace(setting, account=replace(setting.account, **rules))


def _receive(setting: Setting, name: str, content: bytes, *, place: Place = IN, counts: bool = True) -> None:
    received = Received(place, name, io.BytesIO(content), len(content), counts, EARLIER)
    setting.mailbox.receive(setting.account, received)


def _keep_partial(setting: Setting, name: str, content: bytes, *, began_at: datetime) -> None:
    received = Received(IN, name, io.BytesIO(content), len(content), counts=False, began_at=began_at)
    setting.mailbox.keep_partial(setting.account, received)


def _rename(setting: Setting, source: str, target: str, *, replace: bool = False, counts: bool = True) -> None:
    setting.mailbox.rename(setting.account, IN, source, target, replace=replace, counts=counts)


def _content(setting: Setting, place: Place, name: str) -> bytes:
    download = setting.mailbox.open_download(setting.account, place, name)
    content = download.read(0, download.entry.size)
    download.close(complete=False)
    return content


def _raised(call: object) -> type[SFTPError] | None:
    assert callable(call)
    try:
        call()
    except SFTPError as error:
        return type(error)
    return None
