"""The files that `bench x12` reads: an interchange of one group, good sets, no two alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

_HEAD = (
    b"ISA*00*          *00*          *ZZ*NORTHSIDE      *ZZ*TRADELANE      *260302*0915*U*00401*000000001*0*P*>~"
    b"GS*%s*NORTHSIDE*TRADELANE*20260302*0915*1*X*004010~"
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One set: its group, how many segments each has, and the set of a number."""

    code: str
    group: bytes
    segments: int
    made: Callable[[int], bytes]

    def file(self, sets: int) -> Iterator[bytes]:
        """The file, set by set."""
        yield _HEAD % self.group
        for number in range(1, sets + 1):
            yield self.made(number)
        yield _foot(sets)


def _order(number: int) -> bytes:
    lines = b"".join(
        b"PO1*%d*%d*EA*%d.%02d**UP*%012d*VN*SKU-%05d~PID*F****ARTICLE %d OF THE LINE~DTM*002*20260316~"
        % (line, number * line % 97 + 1, number % 90 + 1, line, number * 100 + line, number % 10_000, line)
        for line in range(1, 9)
    )
    return (
        b"ST*850*%09d~BEG*00*SA*PO%08d**20260302~CUR*BY*USD~REF*DP*%03d~PER*BD*JANE DOE*TE*5551234567~"
        b"ITD*01*3*2**30**31~DTM*010*20260316~TD5*O*2*UPSN*M~N1*BY*NORTHSIDE STORES*92*%05d~N3*12 FIELD ROAD~"
        b"N4*AMES*IA*50010*US~N1*ST*WAREHOUSE 7*92*W07~%sCTT*8~SE*38*%09d~"
    ) % (number, number, number % 900, number % 500, lines, number)


def _ship_notice(number: int) -> bytes:
    """Two orders of two cartons, two items in each: shipment, order, pack, item."""
    body, level = [], 1
    for order in range(2):
        level += 1
        parent = level
        body.append(b"HL*%d*1*O*1~PRF*PO%08d***20260302~" % (level, number * 2 + order))
        for carton in range(2):
            level += 1
            pack = level
            body.append(
                b"HL*%d*%d*P*1~MAN*GM*00%018d~"
                % (level, parent, (number * 2 + order) * 10 + carton)  # an SSCC's length
            )
            for item in range(2):
                level += 1
                body.append(
                    b"HL*%d*%d*I*0~LIN*%d*UP*%012d*VN*SKU-%05d~SN1*%d*%d*EA~"
                    % (level, pack, item + 1, number * 10 + item, number % 10_000, item + 1, number % 97 + 1)
                )
    return (
        b"ST*856*%09d~BSN*00*SHP%08d*20260302*0915*0001~HL*1**S*1~TD1*CTN25*4****G*%d*LB~TD5*B*2*UPSN*M~"
        b"REF*BM*BOL%09d~DTM*011*20260302~N1*SF*NORTHSIDE MILL*92*M01~N3*7 MILL LANE~N4*AMES*IA*50010*US~"
        b"N1*ST*WAREHOUSE 7*92*W07~%sCTT*%d~SE*%d*%09d~"
    ) % (number, number, number % 900 + 10, number, b"".join(body), level, 13 + 2 * 2 + 4 * 2 + 8 * 3, number)


def _invoice(number: int) -> bytes:
    quantity, cents = number % 97 + 1, number % 9000 + 100
    lines = b"".join(
        b"IT1*%d*%d*EA*%d.%02d**UP*%012d*VN*SKU-%05d~PID*F****ARTICLE %d OF THE LINE~"
        % (line, quantity, cents // 100, cents % 100, number * 100 + line, number % 10_000, line)
        for line in range(1, 9)
    )
    return (
        b"ST*810*%09d~BIG*20260302*INV%08d*20260216*PO%08d***DI~CUR*SE*USD~REF*DP*%03d~"
        b"N1*RE*NORTHSIDE MILL*92*M01~N3*7 MILL LANE~N4*AMES*IA*50010*US~N1*ST*WAREHOUSE 7*92*W07~"
        b"ITD*01*3*2**30**31~DTM*011*20260302~%sTDS*%d~SAC*C*D240***1250~CTT*8~SE*30*%09d~"
    ) % (number, number, number, number % 900, lines, 8 * quantity * cents + 1250, number)


def _acknowledgment(number: int) -> bytes:
    answers = b"".join(b"AK2*850*%09d~AK5*A~" % (number * 4 + each) for each in range(4))
    return b"ST*997*%09d~AK1*PO*%d~%sAK9*A*4*4*4~SE*12*%09d~" % (number, number, answers, number)


KINDS = {
    "850": Kind("850", b"PO", 38, _order),
    "856": Kind("856", b"SH", 49, _ship_notice),
    "810": Kind("810", b"IN", 30, _invoice),
    "997": Kind("997", b"FA", 12, _acknowledgment),
}


def of_size(kind: Kind, size: int) -> Iterator[bytes]:
    """A file of at least so many bytes in its sets, and at most one set more."""
    sets, length = 0, 0
    yield _HEAD % kind.group
    while length < size:
        sets += 1
        made = kind.made(sets)
        length += len(made)
        yield made
    yield _foot(sets)


def _foot(sets: int) -> bytes:
    return b"GE*%d*1~IEA*1*000000001~" % sets
