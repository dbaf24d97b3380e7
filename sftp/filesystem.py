"""The virtual tree of one session: `/in /out /archive/CCYYMMDD /error /test`, and what may be done where."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from enum import IntFlag

from sftp.errors import AlreadyThereError, NotAllowedError, NotThereError
from sftp.paths import ArchiveRoot, FilePath, Location, Root, locate, normalise
from sftp.ports import Area, Place
from sftp.transfers import Facts, Reading, Surroundings, Upload, facts_of
from translators.errors import shown


class Flags(IntFlag):
    """How a file is opened (draft-ietf-secsh-filexfer-02, section 6.3)."""

    READ = 1
    WRITE = 2
    APPEND = 4
    CREATE = 8
    TRUNCATE = 16
    EXCLUSIVE = 32


class Tree:
    """One session's view of a mailbox: paths in, facts and open files out; refusals are RequestError."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._mailbox = around.mailbox
        self._account = around.account
        self._log = around.log

    def stat(self, raw: bytes) -> Facts:
        """What a path is.

        Raises:
            NotThereError: nothing there.
        """
        location = self._locate(raw)
        match location:
            case Root() | ArchiveRoot():
                return self._folder("")
            case Place(day=day):
                self._check_day(day)
                return self._folder("", day)
            case FilePath(place, name):
                entry = self._mailbox.entry(self._account, place, name)
                if entry is None:
                    raise NotThereError(f"no file {place}/{shown(name)}")
                return facts_of(place, entry)

    def entries(self, raw: bytes) -> Iterator[Facts]:
        """What is in a folder, as it comes.

        Raises:
            NotThereError: no such folder, or a file.
        """
        location = self._locate(raw)
        match location:
            case Root():
                return iter([self._folder(area.value) for area in self._account.areas])
            case ArchiveRoot():
                return (self._folder(f"{day:%Y%m%d}", day) for day in self._mailbox.days(self._account))
            case Place(day=day):
                self._check_day(day)
                return (facts_of(location, entry) for entry in self._mailbox.entries(self._account, location))
            case FilePath(place, name):
                raise NotThereError(f"{place}/{shown(name)} is no folder")

    def open(self, raw: bytes, flags: Flags) -> Upload | Reading:
        """Open a file, for writing in a drop folder or for reading in the others.

        Raises:
            RequestError: the rules forbid it, or the file is not there, or it is and must not be.
        """
        path = self._file(raw, "opened")
        if flags & (Flags.WRITE | Flags.APPEND | Flags.CREATE | Flags.TRUNCATE):
            return self._upload(path, flags)
        if path.place.area.takes_uploads:
            raise NotAllowedError(f"{path.place} is a drop folder; files are not read back from it")
        return Reading(self._around, path, self._mailbox.open_download(self._account, path.place, path.name))

    def remove(self, raw: bytes) -> None:
        """Delete a file from a drop folder or from `/out`."""
        path = self._file(raw, "removed")
        if not (path.place.area.takes_uploads or path.place.area is Area.OUT):
            raise NotAllowedError(f"{path.place} is read only")
        self._mailbox.remove(self._account, path.place, path.name)
        self._log.info("sftp.remove", folder=str(path.place), file=shown(path.name))

    def rename(self, raw_source: bytes, raw_target: bytes, *, replace: bool) -> None:
        """Rename within one drop folder; a held file counts from here on, unless its new name holds it again."""
        source, target = self._file(raw_source, "renamed"), self._file(raw_target, "a new name")
        if source.place != target.place:
            raise NotAllowedError(f"files stay in their folder; {source.place} is not {target.place}")
        if not source.place.area.takes_uploads:
            raise NotAllowedError(f"files in {source.place} keep their names")
        counts = not self._account.pick_up.holds(target.name)
        self._mailbox.rename(
            self._account, source.place, source.name, target.name, replace=replace or source == target, counts=counts
        )
        self._log.info(
            "sftp.rename", folder=str(source.place), file=shown(source.name), to=shown(target.name), counts=counts
        )

    def make_folder(self, raw: bytes) -> None:
        """Never granted; a folder that is there answers so."""
        if isinstance(self._locate(raw), FilePath):
            raise NotAllowedError("folders cannot be made here")
        raise AlreadyThereError("the folder is there already")

    def remove_folder(self, raw: bytes) -> None:
        """Never granted."""
        self._locate(raw)
        raise NotAllowedError("folders cannot be removed here")

    def _upload(self, path: FilePath, flags: Flags) -> Upload:
        place, name = path.place, path.name
        if not place.area.takes_uploads:
            raise NotAllowedError(f"{place} takes no files; drop them in /in")
        truncates = Flags.TRUNCATE in flags and Flags.CREATE in flags and Flags.EXCLUSIVE not in flags
        before = None if truncates else self._mailbox.entry(self._account, place, name)
        if before is not None and Flags.CREATE in flags and Flags.EXCLUSIVE in flags:
            raise AlreadyThereError(f"{place}/{shown(name)} is there already")
        if before is None and Flags.CREATE not in flags:
            raise NotThereError(f"no file {place}/{shown(name)}")
        upload = Upload(self._around, path, appends=Flags.APPEND in flags)
        if before is not None and Flags.TRUNCATE not in flags and before.size:
            try:
                self._fetch_back(upload, path)
            except BaseException:
                upload.discard()
                raise
        return upload

    def _fetch_back(self, upload: Upload, path: FilePath) -> None:
        download = self._mailbox.open_download(self._account, path.place, path.name)
        try:
            upload.fill(download)
        finally:
            download.close(complete=False)

    def _file(self, raw: bytes, verb: str) -> FilePath:
        location = self._locate(raw)
        if not isinstance(location, FilePath):
            raise NotAllowedError(f"a folder cannot be {verb}")
        return location

    def _locate(self, raw: bytes) -> Location:
        return locate(self._account, normalise(raw))

    def _check_day(self, day: date | None) -> None:
        if day is not None and day not in self._mailbox.days(self._account):
            raise NotThereError(f"no folder {Place(Area.ARCHIVE, day)}")

    def _folder(self, name: str, day: date | None = None) -> Facts:
        at = self._around.now() if day is None else datetime.combine(day, time(), UTC)
        return Facts(name, True, 0, at, False)
