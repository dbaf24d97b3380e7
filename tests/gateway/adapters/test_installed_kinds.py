"""Kinds of adapters that other packages offer by entry point, beside those of Tradelane."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from gateway.adapters.folder import FolderConfig
from gateway.adapters.kinds import BUILT_IN, GROUP, Kinds
from gateway.destinations import Destination, read_destinations
from gateway.errors import AdapterMisused
from partners.fields import Fields
from tests.gateway.adapters.offered_adapter import KIND
from translators.datafile import LoadFault, read_datafile

HERE = "tests.gateway.adapters.offered_adapter"


def kinds(**points: str) -> Kinds:
    return Kinds(tuple(EntryPoint(name, value, GROUP) for name, value in points.items()))


def load(text: str, home: Path, offered: Kinds) -> tuple[dict[str, Destination], list[LoadFault]]:
    faults: list[LoadFault] = []
    top = read_datafile(f"destinations: {text}".encode(), file="t.yaml")
    fields = Fields(top, of="t.yaml", known=("destinations",), faults=faults)
    return dict(read_destinations(fields, home=home, kinds=offered)), faults


def test_a_destination_may_be_of_an_installed_kind(tmp_path: Path) -> None:
    found, faults = load("{shop: {kind: theirs, path: x}}", tmp_path, kinds(theirs=f"{HERE}:KIND"))
    assert faults == []
    assert (found["shop"].kind, found["shop"].config) == (KIND, FolderConfig(path=tmp_path / "x"))


def test_ours_come_first_and_are_never_replaced() -> None:
    offered = kinds(folder=f"{HERE}:KIND", theirs=f"{HERE}:KIND")
    assert offered.names == (*BUILT_IN, "theirs")
    assert offered.kind("folder") is BUILT_IN["folder"]
    assert (offered.origin("folder"), offered.origin("theirs")) == ("tradelane", HERE)


def test_this_environment_offers_at_least_ours() -> None:
    assert set(BUILT_IN) <= set(Kinds.of_this_environment().names)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (f"{HERE}:NO_KIND", "is no gateway.adapters.kinds.Kind"),
        (f"{HERE}:MISSING", "cannot be imported"),
        ("no_such_package:KIND", "cannot be imported"),
    ],
)
def test_a_broken_package_is_a_fault_at_the_kind_that_needs_it(tmp_path: Path, value: str, said: str) -> None:
    found, faults = load("{shop: {kind: theirs, path: x}}", tmp_path, kinds(theirs=value))
    assert found == {}
    assert [(str(fault.place), said in fault.message) for fault in faults] == [("t.yaml:1:29", True)]


def test_two_packages_with_one_kind_are_refused() -> None:
    point = EntryPoint("theirs", f"{HERE}:KIND", GROUP)
    other = EntryPoint("theirs", f"{HERE}:NO_KIND", GROUP)
    with pytest.raises(AdapterMisused, match="uninstall all but one"):
        Kinds((point, other)).kind("theirs")


def test_an_unknown_kind_names_the_installed_ones(tmp_path: Path) -> None:
    _, [fault] = load("{shop: {kind: thiers, path: x}}", tmp_path, kinds(theirs=f"{HERE}:KIND"))
    assert 'did you mean "theirs"?' in fault.message


def test_a_destination_says_whose_documents_it_takes(tmp_path: Path) -> None:
    found, faults = load(
        "{a: {kind: folder, path: x}, b: {kind: folder, path: y, environment: test}}", tmp_path, kinds()
    )
    assert faults == []
    assert [one.environment.value for one in found.values()] == ["live", "test"]
    _, [fault] = load("{a: {kind: folder, path: x, environment: tset}}", tmp_path, kinds())
    assert fault.message == 'environment is "tset"; want live or test; did you mean "test"?'
