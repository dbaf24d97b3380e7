"""A revision of a profile takes effect on the running line when its day begins, and not before."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.gateway.inbound_line import file_of, segments_starting
from tests.gateway.outbound_line import Seller, answer, buyer_profile
from tests.gateway.pipeline.conftest import LineMaker
from translators.datafile import LoadError

PROFILE = buyer_profile()


def write_next(home: Path, text: str, day: str) -> None:
    folder = home / "partners" / "profiles" / "buyer"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"profile.from-{day}.yaml").write_text(text)


def test_what_is_agreed_from_a_day_on_holds_from_then_on_in_and_out(make_line: LineMaker, tmp_path: Path) -> None:
    without = PROFILE.replace('  - {document: "855", direction: out, map: base/855.out}\n', "")
    write_next(tmp_path, PROFILE, "2026-01-06")
    seller = Seller(make_line(buyer=without.replace("direction: in, ", "direction: in, usage: T, ")))
    assert seller.line.clock.now().isoformat() == "2026-01-05T09:00:00+00:00"
    early = seller.sends(answer("PO-1"))
    assert [issue.code for issue in early.issues] == ["outbound.no_agreement"]
    seller.line.sent(file_of("PO-1", sender="BUYER"), account="buyer")
    assert seller.line.numbers() == []
    seller.line.clock.advance(timedelta(hours=15))
    later = seller.sends(answer("PO-2"))
    assert seller.delivery(later)["state"] == "delivered"
    seller.line.sent(file_of("PO-2", sender="BUYER", control="000000018"), account="buyer")
    assert seller.line.numbers() == ["PO-2"]
    assert segments_starting(seller.line.answers("buyer")[-1], "AK5") == ["AK5*A"]


def test_a_map_that_a_coming_revision_names_has_to_be_there(make_line: LineMaker, tmp_path: Path) -> None:
    write_next(tmp_path, PROFILE.replace("base/856.out", "base/865.out"), "2026-02-01")
    with pytest.raises(LoadError, match=r"profile\.from-2026-02-01\.yaml.*there is no map"):
        make_line(buyer=PROFILE)
