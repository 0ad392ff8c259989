"""Blocks of ports: apart for all that live on a host, the same for a task in every run."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

from beastmode.runner.worktrees.ports import EACH, PortBlocks


def test_owners_have_blocks_of_their_own_until_they_give_them_back(tmp_path: Path) -> None:
    blocks, others = PortBlocks(tmp_path), PortBlocks(tmp_path)
    bases = [blocks.take(f"owner {number}") for number in range(10)]
    bases += [others.take(f"owner {number}") for number in range(10)]
    assert len(set(bases)) == 20
    assert all((base - other) % EACH == 0 for base in bases for other in bases)
    blocks.close()
    others.close()
    assert PortBlocks(tmp_path).take("owner 0") == bases[0]


def test_an_owner_that_asks_again_has_what_it_had(tmp_path: Path) -> None:
    blocks = PortBlocks(tmp_path)
    assert blocks.take("a") == blocks.take("a")
    blocks.close()


def test_a_block_in_which_somebody_listens_is_left_out(tmp_path: Path) -> None:
    blocks = PortBlocks(tmp_path)
    usual = blocks.take("a")
    blocks.close()
    with socket.create_server(("127.0.0.1", usual + 7)):
        assert blocks.take("a") != usual
    blocks.close()


def test_the_blocks_of_a_process_that_was_killed_are_free(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from beastmode.runner.worktrees.ports import PortBlocks\n"
        "print(PortBlocks(Path(sys.argv[1])).take('a'), flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        taken = int(child.stdout.readline())
        blocks = PortBlocks(tmp_path)
        assert blocks.take("a") != taken
        blocks.close()
        child.kill()
        child.wait()
    assert blocks.take("a") == taken
    blocks.close()
