"""The conversation without SSH: packets in, packets out, and an input that ends wherever it likes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from sftp.conversation import Conversation
from sftp.errors import BadMessageError, MailboxUnavailableError, Status
from sftp.filesystem import Tree
from sftp.memory import MemoryMailbox
from sftp.ports import Account, AccountLimits, Area, EntryState, Place
from sftp.transfers import Surroundings
from sftp.wire import Kind, counted, packet

IN = Place(Area.IN)
INIT = packet(Kind.INIT, struct.pack(">I", 3))
WRITE_NEW, READ, APPEND = 2 | 8 | 16, 1, 2 | 8 | 4
NO_ATTRIBUTES = struct.pack(">I", 0)
FIRST_HANDLE = counted(b"1")


def number(value: int) -> bytes:
    return struct.pack(">I", value)


def opened(path: bytes, flags: int, request: int = 1) -> bytes:
    return packet(Kind.OPEN, number(request), counted(path), number(flags), NO_ATTRIBUTES)


def written(offset: int, block: bytes, request: int = 2) -> bytes:
    return packet(Kind.WRITE, number(request), FIRST_HANDLE, struct.pack(">Q", offset), counted(block))


def closed(request: int = 3) -> bytes:
    return packet(Kind.CLOSE, number(request), FIRST_HANDLE)


class Talk:
    """Runs a conversation over given bytes; remembers the answers."""

    def __init__(
        self,
        mailbox: MemoryMailbox | None = None,
        limits: AccountLimits | None = None,
        *,
        spool_folder: Path | None = None,
    ) -> None:
        self.spool_folder = spool_folder
        self.mailbox = mailbox or MemoryMailbox()
        self.account = Account("acme", limits=limits or AccountLimits())
        self.sent = bytearray()
        self.refused: list[tuple[str, str]] = []

    def conversation(self) -> Conversation:
        log = structlog.get_logger().bind()
        return Conversation(
            Tree(Surroundings(self.mailbox, self.account, log, self.spool_folder)),
            send=self.send,
            progress=lambda: None,
            open_files=self.account.limits.open_files,
            refused=lambda what, error: self.refused.append((what, str(error))),
        )

    def run(self, pieces: Iterator[bytes]) -> None:
        conversation = self.conversation()
        try:
            for piece in pieces:
                conversation.take(piece)
        finally:
            conversation.end("the input is over")

    def send(self, answers: bytes) -> bool:
        self.sent += answers
        return True

    def say(self, *packets: bytes) -> list[tuple[int, bytes]]:
        self.run(iter([INIT, *packets]))
        return self.answers()[1:]

    def answers(self) -> list[tuple[int, bytes]]:
        found, at = [], 0
        while at < len(self.sent):
            (length,) = struct.unpack_from(">I", self.sent, at)
            found.append((self.sent[at + 4], bytes(self.sent[at + 5 : at + 4 + length])))
            at += 4 + length
        return found


def code(answer: tuple[int, bytes]) -> Status:
    assert answer[0] == Kind.STATUS
    return Status(struct.unpack_from(">I", answer[1], 4)[0])


def test_a_whole_upload_counts() -> None:
    talk = Talk()
    answers = talk.say(opened(b"/in/a.edi", WRITE_NEW), written(0, b"ISA"), closed())
    assert [kind for kind, _ in answers] == [Kind.HANDLE, Kind.STATUS, Kind.STATUS]
    assert [one.content for one in talk.mailbox.counted] == [b"ISA"]


def test_an_upload_cut_after_any_byte_counts_whole_or_not_at_all() -> None:
    stream = INIT + opened(b"/in/a.edi", WRITE_NEW) + written(0, b"ISA*00") + written(6, b"*IEA~") + closed()
    for end in range(len(stream)):
        talk = Talk()
        talk.run(iter([stream[:end]]))
        assert talk.mailbox.counted == [], f"cut after byte {end}"
        kept = talk.mailbox.kept("acme", IN, "a.edi")
        assert kept is None or kept.entry.state is EntryState.PARTIAL
    whole = Talk()
    whole.run(iter([stream]))
    assert [one.content for one in whole.mailbox.counted] == [b"ISA*00*IEA~"]


class SlowTalk(Talk):
    """One whose answers do not go out for now."""

    def send(self, answers: bytes) -> bool:
        super().send(answers)
        return False


def test_nothing_is_served_while_answers_wait_to_go_out() -> None:
    talk = SlowTalk()
    conversation = talk.conversation()
    conversation.take(INIT)
    assert conversation.is_held
    conversation.take(opened(b"/in/a.edi", WRITE_NEW) + written(0, b"ISA") + closed())
    assert talk.mailbox.counted == []
    assert [kind for kind, _ in talk.answers()] == [Kind.VERSION]
    conversation.go_on()
    assert [kind for kind, _ in talk.answers()] == [Kind.VERSION, Kind.HANDLE, Kind.STATUS, Kind.STATUS]
    assert [one.content for one in talk.mailbox.counted] == [b"ISA"]


def test_it_makes_no_difference_how_the_bytes_come_in() -> None:
    stream = INIT + opened(b"/in/a.edi", WRITE_NEW) + written(0, b"ISA") + closed()
    together, single = Talk(), Talk()
    together.run(iter([stream]))
    single.run(stream[at : at + 1] for at in range(len(stream)))
    assert together.answers() == single.answers()


def test_a_refused_commit_is_a_failure_of_the_close() -> None:
    talk = Talk()
    talk.mailbox.fail_next("receive", MailboxUnavailableError("postgresql is away at secret-host"))
    answers = talk.say(opened(b"/in/a.edi", WRITE_NEW), written(0, b"ISA"), closed())
    assert code(answers[-1]) is Status.FAILURE
    assert b"secret-host" not in talk.sent
    assert talk.mailbox.counted == []


def test_a_handle_is_gone_after_a_failed_close() -> None:
    talk = Talk()
    talk.mailbox.fail_next("receive", MailboxUnavailableError("away"))
    answers = talk.say(opened(b"/in/a.edi", WRITE_NEW), written(0, b"ISA"), closed(), closed())
    assert [code(answer) for answer in answers[-2:]] == [Status.FAILURE, Status.BAD_MESSAGE]
    assert talk.mailbox.counted == []


def test_a_file_over_the_limit_fails_even_if_the_client_goes_on() -> None:
    talk = Talk(limits=AccountLimits(file_bytes=4))
    answers = talk.say(
        opened(b"/in/a.edi", WRITE_NEW), written(0, b"1234"), written(4, b"5"), written(0, b"12"), closed()
    )
    assert [code(answer) for answer in answers[1:]] == [Status.OK, Status.FAILURE, Status.OK, Status.FAILURE]
    assert talk.mailbox.counted == []


def test_a_write_far_out_takes_no_room() -> None:
    talk = Talk()
    answers = talk.say(opened(b"/in/a.edi", WRITE_NEW), written(1 << 62, b"x"), closed())
    assert [code(answer) for answer in answers[1:]] == [Status.FAILURE, Status.FAILURE]


def test_a_file_with_a_gap_is_not_taken() -> None:
    talk = Talk()
    answers = talk.say(opened(b"/in/a.edi", WRITE_NEW), written(0, b"ISA"), written(4, b"IEA"), closed())
    assert code(answers[-1]) is Status.FAILURE
    kept = talk.mailbox.kept("acme", IN, "a.edi")
    assert kept is not None
    assert (kept.content, kept.entry.state) == (b"ISA", EntryState.PARTIAL)


def test_blocks_out_of_order_make_the_same_file() -> None:
    talk = Talk()
    talk.say(opened(b"/in/a.edi", WRITE_NEW), written(3, b"IEA"), written(0, b"ISA"), closed())
    assert [one.content for one in talk.mailbox.counted] == [b"ISAIEA"]


def test_a_file_scattered_over_too_many_pieces_is_refused() -> None:
    talk = Talk()
    blocks = [written(2 * at, b"x") for at in range(1, 1026)]
    answers = talk.say(opened(b"/in/a.edi", WRITE_NEW), *blocks, closed())
    assert [code(answer) for answer in answers[1:]].count(Status.FAILURE) == 2
    assert talk.mailbox.counted == []


def test_a_resume_that_is_interrupted_again_never_counts() -> None:
    # OpenSSH's client sends FSETSTAT with a size, then an ordinary CLOSE, when a reput is interrupted
    talk = Talk()
    talk.run(iter([INIT, opened(b"/in/a.edi", WRITE_NEW), written(0, b"ISA")]))
    again = Talk(talk.mailbox)
    cut = packet(Kind.FSETSTAT, number(4), FIRST_HANDLE, number(1), struct.pack(">Q", 0))
    answers = again.say(opened(b"/in/a.edi", APPEND), written(3, b"*0"), cut, closed())
    assert [code(answer) for answer in answers[1:]] == [Status.OK, Status.OK, Status.FAILURE]
    assert talk.mailbox.counted == []
    kept = talk.mailbox.kept("acme", IN, "a.edi")
    assert kept is not None
    assert kept.content == b"ISA*0"


def test_a_file_written_in_place_is_cut_to_its_new_length() -> None:
    # as scp does: open without TRUNC, write, FSETSTAT with the size written, CLOSE
    talk = Talk()
    talk.say(opened(b"/in/a.edi", WRITE_NEW), written(0, b"a longer one"), closed())
    again = Talk(talk.mailbox)
    cut = packet(Kind.FSETSTAT, number(4), FIRST_HANDLE, number(1), struct.pack(">Q", 3))
    again.say(opened(b"/in/a.edi", 2 | 8), written(0, b"ISA"), cut, closed())
    assert [one.content for one in talk.mailbox.counted] == [b"a longer one", b"ISA"]


def test_a_file_does_not_grow_by_setting_its_size() -> None:
    talk = Talk()
    grow = packet(Kind.FSETSTAT, number(4), FIRST_HANDLE, number(1), struct.pack(">Q", 1 << 40))
    answers = talk.say(opened(b"/in/a.edi", WRITE_NEW), grow, written(0, b"ISA"), closed())
    assert code(answers[1]) is Status.OP_UNSUPPORTED
    assert [one.content for one in talk.mailbox.counted] == [b"ISA"]


def test_no_more_files_are_open_than_allowed() -> None:
    talk = Talk(limits=AccountLimits(open_files=3))
    answers = talk.say(*(opened(b"/in/%d" % at, WRITE_NEW, at) for at in range(5)))
    assert [kind for kind, _ in answers] == [Kind.HANDLE] * 3 + [Kind.STATUS] * 2


def test_a_read_never_asks_the_mailbox_for_more_than_one_block() -> None:
    mailbox = MemoryMailbox()
    mailbox.place("acme", Place(Area.OUT), "big", bytes(1 << 20))
    read = packet(Kind.READ, number(2), FIRST_HANDLE, struct.pack(">QI", 0, 0xFFFFFFFF))
    answers = Talk(mailbox).say(opened(b"/out/big", READ), read)
    assert answers[1][0] == Kind.DATA
    assert len(answers[1][1]) < 257 * 1024


def test_a_long_folder_is_listed_page_by_page() -> None:
    mailbox = MemoryMailbox()
    for at in range(250):
        mailbox.place("acme", Place(Area.OUT), f"{at:03}", b"x")
    page = packet(Kind.READDIR, number(2), FIRST_HANDLE)
    answers = Talk(mailbox).say(packet(Kind.OPENDIR, number(1), counted(b"/out")), page, page, page, page)
    assert [struct.unpack_from(">I", body, 4)[0] for kind, body in answers if kind == Kind.NAME] == [100, 100, 50]
    assert code(answers[-1]) is Status.EOF


@pytest.mark.parametrize(
    "request_",
    [
        packet(Kind.SYMLINK, number(1), counted(b"/etc/passwd"), counted(b"/in/a")),
        packet(Kind.READLINK, number(1), counted(b"/in/a")),
        packet(Kind.EXTENDED, number(1), counted(b"hardlink@openssh.com"), counted(b"/in/a"), counted(b"/in/b")),
        packet(Kind.EXTENDED, number(1), counted(b"copy-data")),
        packet(Kind.EXTENDED, number(1), counted(b"check-file"), FIRST_HANDLE),
        struct.pack(">IBI", 5, 99, 1),
    ],
)
def test_links_and_the_unknown_are_not_supported(request_: bytes) -> None:
    assert [code(answer) for answer in Talk().say(request_)] == [Status.OP_UNSUPPORTED]


@pytest.mark.parametrize(
    "request_",
    [
        packet(Kind.OPEN, number(1)),
        packet(Kind.OPEN, number(1), counted(b"/in/a")),
        packet(Kind.OPEN, number(1), number(0xFFFFFFFF), b"/in/a"),
        packet(Kind.CLOSE, number(1), counted(b"77")),
        packet(Kind.READ, number(1), counted(b"77"), struct.pack(">QI", 0, 1)),
        packet(Kind.FSTAT, number(1), counted(b"")),
        packet(Kind.READDIR, number(1), counted(b"1")),
        packet(Kind.SETSTAT, number(1), counted(b"/in"), number(0x80000000), number(0xFFFFFFFF)),
    ],
)
def test_a_request_that_cannot_be_read_is_answered_so_and_the_session_goes_on(request_: bytes) -> None:
    answers = Talk().say(request_, packet(Kind.REALPATH, number(2), counted(b".")))
    assert code(answers[0]) is Status.BAD_MESSAGE
    assert answers[1][0] == Kind.NAME


@pytest.mark.parametrize(
    "stream",
    [b"GET / HTTP/1.1\r\n\r\n", struct.pack(">IB", 1 << 30, 1), struct.pack(">I", 0), INIT + b"\xff" * 8, INIT[4:] * 5],
)
def test_what_is_no_sftp_ends_the_session(stream: bytes) -> None:
    with pytest.raises(BadMessageError):
        Talk().run(iter([stream]))


KINDS = st.sampled_from([*range(24), 101, 200, 201, 255])
FIELDS = st.one_of(
    st.integers(0, 2**32 - 1).map(number),
    st.integers(0, 2**64 - 1).map(lambda value: struct.pack(">Q", value)),
    st.sampled_from([b"1", b"2", b"/in/a", b"/out/a", b"/archive", b"..", b"\xff", b"/in/\x00"]).map(counted),
    st.binary(max_size=12),
)


@given(st.lists(st.tuples(KINDS, st.lists(FIELDS, max_size=5)), max_size=12))
@settings(max_examples=150, deadline=None)
def test_any_packets_are_answered_one_for_one(requests: list[tuple[int, list[bytes]]]) -> None:
    mailbox = MemoryMailbox()
    mailbox.place("acme", Place(Area.OUT), "a", b"ours")
    stream = [struct.pack(">IBI", 5 + sum(map(len, fields)), kind, 7) + b"".join(fields) for kind, fields in requests]
    assert len(Talk(mailbox).say(*stream)) == len(requests)


@given(st.binary(max_size=200))
def test_any_bytes_end_in_an_answer_or_a_clean_refusal(junk: bytes) -> None:
    talk = Talk()
    try:
        talk.run(iter([INIT, junk]))
    except BadMessageError:
        assert len(junk) >= 4
    assert talk.mailbox.counted == []


def test_a_reset_connection_leaves_only_a_partial_file() -> None:
    mailbox = MemoryMailbox()
    talk = Talk(mailbox)

    def pieces() -> Iterator[bytes]:
        yield from (INIT, opened(b"/in/a.edi", WRITE_NEW), written(0, b"ISA"))
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        talk.run(pieces())
    kept = mailbox.kept("acme", IN, "a.edi")
    assert kept is not None
    assert kept.entry.state is EntryState.PARTIAL


def test_a_dead_connection_found_late_does_not_undo_what_was_sent_since() -> None:
    mailbox = MemoryMailbox()
    talk = Talk(mailbox)

    def pieces() -> Iterator[bytes]:
        yield from (INIT, opened(b"/in/a.tmp", WRITE_NEW), written(0, b"half"))
        Talk(mailbox).say(opened(b"/in/a.tmp", WRITE_NEW), written(0, b"whole"), closed())

    talk.run(pieces())
    kept = mailbox.kept("acme", IN, "a.tmp")
    assert kept is not None
    assert (kept.content, kept.entry.state) == (b"whole", EntryState.HELD)


def test_an_exclusive_open_wants_a_free_name_and_a_plain_one_an_existing_file() -> None:
    talk = Talk()
    exclusive, existing = 2 | 8 | 32, 2
    answers = talk.say(
        opened(b"/in/a", existing), opened(b"/in/a", exclusive), written(0, b"x"), closed(), opened(b"/in/a", exclusive)
    )
    assert code(answers[0]) is Status.NO_SUCH_FILE
    assert code(answers[-1]) is Status.FAILURE
    assert [one.content for one in talk.mailbox.counted] == [b"x"]


def test_a_block_written_inside_an_existing_file_keeps_the_rest() -> None:
    talk = Talk()
    talk.say(opened(b"/in/a", WRITE_NEW), written(0, b"ISA*00"), closed())
    Talk(talk.mailbox).say(opened(b"/in/a", 2), written(4, b"11"), closed())
    assert [one.content for one in talk.mailbox.counted] == [b"ISA*00", b"ISA*11"]


def test_a_partial_file_that_cannot_be_read_back_is_not_resumed() -> None:
    mailbox = MemoryMailbox(keep_bytes=2)
    Talk(mailbox).run(iter([INIT, opened(b"/in/a", WRITE_NEW), written(0, b"half")]))
    answers = Talk(mailbox).say(opened(b"/in/a", APPEND))
    assert code(answers[0]) is Status.FAILURE


def test_a_file_read_in_scattered_bytes_is_no_collection() -> None:
    mailbox = MemoryMailbox()
    mailbox.place("acme", Place(Area.OUT), "a", bytes(4000))
    reads = [packet(Kind.READ, number(2), FIRST_HANDLE, struct.pack(">QI", at, 1)) for at in range(0, 4000, 2)]
    whole = packet(Kind.READ, number(2), FIRST_HANDLE, struct.pack(">QI", 0, 4000))
    Talk(mailbox).say(opened(b"/out/a", READ), *reads, whole, closed())
    assert mailbox.collected == []


def test_reading_and_writing_need_the_right_kind_of_handle() -> None:
    mailbox = MemoryMailbox()
    mailbox.place("acme", Place(Area.OUT), "a", b"ours")
    resize = packet(Kind.FSETSTAT, number(4), FIRST_HANDLE, number(1), struct.pack(">Q", 0))
    answers = Talk(mailbox).say(opened(b"/out/a", READ), written(0, b"x"), resize, closed())
    assert [code(answer) for answer in answers[1:]] == [Status.PERMISSION_DENIED, Status.PERMISSION_DENIED, Status.OK]
    read = packet(Kind.READ, number(2), FIRST_HANDLE, struct.pack(">QI", 0, 1))
    answers = Talk(mailbox).say(opened(b"/in/a", WRITE_NEW), read)
    assert code(answers[1]) is Status.PERMISSION_DENIED
    setstat = packet(Kind.SETSTAT, number(4), counted(b"/out/a"), number(1), struct.pack(">Q", 1))
    assert code(Talk(mailbox).say(setstat)[0]) is Status.PERMISSION_DENIED


def test_a_full_disk_under_the_spool_is_a_failure_and_the_session_goes_on(tmp_path) -> None:
    talk = Talk(spool_folder=tmp_path / "gone")
    blocks = [written(at * 200_000, bytes(200_000)) for at in range(2)]
    answers = talk.say(opened(b"/in/a", WRITE_NEW), *blocks, closed())
    assert [code(answer) for answer in answers[1:]] == [Status.OK, Status.FAILURE, Status.FAILURE]
    assert talk.mailbox.counted == []


def test_what_is_refused_is_told_with_its_reason_and_a_question_is_no_refusal() -> None:
    talk = Talk()
    asked = [
        packet(Kind.MKDIR, number(1), counted(b"/in/new"), NO_ATTRIBUTES),
        opened(b"/in/../../etc/passwd", WRITE_NEW),
        opened(b"/out/a", WRITE_NEW),
        packet(Kind.REMOVE, number(1), counted(b"/in/a")),
        packet(Kind.SYMLINK, number(1), counted(b"/in/a"), counted(b"/in/b")),
        packet(99, number(1)),
        packet(Kind.STAT, number(1), counted(b"/in/a")),
        packet(Kind.OPENDIR, number(1), counted(b"/elsewhere")),
    ]
    talk.mailbox.fail_next("entry", MailboxUnavailableError("postgresql is away"))
    answers = talk.say(*asked, packet(Kind.STAT, number(1), counted(b"/in/a")))
    assert Status.OK not in [code(answer) for answer in answers]
    assert [what for what, _ in talk.refused] == ["mkdir", "open", "open", "remove", "symlink", "type 99", "stat"]
    reasons = dict(talk.refused)
    assert reasons["mkdir"] == "folders cannot be made here"
    assert reasons["open"] == "/out takes no files; drop them in /in"
    assert reasons["stat"] == "postgresql is away"


@pytest.mark.parametrize("path", [b"/", b"/in", b"/archive", b"/archive/20260131"])
def test_a_folder_is_a_folder(path: bytes) -> None:
    mailbox = MemoryMailbox()
    mailbox.place("acme", Place(Area.ARCHIVE, date(2026, 1, 31)), "a", b"x")
    (kind, body), missing = Talk(mailbox).say(
        packet(Kind.STAT, number(1), counted(path)), packet(Kind.LSTAT, number(1), counted(b"/archive/20260201"))
    )
    assert kind == Kind.ATTRS
    flags, _, mode = struct.unpack_from(">IQI", body, 4)
    assert (flags & 4, mode & 0o170000) == (4, 0o040000)
    assert code(missing) is Status.NO_SUCH_FILE


def test_an_appending_handle_writes_at_the_end_whatever_the_offset() -> None:
    talk = Talk()
    talk.run(iter([INIT, opened(b"/in/a", WRITE_NEW), written(0, b"ISA")]))
    Talk(talk.mailbox).say(opened(b"/in/a", APPEND), written(0, b"*0"), written(0, b"0"), closed())
    assert [one.content for one in talk.mailbox.counted] == [b"ISA*00"]
