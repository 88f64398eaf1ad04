"""The walls: the filter of calls, refusals and their cures, a group's memory, a question's time."""
import contextlib
import errno
import os
import re
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "attacks"))
import rig  # noqa: E402
from on_the_machine import HANGS, MACHINE  # noqa: E402
from on_this_design import SLOW  # noqa: E402

from grading import grade, jail, marker, seccomp  # noqa: E402

REASON = jail.why_not()
walls = pytest.mark.skipif(bool(REASON), reason=f"No walls here. {REASON}")
HEADERS = {"x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
           "aarch64": Path("/usr/include/asm-generic/unistd.h")}
OTHERS = {"x86_64": {"read": 0, "write": 1, "mmap": 9, "openat": 257, "wait4": 61, "prctl": 157},
          "aarch64": {"read": 63, "write": 64, "mmap": 222, "openat": 56, "prctl": 167}}


# ---- the filter of system calls, run by hand: only one of these machines is ever here ----

def answer_of(code, number, argument=0, architecture=None):
    """Run a filter as the kernel does; return what it says to one call."""
    data = {seccomp.NUMBER: number, seccomp.ARCHITECTURE: architecture,
            seccomp.FIRST_ARGUMENT: argument}
    lines, at, value = list(struct.iter_unpack("HBBI", code)), 0, 0
    tests = {seccomp.EQUAL: lambda k: value == k, seccomp.AT_LEAST: lambda k: value >= k,
             seccomp.ANY_BIT: lambda k: bool(value & k)}
    while True:
        what, yes, no, operand = lines[at]
        at += 1
        if what == seccomp.RETURN:
            return operand
        if what == seccomp.LOAD:
            value = data[operand]
        else:
            at += yes if tests[what](operand) else no


@pytest.mark.parametrize("machine", seccomp.MACHINES)
def test_the_filter_refuses_what_it_names_and_nothing_else(machine):
    column, architecture = seccomp.MACHINES[machine]
    refused = seccomp.REFUSE | errno.EPERM

    def says(number, argument=0, named=(), on=architecture):
        return answer_of(seccomp.program(named, machine), number, argument, on)

    spared = seccomp.SIGNALS + seccomp.PROCESSES
    for name, numbers in seccomp.CALLS.items():
        if numbers[column] is not None:
            expected = seccomp.ALLOW if name in spared else refused
            assert says(numbers[column]) == expected, name
            assert says(numbers[column], 0, spared) == refused, name
    assert {says(number) for number in OTHERS[machine].values()} == {seccomp.ALLOW}
    clone, limit = seccomp.CALLS["clone"][column], seccomp.PRLIMIT[column]
    assert says(clone, 0x10000000) == refused and says(clone, 0x11) == seccomp.ALLOW
    assert says(limit, 0) == seccomp.ALLOW and says(limit, 1) == refused
    assert says(seccomp.CLONE3[column]) == seccomp.REFUSE | errno.ENOSYS
    assert says(seccomp.X32 + 1) == refused  # another way to call on x86
    assert says(0, on=architecture ^ 1) == seccomp.KILL


@pytest.mark.parametrize("machine", seccomp.MACHINES)
def test_the_numbers_of_calls_are_the_kernels(machine):
    if not HEADERS[machine].exists():
        pytest.skip("The kernel's headers are not installed (linux-libc-dev).")
    named = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)$", HEADERS[machine].read_text(), re.M)
    known = {name: int(number) for name, number in named}
    ours = seccomp.CALLS | {"clone3": seccomp.CLONE3, "prlimit64": seccomp.PRLIMIT}
    column = seccomp.MACHINES[machine][0]
    missing = {name for name in ours if name not in known}
    assert missing <= {"fork", "vfork", "process_mrelease", "memfd_secret"}  # old headers
    assert not {name: numbers for name, numbers in ours.items()
                if name in known and numbers[column] != known[name]}


# ---- where there are no walls ----

@pytest.mark.parametrize("system", ["Darwin", "Windows"])
def test_other_systems_are_told_where_to_grade(system, monkeypatch, tmp_path):
    monkeypatch.setattr("platform.system", lambda: system)
    with pytest.raises(SystemExit, match="Nothing was graded.*WSL2 or on a Linux machine"):
        grade.main([str(tmp_path), "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


def test_the_grader_can_be_asked_where_unix_has_no_modules():
    code = ("import sys; sys.modules.update(resource=None, fcntl=None, pwd=None); "
            "from grading import grade")
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_where_namespaces_are_forbidden_it_says_so_and_the_cure(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    no = tmp_path / "bin" / "bwrap"
    no.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    no.chmod(0o755)
    monkeypatch.setenv("PATH", f"{no.parent}:{os.environ['PATH']}")
    with pytest.raises(SystemExit) as stopped:
        grade.main([str(tmp_path), "--out", str(tmp_path / "out")])
    assert "setting up uid map: Permission denied" in stopped.value.code
    assert "AppArmor" in stopped.value.code and not (tmp_path / "out").exists()


# ---- the memory of a whole jail ----

@pytest.mark.parametrize("version", [0, 1])
def test_a_group_bounds_the_memory_in_both_versions_of_cgroups(version, tmp_path, monkeypatch):
    _, limit = jail.GROUPS[version]
    (tmp_path / "cgroup.procs").touch()
    monkeypatch.setattr(jail, "GROUPS", ((tmp_path, limit), (tmp_path / "none", limit)))
    group = jail.memory_group("jail-x")
    assert group == tmp_path / "jail-x"
    assert (group / limit).read_text() == str(jail.JAIL_BYTES)


def test_a_machine_that_grants_no_group_grades_without(tmp_path, monkeypatch):
    monkeypatch.setattr(jail, "GROUPS", ((tmp_path, "memory.max"), (tmp_path / "none", "x")))
    assert jail.memory_group("jail-x") is None and not list(tmp_path.iterdir())


# ---- time ----

def waited():
    """Return the seconds that this process was ready and had no core."""
    return int(Path("/proc/self/schedstat").read_text().split()[1]) / 1e9


@walls
@pytest.mark.parametrize("attack", HANGS + MACHINE + SLOW, ids=lambda attack: attack.name)
def test_a_question_that_does_harm_costs_two_and_a_half_seconds_at_most(attack, tmp_path,
                                                                        monkeypatch):
    """Each question is timed by this process' clock, less the time it waited for a core.

    Only what the grader waits for the jail is left, and that ends at a deadline: so a busy machine
    does not fail the test, and a grader that waits too long does.
    """
    if not os.path.exists("/proc/self/schedstat"):
        pytest.skip("This kernel does not count how long a process waits for a core.")
    took, answers = [], marker.Trial.answers

    def timed(trial, question, cases):
        trial.open()  # the cells have limits of their own
        start, idle = time.monotonic(), waited()
        found = answers(trial, question, cases)
        took.append(time.monotonic() - start - (waited() - idle))
        return found

    monkeypatch.setattr(os, "getloadavg", lambda: (0, 0, 0))  # no more time than on a quiet machine
    monkeypatch.setattr(marker.Trial, "answers", timed)
    rig.write(attack, tmp_path / "bad.ipynb")
    rig.mark(tmp_path / "bad.ipynb")
    rig.end_jails()
    assert not took or max(took) <= 2.5, (attack.name, took)


def test_a_busy_machine_gives_everybody_more_time(monkeypatch):
    for load, seconds in ((0, 2), (2, 2), (4, 4), (99, 10)):
        monkeypatch.setattr(os, "getloadavg", lambda load=load: (load * os.cpu_count(), 0, 0))
        assert marker.stretched(2) == seconds


# ---- nothing is left ----

@walls
@pytest.mark.parametrize("harm", ["dead", "deaf"])
def test_a_warm_process_that_is_broken_is_replaced_and_no_student_is_blamed(harm, monkeypatch):
    broken = jail.Jail()
    broken.submission().close()
    first = broken.process
    if harm == "dead":
        broken.control.shutdown(socket.SHUT_WR)
        first.wait(60)
    else:  # nobody listens at the other end
        monkeypatch.setattr(jail, "START_SECONDS", 5)
        broken.control.close()
        broken.control, other = socket.socketpair()
        monkeypatch.setattr(broken, "other", other, raising=False)
    channel = broken.submission()
    assert broken.process is not first
    channel.close()
    broken.stop()
    with contextlib.suppress(AttributeError):
        broken.other.close()


def below(pid):
    """Return the processes that a process started, and they."""
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return {int(child) for child in words}.union(*map(below, words))
    return set()


@walls
def test_a_killed_grader_leaves_no_process():
    code = f"""
import sys, time
sys.path[:0] = [{str(ROOT)!r}]
from grading.jail import Jail
channel = Jail().submission()
print("ready", flush=True)
time.sleep(99)"""
    run = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    run.stdout.readline()
    there = below(run.pid)
    assert len(there) >= 3  # bubblewrap, the warm process, its fork
    run.kill()
    run.wait()
    run.stdout.close()
    for _ in range(200):
        left = [pid for pid in there if os.path.exists(f"/proc/{pid}")]
        if not left:
            return
        time.sleep(0.1)
    raise AssertionError(f"of the jail is left: {left}")
