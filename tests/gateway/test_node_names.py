"""Names of nodes: one at a time, and the same again for one that was killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from gateway.workspace import node_name

HOLDER = """
import sys
from pathlib import Path
from gateway.workspace import node_name
with node_name(Path(sys.argv[1])) as name:
    print(name, flush=True)
    sys.stdin.read()
"""


def test_two_nodes_of_one_workspace_have_two_names(tmp_path: Path) -> None:
    with node_name(tmp_path) as first, node_name(tmp_path) as second:
        assert first != second
        assert "/" not in first + second


def test_a_node_that_ended_gives_its_name_to_the_next(tmp_path: Path) -> None:
    with node_name(tmp_path) as before:
        pass
    with node_name(tmp_path) as after:
        assert after == before


def test_a_node_that_was_killed_finds_its_name_again(tmp_path: Path) -> None:
    killed = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with killed:
        assert killed.stdout is not None
        before = killed.stdout.readline().strip()
        with node_name(tmp_path) as other:
            assert other != before
        killed.kill()
    with node_name(tmp_path) as after:
        assert after == before


def test_two_workspaces_never_share_a_name(tmp_path: Path) -> None:
    homes = [tmp_path / "one", tmp_path / "two"]
    for home in homes:
        home.mkdir()
    with node_name(homes[0]) as one, node_name(homes[1]) as two:
        assert one != two


def test_a_name_file_that_was_cut_short_gets_a_new_name(tmp_path: Path) -> None:
    folder = tmp_path / "nodes"
    folder.mkdir()
    (folder / "1.lock").write_bytes(b"")
    with node_name(tmp_path) as name:
        mark = name.rpartition(".")[2]
    assert len(mark) == 12
    assert mark.isalnum()
