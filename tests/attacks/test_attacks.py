"""Every attack ends with the points its answers earn, changes nothing, harms nobody after it."""
import dataclasses
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import rig  # noqa: E402
from accidents import ACCIDENTS  # noqa: E402
from on_the_machine import HANGS, MACHINE  # noqa: E402
from on_the_score import SCORE  # noqa: E402
from on_this_design import DESIGN, SLOW  # noqa: E402

from grading import jail  # noqa: E402

REASON = jail.why_not()
pytestmark = pytest.mark.skipif(bool(REASON), reason=f"No walls here. {REASON}")
ATTACKS = SCORE + HANGS + MACHINE + SLOW + DESIGN + ACCIDENTS


@pytest.fixture(scope="module", autouse=True)
def a_home(tmp_path_factory):
    """A home that nobody else on this machine writes to; at the end no jail is left."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        yield
    rig.end_jails()


def test_there_are_enough_of_each_kind():
    assert len(SCORE + HANGS + MACHINE) >= 40 and len(SLOW + DESIGN) >= 15
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_wins_nothing_and_harms_nobody(attack, tmp_path):
    bad, good = tmp_path / "bad.ipynb", tmp_path / "good.ipynb"
    rig.write(attack, bad)
    rig.write(rig.Attack("honest"), good)
    before, files = rig.outside(), len(os.listdir("/proc/self/fd"))
    points, outcome = rig.mark(bad)
    assert points == attack.expected, outcome
    assert rig.mark(good, "the next student")[0] == rig.FULL
    assert rig.outside() == before
    assert len(os.listdir("/proc/self/fd")) <= files + 4  # of a jail that was started anew
    assert not [name for name in os.listdir(tmp_path) if "owned" in name]


def test_nobody_can_be_reached_over_the_net(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        port = listener.getsockname()[1]
        cell = f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 1)"
        rig.write(rig.Attack("calls home", cell), tmp_path / "bad.ipynb")
        assert rig.mark(tmp_path / "bad.ipynb")[0] == rig.FULL
        with pytest.raises(TimeoutError):
            listener.accept()


def test_a_search_with_all_the_time_finds_no_solution(tmp_path):
    attack = next(attack for attack in SCORE if "searches the disk" in attack.name)
    rig.write(attack, tmp_path / "bad.ipynb")
    settings = dataclasses.replace(rig.SETTINGS, seconds=60.0)
    points, outcome = rig.mark(tmp_path / "bad.ipynb", settings=settings)
    rig.end_jails()
    assert points == attack.expected and not outcome["notes"]  # it saw the whole disk


def test_an_error_does_not_tell_the_hidden_inputs(tmp_path):
    tell = """
class Told(Exception): pass
def scores(W, x): raise (ValueError if W.shape[0] > 1 else Told)(f"inputs {W} {x}")"""
    rig.write(rig.Attack("", answers={"6.1": tell}), tmp_path / "bad.ipynb")
    points, outcome = rig.mark(tmp_path / "bad.ipynb")
    assert points["6.1"] == 0 and "ValueError" in str(outcome)
    assert "inputs" not in str(outcome) and "Told" not in str(outcome)


def test_a_cgroup_bounds_a_whole_jail_where_one_is_granted(tmp_path, monkeypatch):
    group = jail.memory_group("jail-of-the-test")
    if group is None:
        pytest.skip("This machine grants no cgroup: each process has its own limit only.")
    group.rmdir()
    rig.end_jails()
    monkeypatch.setattr(jail, "JAIL_BYTES", 256 << 20)
    hoard = "hoard = bytearray(b'x') * (700 << 20)"  # less than one process may hold
    rig.write(rig.Attack("", hoard), tmp_path / "bad.ipynb")
    rig.write(rig.Attack(""), tmp_path / "good.ipynb")
    points, outcome = rig.mark(tmp_path / "bad.ipynb")
    assert points == rig.FULL and "Cell 1 (hoard = " in outcome["notes"][0]
    assert rig.mark(tmp_path / "good.ipynb")[0] == rig.FULL
    rig.end_jails()


FULLEST = """
import re, sys
from pathlib import Path
sys.path[:0] = sys.argv[1:3]
import rig
answers = ["np.zeros(1 << 19)", "[np.zeros(1 << 16)] * 7", "[0] * 80_000", "['é'] * 30_000",
           "{n: [] for n in range(20_000)}", "np.zeros((1 << 22,), 'u1')", "'x' * 260_000"]
path = Path(sys.argv[3]) / "full.ipynb"
for answer in answers:
    cell = {"6.1": f"import numpy as np\\ndef scores(W, x): return {answer}"}
    rig.write(rig.Attack("", answers=cell), path)
    assert rig.mark(path)[0]["6.1"] == 0, answer
files = [b'{"cells": [' + b'{"":0},' * 190_000 + b"{}]}", b"[" + b"[]," * 199_000 + b"[]]",
         b'{"cells": ["' + "𝛿".encode() * 2_000_000 + b'"]}',
         b'{"cells": [{"cell_type": "code", "source": "' + "𝛿".encode() + b"x" * 8_000_000
         + b'"}]}']
for data in files:
    path.write_bytes(data)
    rig.mark(path)
rig.end_jails()
status = Path("/proc/self/status").read_text()  # of this program alone: ru_maxrss is inherited
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) // 1024)
"""


def test_the_grader_keeps_within_150_mb_whatever_is_sent(tmp_path):
    here = Path(__file__).parent
    run = subprocess.run([sys.executable, "-c", FULLEST, str(here), str(here.parents[1]),
                          str(tmp_path)], capture_output=True, encoding="utf-8", timeout=100)
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) <= 150
