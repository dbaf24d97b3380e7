"""`tradelane guide show` and `check --partner`: a guide for people, programs and partners, its overlay marked."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli.guide_view import in_words
from gateway.cli.main import app
from translators.datafile import LoadError
from translators.x12.conditions import parse_condition

PROFILE = """\
name: Beta & <Sons>
identifiers:
  - {qualifier: ZZ, id: ACME}
agreements:
  - {document: "850", direction: in, guide: 850.in, map: base/850.in, deliver_to: [erp]}
"""
OVERLAY = """\
extends: 850@004010
segments:
  CUR: mandatory
  TAX: not used
  BEG:
    elements:
      BEG02: {codes: [SA, NE]}
  N1[ST]: {repeat: 1}
  PO1: {conditions: [P0204]}
extra:
  - {segment: NTE, after: BEG}
"""
ORDER = (
    "ISA*00*          *00*          *ZZ*ACME           *ZZ*TRADELANE      *260115*1200*U*00401*000000001*0*P*>~"
    "GS*PO*ACME*TRADELANE*20260115*1200*1*X*004010~ST*850*0001~BEG*00*DS*PO1**20260115~"
    "PO1*1*5*EA*9.25**UP*012345678905~CTT*1~SE*5*0001~GE*1*1~IEA*1*000000001~"
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "partners" / "profiles"
    (folder / "beta" / "guides").mkdir(parents=True)
    (folder / "beta" / "profile.yaml").write_text(PROFILE)
    (folder / "beta" / "guides" / "850.in.yaml").write_text(OVERLAY)
    (folder / "ourselves.yaml").write_text("us:\n  name: Us\n  identifiers:\n    - {qualifier: ZZ, id: TRADELANE}\n")
    (tmp_path / "tradelane.yaml").write_text("samples: false\n")
    return tmp_path


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    return result.stdout


def nodes(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for node in found for each in (node, *nodes(node.get("content", [])))]


def test_a_guide_is_printed_with_areas_indented_loops_and_conditions_in_words() -> None:
    text = run("guide", "show", "850@004010")
    assert text.startswith("850 Purchase Order  version 004010, group PO\n")
    assert [line for line in text.splitlines() if line in ("Heading", "Detail", "Summary")] == [
        "Heading",
        "Detail",
        "Summary",
    ]
    assert re.search(r"^  PO1 +M +100000  loop$", text, re.MULTILINE)
    assert re.search(r"^    PO1 +M +1  Baseline Item Data$", text, re.MULTILINE)
    assert re.search(r"^  BEG05 +M +373 DT 8/8 +Date$", text, re.MULTILINE)
    assert "If PO103 is sent, so is PO102." in text


def test_codes_are_counted_and_listed_on_demand() -> None:
    assert "Acknowledgment Code" in run("guide", "show", "997@004010")
    listed = run("guide", "show", "997@004010", "--codes")
    assert re.search(r"^ +A E M P R W X$", listed, re.MULTILINE)


def test_the_json_form_holds_areas_and_segments_that_name_each_other() -> None:
    (found,) = map(json.loads, run("guide", "show", "753@004010", "--json").splitlines())
    assert (found["set"], found["version"], found["source"], found["overlay"]) == ("753", "004010", "004030", None)
    keys = {segment["key"] for segment in found["segments"]}
    used = {node["segment"] for area in found["areas"] for node in nodes(area["content"]) if node["kind"] == "segment"}
    assert used == keys


def test_a_partners_guide_is_merged_and_every_difference_names_its_line(home: Path) -> None:
    words = ("guide", "show", "850@004010", "--partner", "beta", "--home", str(home))
    (found,) = map(json.loads, run(*words, "--json").splitlines())
    changed = {
        node["id"] + (f"[{node['qualifier']}]" if node["qualifier"] else ""): (node["changes"], node["stated"])
        for area in found["areas"]
        for node in nodes(area["content"])
        if node["changes"]
    }
    file = "beta/guides/850.in.yaml"
    assert changed == {
        "CUR": (["mandatory"], f"{file}:3"),
        "TAX": (["not used"], f"{file}:4"),
        "N1[ST]": (["at most 1"], f"{file}:8"),
        "NTE": (["added by the partner"], f"{file}:11"),
    }
    beg = next(segment for segment in found["segments"] if segment["id"] == "BEG")
    (element,) = [element for element in beg["elements"] if element["changes"]]
    assert (element["ref"], element["codes"], element["stated"]) == ("BEG02", ["NE", "SA"], f"{file}:7")
    assert f"({file}:9)" in run(*words)


class Page(HTMLParser):
    """What a page links to and loads, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.loads: list[str] = []
        self.marked = 0
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.links += [value for name, value in attrs if name == "href" and value]
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.loads += [tag] if tag in ("script", "link", "img", "iframe") or "src" in found else []
        self.marked += tag == "tr" and "marked" in (found.get("class") or "")

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_complete_in_itself_and_marks_what_differs(home: Path) -> None:
    text = run("guide", "show", "850@004010", "--partner", "beta", "--html", "--home", str(home))
    page = Page()
    page.feed(text)
    assert page.loads == []
    assert "url(" not in text
    assert "@import" not in text
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert len(page.ids) == len(set(page.ids))
    assert "Beta & <Sons>" in page.text
    assert "<Sons>" not in text
    assert page.marked == 5


def test_the_standards_own_page_marks_nothing() -> None:
    page = Page()
    page.feed(run("guide", "show", "856@005010", "--html"))
    assert (page.marked, page.loads) == (0, [])


@pytest.mark.parametrize("wanted", ["850", "850@", "8500@004010", "859@004010", "850@007030", "999@004010"])
def test_a_guide_there_is_none_of_is_a_usage_error(wanted: str) -> None:
    run("guide", "show", wanted, code=2)


def test_every_guide_is_listed() -> None:
    listed = run("guide", "list", "--json").splitlines()
    assert len(listed) == 33 + 34


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("P0102", "If any of A or B is sent, all of them are."),
        ("R0102", "At least one of A or B is sent."),
        ("E010203", "At most one of A, B or C is sent."),
        ("C0102", "If A is sent, so is B."),
        ("C010203", "If A is sent, so are B and C."),
        ("L010203", "If A is sent, so is B or C."),
    ],
)
def test_conditions_are_told_in_words(condition: str, words: str) -> None:
    assert in_words(parse_condition(condition), ["A", "B", "C"]) == words


def test_check_with_a_partner_holds_a_file_to_its_guide(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "order.edi"
    file.write_text(ORDER)
    assert json.loads(run("check", str(file), "--json"))["accepted"]
    report = json.loads(run("check", str(file), "--partner", "beta", "--home", str(home), "--json", code=1))
    assert [(issue["code"], issue["level"]) for issue in report["issues"]] == [
        ("x12.partner.code", 7),
        ("x12.partner.segment_missing", 7),
    ]
    assert "want NE or SA (beta/guides/850.in.yaml:7)" in report["issues"][0]["message"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("guide: 850.in,", "guide: 850.on,"), 'did you mean "850.in"'),
        (('document: "850"', 'document: "855"'), "is one of set 850"),
        (('document: "850"', 'document: "850", version: 005010'), "is one of version 004010"),
    ],
)
def test_an_agreement_names_a_guide_of_its_own_set_and_release(home: Path, change: tuple[str, str], said: str) -> None:
    (home / "partners/profiles/beta/profile.yaml").write_text(PROFILE.replace(*change))
    result = CliRunner().invoke(app, ["partner", "check", "--home", str(home)])
    assert isinstance(result.exception, LoadError)
    assert said in str(result.exception)


def test_a_mistake_in_a_guide_is_told_with_its_line_when_the_partner_is_checked(home: Path) -> None:
    path = home / "partners/profiles/beta/guides/850.in.yaml"
    path.write_text(OVERLAY.replace("CUR: mandatory", "CUR: manditory"))
    result = CliRunner().invoke(app, ["partner", "check", "--home", str(home)])
    assert isinstance(result.exception, LoadError)
    assert f"{path}:3:8: " in str(result.exception)
