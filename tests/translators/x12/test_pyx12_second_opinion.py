"""The second opinion notices what it should: it is no use if it says yes to everything."""

from __future__ import annotations

import pytest

from translators.x12._pyx12 import second_opinion

ISA = "ISA*00*          *00*          *01*987654321      *ZZ*BUYER          *240305*0907*U*00401*000000005*0*P*>~"
FUNCTIONAL = (
    ISA + "GS*FA*SELLER*BUYER*20240305*0907*6*X*004010~ST*997*0001~AK1*HC*12~AK2*837*0001~AK3*CLM*5**8~"
    "AK4*5>1*1331*1*AB~AK5*R*5~AK9*R*1*1*0~SE*8*0001~GE*1*6~IEA*1*000000005~"
)
NOTE = ISA + "TA1*000000077*240304*1530*A*000~IEA*0*000000005~"


def test_a_good_997_and_a_good_ta1_are_accepted() -> None:
    assert second_opinion(FUNCTIONAL.encode()).accepted
    assert second_opinion(NOTE.encode()).accepted
    assert second_opinion((NOTE + FUNCTIONAL.replace("000000005", "000000006")).encode()).accepted


def test_codes_of_other_industries_are_accepted_only_when_said() -> None:
    orders = FUNCTIONAL.replace("AK1*HC", "AK1*PO").replace("AK2*837", "AK2*850").encode()
    assert not second_opinion(orders).accepted
    assert second_opinion(orders, also_allowed={"AK101": {"PO"}, "AK201": {"850"}}).accepted
    assert not second_opinion(orders, also_allowed={"AK101": {"PO"}}).accepted


@pytest.mark.parametrize(
    ("good", "bad", "code", "place"),
    [
        ("SE*8*", "SE*9*", "4", "st"),
        ("AK9*R*1*1*0~", "", "3", "SE"),
        ("AK9*R*1*1*0~", "AK9*R*1*1~", "1", "AK904"),
        ("AK9*R*1*1*0~", "AK9*R*1*1*0*7~", "7", "AK905"),
        ("AK4*5>1*", "AK4*x>1*", "6", "AK401-01"),
        ("*1*AB~", "*1*" + "A" * 100 + "~", "5", "AK404"),
        ("AK5*R*5~", "AK5*R*5~QQ*1~", "1", "QQ"),
        ("AK5*R*5~", "AK5*R*5~~", "", ""),
        ("*20240305*", "*20240335*", "8", "GS04"),
        ("GE*1*6~", "GE*1*7~", "4", "gs"),
        ("IEA*1*", "IEA*2*", "021", "isa"),
        ("IEA*1*000000005~", "", "023", "isa"),
        ("*004010~", "*003010~", "", ""),
        ("*00401*", "*00400*", "", ""),
    ],
)
def test_a_fault_is_objected_to_with_its_place(good: str, bad: str, code: str, place: str) -> None:
    found = second_opinion(FUNCTIONAL.replace(good, bad, 1).encode())
    assert not found.accepted
    assert (code, place) in [(error.code, error.place) for error in found.errors]


def test_what_is_no_x12_is_refused_with_a_reason() -> None:
    found = second_opinion(b"hello")
    assert not found.accepted
    assert "ISA" in found.errors[0].message
