"""Checkpoints: a log that was cut off or rewritten whole is found by what was signed and kept outside."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.errors import CheckpointRefused, SigningKeyRefused
from gateway.evidence import checkpoints
from gateway.evidence.checkpoints import CheckpointFolder
from gateway.evidence.signing import KEY_FILE, SigningKey, signing_key
from gateway.evidence.verify import checkpoint_holds, read_checkpoint
from gateway.store.audit import AuditFault, AuditFaultKind, ChainPoint, Sealer, record, verify
from gateway.store.engine import Store

AT = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return signing_key(tmp_path)


def write(store: Store, count: int) -> None:
    with store.begin() as conn:
        for number in range(count):
            record(conn, at=AT, actor="a", action="b", subject="c", subject_id=str(number), detail={})


def run(store: Store, *statements: str) -> None:
    with store.begin() as conn:
        for statement in statements:
            conn.execute(text(statement))


def forget_everything(store: Store) -> None:
    """What somebody with the database's password does to begin a log anew."""
    run(
        store,
        "TRUNCATE audit, audit_seal RESTART IDENTITY",
        "UPDATE audit_head SET position = 0, seal = decode(repeat('00', 32), 'hex'), settled_seq = 0",
    )


def point(taken: checkpoints.Checkpoint) -> ChainPoint:
    return ChainPoint(taken.position, taken.seal)


def test_a_log_that_only_grew_passes_through_its_checkpoint(fresh_store: Store, key: SigningKey) -> None:
    write(fresh_store, 4)
    taken = checkpoints.take(fresh_store, key, at=AT)
    assert taken.position == 4
    write(fresh_store, 3)
    Sealer(fresh_store).seal_pending()
    assert verify(fresh_store, known=point(taken)).ok


def test_a_log_rewritten_whole_is_found_by_the_checkpoint_alone(fresh_store: Store, key: SigningKey) -> None:
    write(fresh_store, 4)
    taken = checkpoints.take(fresh_store, key, at=AT)
    forget_everything(fresh_store)
    write(fresh_store, 4)
    run(fresh_store, "UPDATE audit SET actor = 'nobody' WHERE seq = 2")
    Sealer(fresh_store).seal_pending()
    assert verify(fresh_store).ok
    assert verify(fresh_store, known=point(taken)).faults == (AuditFault(AuditFaultKind.REWRITTEN, 4, 4),)


def test_a_log_cut_off_with_its_head_is_found_by_the_checkpoint_alone(fresh_store: Store, key: SigningKey) -> None:
    write(fresh_store, 6)
    taken = checkpoints.take(fresh_store, key, at=AT)
    run(
        fresh_store,
        "DELETE FROM audit_seal WHERE position > 4",
        "DELETE FROM audit WHERE seq > 4",
        "UPDATE audit_head SET position = 4, settled_seq = 4, seal = (SELECT seal FROM audit_seal WHERE position = 4)",
        "SELECT setval('audit_seq_seq', 4)",
    )
    assert verify(fresh_store).ok
    assert verify(fresh_store, known=point(taken)).faults == (AuditFault(AuditFaultKind.TRUNCATED, None, 5),)


def test_a_checkpoint_is_a_text_that_names_its_key_and_moment(fresh_store: Store, key: SigningKey) -> None:
    written = checkpoints.text_of(checkpoints.take(fresh_store, key, at=AT))
    lines = written.splitlines()
    assert lines[:4] == [
        "tradelane-checkpoint/1",
        "position 0",
        f"seal {bytes(32).hex()}",
        "at 2026-01-05T09:30:00+00:00",
    ]
    assert checkpoint_holds(read_checkpoint(written))


@pytest.mark.parametrize("line", range(6))
def test_a_checkpoint_changed_in_any_line_is_refused(
    fresh_store: Store, key: SigningKey, tmp_path: Path, line: int
) -> None:
    lines = checkpoints.text_of(checkpoints.take(fresh_store, key, at=AT)).splitlines(keepends=True)
    lines[line] = lines[line][:-2] + ("1" if lines[line][-2] != "1" else "2") + "\n"
    path = tmp_path / "changed.checkpoint"
    path.write_text("".join(lines))
    with pytest.raises(CheckpointRefused):
        checkpoints.read(path, key=key.public)


def test_a_checkpoint_of_another_gateway_is_refused(fresh_store: Store, key: SigningKey, tmp_path: Path) -> None:
    path = tmp_path / "other.checkpoint"
    path.write_text(checkpoints.text_of(checkpoints.take(fresh_store, signing_key(tmp_path / "other"), at=AT)))
    with pytest.raises(CheckpointRefused, match="is signed by"):
        checkpoints.read(path, key=key.public)


def test_a_checkpoint_is_written_when_the_last_is_old_enough(
    fresh_store: Store, key: SigningKey, tmp_path: Path
) -> None:
    folder = CheckpointFolder(tmp_path, timedelta(hours=24))
    write(fresh_store, 2)
    first = folder.write_due(fresh_store, key, at=AT)
    assert first is not None
    assert first.name == "20260105T093000Z-2.checkpoint"
    assert checkpoints.read(first, key=key.public).position == 2
    write(fresh_store, 1)
    assert folder.write_due(fresh_store, key, at=AT + timedelta(hours=23)) is None
    second = folder.write_due(fresh_store, key, at=AT + timedelta(hours=24))
    assert second is not None
    assert checkpoints.read(second, key=key.public).position == 3
    reached = folder.first_from(1, key=key.public)
    assert reached is not None
    assert reached.position == 2
    assert folder.first_from(4, key=key.public) is None


def test_a_folder_that_is_not_there_is_an_error_and_is_not_made(
    fresh_store: Store, key: SigningKey, tmp_path: Path
) -> None:
    gone = tmp_path / "not-mounted"
    with pytest.raises(FileNotFoundError):
        CheckpointFolder(gone, timedelta(hours=1)).write_due(fresh_store, key, at=AT)
    assert not gone.exists()


def test_the_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    made = signing_key(tmp_path)
    assert signing_key(tmp_path).public == made.public
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "audit").iterdir()] == ["signing.key"]


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    signing_key(tmp_path)
    (tmp_path / KEY_FILE).chmod(0o644)
    with pytest.raises(SigningKeyRefused, match="read by others"):
        signing_key(tmp_path)


def test_a_file_that_is_no_key_is_refused(tmp_path: Path) -> None:
    signing_key(tmp_path)
    (tmp_path / KEY_FILE).write_text("nothing")
    with pytest.raises(SigningKeyRefused, match="no private key"):
        signing_key(tmp_path)
