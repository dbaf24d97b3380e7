"""The `folder` kind: one canonical JSON file per document, which appears whole, once, and may be taken at any time.

A file is written and synced as `.staging/NONCE-NAME`; the checkpoint commits that name; then the file is renamed out.
The rename is the one effect, and can happen once: when a resumed try finds the staging file gone, it was published,
by whomever, and is never staged again. The nonce is new for each try, so that a worker that was overtaken can only
leave a file nobody will publish. The ref also names the staging folder itself (its inode), so that an empty mount
point, or a folder made anew, is not taken for proof that everything was published.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import ClassVar
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

from gateway.adapters.files import DurableFiles, LocalFiles
from gateway.adapters.protocol import (
    Accepted,
    BatchCheckpoint,
    Checkpoint,
    CheckReport,
    Duplicate,
    ExternalRef,
    Finding,
    Manifest,
    Outcome,
    Retry,
    Submission,
    Uncertain,
)
from gateway.errors import AdapterMisused
from translators.canonical.common import Document
from translators.canonical.registry import CANONICAL

STAGING = ".staging"
MAX_LABEL_LENGTH = 40
PUBLISHED = "published"

_REFERENCE = re.compile(r"[A-Za-z0-9_-]{8,64}")
_RESUMED = re.compile(r"([0-9a-f]{1,16}):([0-9a-f]{32}-([a-z0-9_]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.json))")
_NOT_IN_LABEL = re.compile(r"[^A-Za-z0-9-]+")
_RETRY_AFTER = timedelta(seconds=5)


class FolderConfig(BaseModel):
    """Where the files go.

    `path` may be relative to the home folder. `create` makes the folder (not its parents) where it is missing; leave
    it off for a mount, whose absence must not be papered over.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path
    create: bool = False

    @field_validator("path")
    @classmethod
    def _from_home(cls, path: Path, info: ValidationInfo) -> Path:
        home = (info.context or {}).get("home")
        if not path.is_absolute() and home is None:
            raise ValueError("want an absolute path")
        return path if home is None else Path(home) / path


class FolderAdapter:
    """A folder that another program reads and empties.

    Args:
        config: where.
        files: the operations on files; a test's may fail.
    """

    Config: ClassVar[type[BaseModel]] = FolderConfig

    def __init__(self, config: FolderConfig, *, files: DurableFiles | None = None) -> None:
        self._folder = config.path
        self._staging = config.path / STAGING
        self._create = config.create
        self._files = files or LocalFiles()

    @property
    def manifest(self) -> Manifest:
        """Takes every kind; a folder that is emptied can neither refuse what it had nor be asked."""
        return Manifest(
            name="folder",
            version="1",
            accepts=frozenset(model.kind for model in CANONICAL.values()),
            emits=frozenset(),
            idempotency="none",
            max_in_flight=4,
        )

    def check(self) -> CheckReport:
        """Whether the folder is there and can be written to."""
        folder = self._folder
        if not folder.is_dir():
            able = self._create and folder.parent.is_dir() and os.access(folder.parent, os.W_OK | os.X_OK)
            said = "will be made" if able else "is no folder; make it, or mount it"
            return CheckReport((Finding("folder", able, f"{folder} {said}"),))
        findings = [Finding("folder", True, str(folder))]
        writable = os.access(folder, os.W_OK | os.X_OK)
        findings.append(Finding("writable", writable, "yes" if writable else f"{folder} may not be written to by us"))
        if self._staging.is_dir():
            together = self._staging.stat().st_dev == folder.stat().st_dev
            said = "yes" if together else f"{self._staging} is on another file system, so nothing can be renamed out"
            findings.append(Finding("one file system", together, said))
        return CheckReport(tuple(findings))

    def submit(
        self,
        document: Document,
        *,
        reference: str,
        request_key: str,  # noqa: ARG002 a folder has no use for the key of a try
        resume: ExternalRef | None,
        checkpoint: Checkpoint,
    ) -> Outcome:
        """Stage, checkpoint, publish; or publish what an earlier try staged."""
        if resume is not None:
            return self._publish(resume)
        content = document.to_json_bytes()
        name = file_name(document.kind, document.identity[0], reference)
        staged = f"{uuid4().hex}-{name}"
        try:
            present = self._present(name)
            if present is not None:
                return Duplicate(ExternalRef(name), same_content=present == content)
            self._prepare()
            self._files.write_new(self._staging / staged, content)
            ref = ExternalRef(f"{self._staging.stat().st_ino:x}:{staged}")
        except OSError as error:
            return _retry(error)
        checkpoint(ref)
        return self._publish(ref)

    def submit_together(self, submissions: Sequence[Submission], checkpoint: BatchCheckpoint) -> Mapping[str, Accepted]:
        """Stage all whose name is free, checkpoint, publish; the folders are synced once for all."""
        named = {each.reference: file_name(each.kind, each.number, each.reference) for each in submissions}
        free = [each for each in submissions if not (self._folder / named[each.reference]).exists()]
        staged = {each.reference: f"{uuid4().hex}-{named[each.reference]}" for each in free}
        self._prepare()
        self._files.write_all_new(self._staging, {staged[each.reference]: each.content for each in free})
        inode = self._staging.stat().st_ino
        checkpoint({reference: ExternalRef(f"{inode:x}:{name}") for reference, name in staged.items()})
        if self._staging.stat().st_ino != inode:
            return {}
        names = {staged[each.reference]: named[each.reference] for each in free}
        self._files.move_all(self._staging, self._folder, names)
        return {each.reference: Accepted(ExternalRef(named[each.reference]), PUBLISHED) for each in free}

    def probe(self, reference: str) -> ExternalRef | None:
        """The file of this reference, while it lies in the folder."""
        _check_reference(reference)
        found = sorted(path.name for path in self._folder.glob(f"*.{reference}.json"))
        return ExternalRef(found[0]) if found else None

    def _prepare(self) -> None:
        if self._create:
            self._files.make_folder(self._folder)
        self._files.make_folder(self._staging)

    def _present(self, name: str) -> bytes | None:
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def _publish(self, staged: ExternalRef) -> Outcome:
        match = _RESUMED.fullmatch(staged.value)
        if match is None:
            raise AdapterMisused(
                f"cannot resume a folder delivery from {staged.value!r}; want what its checkpoint gave"
            )
        inode, staging_name, name = match.groups()
        try:
            if self._staging.stat().st_ino != int(inode, 16):
                return Uncertain(f"{self._staging} is not the folder {name} was staged in; ask the receiver for it")
            self._move_out(self._staging / staging_name, self._folder / name)
        except OSError as error:
            return _retry(error)
        return Accepted(ExternalRef(name), PUBLISHED)

    def _move_out(self, source: Path, target: Path) -> None:
        try:
            self._files.move(source, target)
        except FileNotFoundError:
            # Published before, by a try that may have ended before it was on the disk.
            self._files.sync_folder(self._folder)


def file_name(kind: str, number: str, reference: str) -> str:
    """The name of a document's file: kind, number and reference, of letters, digits, `_`, `-` and `.` only.

    The number is the partner's and only a label: what could mean something to a file system is replaced, the rest cut.
    """
    _check_reference(reference)
    label = _NOT_IN_LABEL.sub("_", number)[:MAX_LABEL_LENGTH].strip("_") or "unnamed"
    return f"{kind}.{label}.{reference}.json"


def _check_reference(reference: str) -> None:
    if not _REFERENCE.fullmatch(reference):
        raise AdapterMisused(f"the reference {reference!r} cannot stand in a file name")


def _retry(error: OSError) -> Retry:
    return Retry(_RETRY_AFTER, "target", f"{error.strerror}: {error.filename}" if error.filename else str(error))
