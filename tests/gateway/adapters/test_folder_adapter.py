"""The folder adapter beside the contract: names, faults of the disk, and a folder that is not the same any more."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.files import LocalFiles
from gateway.adapters.folder import FolderAdapter, FolderConfig, file_name
from gateway.adapters.kinds import BUILT_IN, make_adapter, read_config
from gateway.adapters.kit import REFERENCE, awkward_order
from gateway.adapters.protocol import Accepted, Adapter, ExternalRef, Outcome, Rate, Retry, Uncertain
from gateway.errors import AdapterMisused

FOLDER = BUILT_IN["folder"]


class RecordingFiles(LocalFiles):
    """Local files that tell what was done, and fail where they are told to."""

    def __init__(self, *, failing: str = "", error: int = errno.ENOSPC) -> None:
        self.done: list[str] = []
        self.failing = failing
        self._error = error

    def make_folder(self, folder: Path) -> None:
        self._note("make_folder", folder)
        super().make_folder(folder)

    def write_new(self, path: Path, content: bytes) -> None:
        self._note("write_new", path)
        super().write_new(path, content)

    def move(self, source: Path, target: Path) -> None:
        self._note("move", target)
        super().move(source, target)

    def _note(self, name: str, path: Path) -> None:
        if name == self.failing:
            raise OSError(self._error, os.strerror(self._error), str(path))
        self.done.append(name)


class Delivery:
    """Submits one order, and keeps what the checkpoint was given."""

    def __init__(self, folder: Path, files: LocalFiles | None = None, *, create: bool = False) -> None:
        self.folder = folder
        self.files = files or LocalFiles()
        self.adapter = FolderAdapter(FolderConfig(path=folder, create=create), files=self.files)
        self.refs: list[ExternalRef] = []

    def submit(self, *, number: str = "4500012", resume: ExternalRef | None = None) -> Outcome:
        return self.adapter.submit(
            awkward_order(number=number), reference=REFERENCE, request_key="k", resume=resume, checkpoint=self._keep
        )

    def visible(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir() if path.name != ".staging")

    def staged(self) -> list[str]:
        return sorted(os.listdir(self.folder / ".staging"))

    def _keep(self, ref: ExternalRef | None) -> None:
        assert ref is not None
        assert self.visible() == []
        assert len(self.staged()) == 1
        if isinstance(self.files, RecordingFiles):
            self.files.done.append("checkpoint")
        self.refs.append(ref)


def test_a_file_is_synced_before_the_checkpoint_and_moved_after_it(tmp_path: Path) -> None:
    files = RecordingFiles()
    delivery = Delivery(tmp_path, files)
    name = f"purchase_order.4500012.{REFERENCE}.json"
    assert delivery.submit() == Accepted(ExternalRef(name), "published")
    assert files.done == ["make_folder", "write_new", "checkpoint", "move"]
    assert (delivery.visible(), delivery.staged()) == ([name], [])
    assert (tmp_path / name).read_bytes() == awkward_order(number="4500012").to_json_bytes()
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o640


def test_a_worker_that_stages_after_another_published_cannot_make_a_second_file(tmp_path: Path) -> None:
    delivery = Delivery(tmp_path)
    delivery.submit()
    [name] = delivery.visible()
    (tmp_path / name).unlink()
    # The one that was overtaken wakes and stages, and stops at its checkpoint; its file stays behind.
    late = tmp_path / ".staging" / f"{'0' * 32}-{name}"
    LocalFiles().write_new(late, b"{}")
    # The one that published ended before it could say so, and a third resumes from its ref.
    assert delivery.submit(resume=delivery.refs[0]) == Accepted(ExternalRef(name), "published")
    assert delivery.visible() == []


@pytest.mark.parametrize(
    ("number", "label"),
    [
        ("4500012", "4500012"),
        ("../../etc/passwd", "etc_passwd"),
        ("/abs", "abs"),
        ("a\x00b\nc", "a_b_c"),
        ("..", "unnamed"),
        (".hidden", "hidden"),
        ("Ä-1", "-1"),
        ("9" * 500, "9" * 40),
        ("CON.txt", "CON_txt"),
    ],
)
def test_a_partners_number_is_a_label_and_never_a_path(tmp_path: Path, number: str, label: str) -> None:
    delivery = Delivery(tmp_path)
    assert isinstance(delivery.submit(number=number), Accepted)
    assert delivery.visible() == [f"purchase_order.{label}.{REFERENCE}.json"]


@given(st.text(min_size=1, max_size=300))
def test_whatever_the_number_the_name_is_short_and_plain(number: str) -> None:
    name = file_name("purchase_order", number, REFERENCE)
    assert len(name) < 128
    assert name.isascii()
    assert not set(name) & set("/\\\0 ")
    assert name.count(".") == 3
    assert not name.startswith(".")


@pytest.mark.parametrize("reference", ["", "short", "../../../x/y", "a" * 65, "with space", "a.b.c.d.e.f", "*" * 12])
def test_a_reference_that_cannot_stand_in_a_name_is_a_misuse(tmp_path: Path, reference: str) -> None:
    with pytest.raises(AdapterMisused):
        file_name("purchase_order", "PO-1", reference)
    with pytest.raises(AdapterMisused):
        FolderAdapter(FolderConfig(path=tmp_path)).probe(reference)


@pytest.mark.parametrize("failing", ["make_folder", "write_new"])
def test_a_full_disk_before_the_checkpoint_pauses_the_destination(tmp_path: Path, failing: str) -> None:
    files = RecordingFiles(failing=failing)
    delivery = Delivery(tmp_path, files)
    outcome = delivery.submit()
    assert isinstance(outcome, Retry)
    assert (outcome.scope, outcome.after) == ("target", timedelta(seconds=5))
    assert outcome.reason.startswith("No space left on device: ")
    assert delivery.refs == []
    files.failing = ""
    assert isinstance(delivery.submit(), Accepted)


def test_a_disk_error_after_the_checkpoint_is_finished_by_a_resume(tmp_path: Path) -> None:
    files = RecordingFiles(failing="move", error=errno.EIO)
    delivery = Delivery(tmp_path, files)
    assert isinstance(delivery.submit(), Retry)
    files.failing = ""
    assert isinstance(delivery.submit(resume=delivery.refs[0]), Accepted)
    assert len(delivery.visible()) == 1
    assert len(delivery.refs) == 1


def test_a_folder_that_is_gone_is_waited_for_and_never_made(tmp_path: Path) -> None:
    delivery = Delivery(tmp_path / "mount")
    assert isinstance(delivery.submit(), Retry)
    assert not (tmp_path / "mount").exists()


def test_a_folder_is_made_where_the_settings_say_so(tmp_path: Path) -> None:
    delivery = Delivery(tmp_path / "erp", create=True)
    assert delivery.adapter.check().ok
    assert not (tmp_path / "erp").exists()
    assert isinstance(delivery.submit(), Accepted)
    assert delivery.adapter.check().ok


def test_an_empty_mount_point_is_no_proof_that_a_file_was_published(tmp_path: Path) -> None:
    files = RecordingFiles(failing="move")
    delivery = Delivery(tmp_path / "erp", files, create=True)
    assert isinstance(delivery.submit(), Retry)
    files.failing = ""
    (tmp_path / "erp").rename(tmp_path / "unmounted")
    assert isinstance(delivery.submit(resume=delivery.refs[0]), Retry)
    (tmp_path / "erp").mkdir()
    assert isinstance(delivery.submit(resume=delivery.refs[0]), Retry)
    (tmp_path / "erp/.staging").mkdir()
    outcome = delivery.submit(resume=delivery.refs[0])
    assert isinstance(outcome, Uncertain)
    assert "ask the receiver" in outcome.reason
    (tmp_path / "erp").rename(tmp_path / "other")
    (tmp_path / "unmounted").rename(tmp_path / "erp")
    assert isinstance(delivery.submit(resume=delivery.refs[0]), Accepted)
    assert len(delivery.visible()) == 1


@pytest.mark.parametrize(
    "ref", ["", "x", f"purchase_order.1.{REFERENCE}.json", f"1:{'0' * 32}-../../a.b.{REFERENCE}.json"]
)
def test_a_ref_that_no_checkpoint_gave_is_a_misuse(tmp_path: Path, ref: str) -> None:
    with pytest.raises(AdapterMisused):
        Delivery(tmp_path).submit(resume=ExternalRef(ref))


def test_a_probe_finds_the_file_while_it_lies_there(tmp_path: Path) -> None:
    delivery = Delivery(tmp_path)
    assert delivery.adapter.probe(REFERENCE) is None
    delivery.submit()
    [name] = delivery.visible()
    assert delivery.adapter.probe(REFERENCE) == ExternalRef(name)


def test_a_check_says_what_is_missing(tmp_path: Path) -> None:
    report = Delivery(tmp_path / "mount").adapter.check()
    assert not report.ok
    assert "make it, or mount it" in report.findings[0].message
    assert not Delivery(tmp_path / "a/b", create=True).adapter.check().ok
    delivery = Delivery(tmp_path)
    delivery.submit()
    assert [finding.name for finding in delivery.adapter.check().findings] == [
        "folder",
        "writable",
        "one file system",
    ]


def test_what_could_not_be_written_whole_is_removed(tmp_path: Path) -> None:
    program = (
        "import pathlib, resource, signal\n"
        "from gateway.adapters.files import LocalFiles\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        "    LocalFiles().write_new(pathlib.Path('file'), b'x' * 5000)\n"
        "except OSError as error:\n"
        "    print(error.strerror)\n"
    )
    root = Path(__file__).parents[3]
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert run.stdout == "File too large\n"
    assert list(tmp_path.iterdir()) == []


def test_a_new_file_never_replaces_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"first")
    with pytest.raises(FileExistsError):
        LocalFiles().write_new(tmp_path / "file", b"second")
    assert (tmp_path / "file").read_bytes() == b"first"


def test_a_kind_reads_its_settings_and_makes_its_adapter(tmp_path: Path) -> None:
    config = read_config(FOLDER, {"path": "out/erp", "create": "true"}, home=tmp_path)
    assert config == FolderConfig(path=tmp_path / "out/erp", create=True)
    assert FolderConfig.model_validate_json(config.model_dump_json()) == config
    adapter: Adapter = make_adapter(FOLDER, config)
    assert adapter.manifest.name == "folder"


def test_an_absolute_path_stays_and_a_relative_one_needs_a_home(tmp_path: Path) -> None:
    assert read_config(FOLDER, {"path": "/srv/erp"}, home=tmp_path) == FolderConfig(path=Path("/srv/erp"))
    with pytest.raises(ValueError, match="want an absolute path"):
        FolderConfig(path=Path("erp"))


def test_an_adapter_is_not_made_of_another_kinds_settings() -> None:
    with pytest.raises(AdapterMisused, match="this adapter wants a FolderConfig, not a Rate"):
        make_adapter(FOLDER, Rate(requests=1, seconds=1))


def test_a_decimal_stands_in_the_file_as_text(tmp_path: Path) -> None:
    delivery = Delivery(tmp_path)
    delivery.submit()
    [name] = delivery.visible()
    assert b'"price":"0.1"' in (tmp_path / name).read_bytes()
    assert awkward_order().lines[0].price == Decimal("0.10")
