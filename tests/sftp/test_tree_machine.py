"""The virtual tree against a small model of itself, driven by generated operations (test plan, row S1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest
import structlog
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sftp.errors import AlreadyThereError, BrokenUploadError, NotAllowedError, NotThereError, RequestError
from sftp.filesystem import Flags, Tree
from sftp.memory import MemoryMailbox
from sftp.ports import Account, Area, Mailbox, Place
from sftp.transfers import Reading, Surroundings, Upload

NEW = Flags.WRITE | Flags.CREATE | Flags.TRUNCATE
FOLDERS = ("/in", "/test", "/out", "/error", "/archive", "/archive/20260131", "/archive/20260201", "/nowhere", "/")
DROPS = ("/in", "/test")
NAMES = ("a.edi", "b.edi", "a.tmp", ".b", "in")
PREFIXES = ("", "/in/..", "/test/../../..", "/.", "/nowhere/..")

folders, names = st.sampled_from(FOLDERS), st.sampled_from(NAMES)
contents = st.binary(max_size=6)


@dataclass
class Modelled:
    """One file of the model."""

    content: bytes
    state: str  # complete, held, partial


@st.composite
def paths(draw: st.DrawFn) -> tuple[str, str, bytes]:
    """A folder, a name in it, and one of the ways to write the path of both."""
    folder, name, prefix = draw(folders), draw(names), draw(st.sampled_from(PREFIXES))
    return folder, name, f"{prefix}{folder}/./{name}".encode()


class TreeMachine(RuleBasedStateMachine):
    """Acme works in its tree; globex looks on and must never see any of it."""

    def __init__(self) -> None:
        super().__init__()
        self.mailbox = self.make()
        self.tree = self._tree(self.account)
        self.stranger = self._tree(self.other)
        self.files: dict[tuple[str, str], Modelled] = {}
        self.counted: list[tuple[str, bytes]] = []
        for folder, place in (
            ("/out", Place(Area.OUT)),
            ("/error", Place(Area.ERROR)),
            ("/archive/20260131", Place(Area.ARCHIVE, date(2026, 1, 31))),
        ):
            self.place(place, "a.edi", b"ours")
            self.files[folder, "a.edi"] = Modelled(b"ours", "complete")

    account, other = "acme", "globex"

    def make(self) -> Mailbox:
        """A mailbox with nothing in it."""
        self.memory = MemoryMailbox()
        return self.memory

    def place(self, place: Place, name: str, content: bytes) -> None:
        """Put a file into acme's tree, as the other side of the gateway does."""
        self.memory.place(self.account, place, name, content)

    def handed_on(self) -> list[tuple[str, bytes]]:
        """What counted so far, oldest first: folder and content."""
        return [(str(one.place), one.content or b"") for one in self.memory.counted]

    def now(self) -> datetime:
        """The time for what has none of its own."""
        return datetime.now(UTC)

    def _tree(self, account: str) -> Tree:
        log = structlog.get_logger().bind()
        return Tree(Surroundings(self.mailbox, Account(account), log, now=self.now))

    @rule(path=paths(), content=contents, resumes=st.booleans(), ends=st.sampled_from(["close", "drop"]))
    def upload(self, path: tuple[str, str, bytes], content: bytes, resumes: bool, ends: str) -> None:
        folder, name, raw = path
        flags = Flags.WRITE | Flags.CREATE | (Flags.APPEND if resumes else Flags.TRUNCATE)
        upload = self._try(lambda: self.tree.open(raw, flags), allowed=folder in DROPS)
        if upload is None:
            return
        assert isinstance(upload, Upload)
        before = self.files.get((folder, name))
        start = before.content if before is not None and resumes else b""
        if content:
            upload.write(len(start), content)
        whole = start + content
        held = name.endswith(".tmp") or name.startswith(".")
        if ends == "close":
            upload.close()
            self.files[folder, name] = Modelled(whole, "held" if held else "complete")
            if not held:
                self.counted.append((folder, whole))
        else:
            upload.drop("cut")
            if whole:
                self.files[folder, name] = Modelled(whole, "partial")

    @rule(path=paths(), gap=st.integers(1, 5))
    def upload_with_a_gap(self, path: tuple[str, str, bytes], gap: int) -> None:
        folder, name, raw = path
        upload = self._try(lambda: self.tree.open(raw, NEW), allowed=folder in DROPS)
        if upload is None:
            return
        assert isinstance(upload, Upload)
        upload.write(0, b"head")
        upload.write(4 + gap, b"tail")
        assert self._raised(upload.close) is BrokenUploadError
        self.files[folder, name] = Modelled(b"head", "partial")

    @rule(path=paths())
    def download(self, path: tuple[str, str, bytes]) -> None:
        folder, name, raw = path
        there = (folder, name) in self.files
        reading = self._try(lambda: self.tree.open(raw, Flags.READ), allowed=there and folder not in DROPS)
        if reading is None:
            return
        assert isinstance(reading, Reading)
        assert reading.read(0, 100) == self.files[folder, name].content
        reading.close()

    @rule(path=paths())
    def remove(self, path: tuple[str, str, bytes]) -> None:
        folder, name, raw = path
        allowed = (folder, name) in self.files and folder in (*DROPS, "/out")
        if self._try(lambda: self.tree.remove(raw) or True, allowed=allowed):
            del self.files[folder, name]

    @rule(source=paths(), onto_path=paths(), replaces=st.booleans())
    def rename(self, source: tuple[str, str, bytes], onto_path: tuple[str, str, bytes], replaces: bool) -> None:
        folder, name, raw = source
        onto, new, raw_target = onto_path
        before = self.files.get((folder, name))
        taken = (onto, new) in self.files and (folder, name) != (onto, new) and not replaces
        allowed = folder == onto and folder in DROPS and before is not None and before.state != "partial" and not taken
        if not self._try(lambda: self.tree.rename(raw, raw_target, replace=replaces) or True, allowed=allowed):
            return
        assert before is not None
        del self.files[folder, name]
        held = new.endswith(".tmp") or new.startswith(".")
        if before.state == "held" and not held:
            self.counted.append((folder, before.content))
            before.state = "complete"
        self.files[onto, new] = before

    @rule(path=paths())
    def folders_are_neither_made_nor_removed(self, path: tuple[str, str, bytes]) -> None:
        assert self._raised(lambda: self.tree.make_folder(path[2])) is not None
        assert self._raised(lambda: self.tree.remove_folder(path[2])) is not None

    @invariant()
    def every_folder_lists_what_the_model_has(self) -> None:
        for folder in FOLDERS[:5]:
            if folder == "/archive":
                continue
            listed = {(facts.name, facts.size) for facts in self.tree.entries(folder.encode())}
            assert listed == {(name, len(kept.content)) for (at, name), kept in self.files.items() if at == folder}
        assert [facts.name for facts in self.tree.entries(b"/archive")] == ["20260131"]
        assert [facts.name for facts in self.tree.entries(b"/")] == ["in", "out", "archive", "error", "test"]

    @invariant()
    def what_counted_is_what_the_model_counted(self) -> None:
        assert self.handed_on() == self.counted

    @invariant()
    def the_other_partner_sees_nothing(self) -> None:
        for folder in ("/in", "/test", "/out", "/error", "/archive"):
            assert list(self.stranger.entries(folder.encode())) == []
        for folder, name in self.files:
            assert self._raised(lambda at=f"{folder}/{name}": self.stranger.stat(at.encode())) is NotThereError

    @staticmethod
    def _raised(call: object) -> type[RequestError] | None:
        assert callable(call)
        try:
            call()
        except RequestError as error:
            return type(error)
        return None

    @staticmethod
    def _try(call: object, *, allowed: bool) -> object:
        assert callable(call)
        try:
            done = call()
        except (NotAllowedError, NotThereError, AlreadyThereError):
            assert not allowed
            return None
        assert allowed
        return done


TestTreeMachine = TreeMachine.TestCase
TestTreeMachine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@pytest.mark.faults
@pytest.mark.timeout(600)
class TestTreeMachineInTheSlowSuite(TreeMachine.TestCase):
    """A hundred thousand operations."""

    settings = settings(max_examples=2_000, stateful_step_count=50, deadline=None)


@pytest.mark.soak
@pytest.mark.timeout(0)
class TestTreeMachineAtLength(TreeMachine.TestCase):
    """A million operations."""

    settings = settings(max_examples=20_000, stateful_step_count=50, deadline=None)
