"""Every attack ends with the points its answers earn, changes nothing, harms nobody after it."""
import os
import socket
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import rig  # noqa: E402
from on_the_machine import HANGS, MACHINE  # noqa: E402
from on_the_score import SCORE  # noqa: E402
from on_this_design import DESIGN, SLOW  # noqa: E402

from grading import jail  # noqa: E402

REASON = jail.why_not()
pytestmark = pytest.mark.skipif(bool(REASON), reason=f"No walls here. {REASON}")
ATTACKS = SCORE + HANGS + MACHINE + SLOW + DESIGN


@pytest.fixture(scope="module", autouse=True)
def no_jail_is_left():
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
