"""The walls: bubblewrap around the process that runs students' code, and how to speak with it.

No network, a read-only system, an empty home and /tmp of its own, no capabilities, a user who
owns nothing, a filter of system calls. Run by root, a first bubblewrap makes the files of this
Python visible before the user is dropped: they may lie under a home that only root may enter.
"""
import contextlib
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

from . import seccomp, wire

ROOT = Path(__file__).resolve().parents[1]
ENTER = 'echo $$ > "$0/cgroup.procs" && exec "$@"'  # a process joins a cgroup, then starts
JAIL_BYTES = 2 << 30
GROUPS = (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max"))
NOBODY, TMP_BYTES, START_SECONDS, SWEEP_SECONDS = 65534, 16 << 20, 30, 2
CURE = {
    "missing": "install it: sudo apt install bubblewrap (Debian, Ubuntu), sudo dnf install "
    "bubblewrap (Fedora). On macOS and Windows grade in WSL2 or on a Linux machine.",
    "refused": "this machine does not let bubblewrap make namespaces. On Ubuntu 24.04 and later "
    "allow it by an AppArmor profile for /usr/bin/bwrap with the rule `userns`; in a container "
    "start it with the right to make namespaces, or grade on the machine itself.",
}
ENVIRONMENT = {"HOME": "/home/student", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8",
               "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
               "MPLBACKEND": "agg", "MPLCONFIGDIR": "/fonts", "TQDM_DISABLE": "1",
               "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
SILENT = "def __getattr__(name):\n    return lambda *things, **how: None\n"


class NoWalls(Exception):
    """Why students' code cannot be run safely here, and what to do about it."""


# ---- what is visible inside ----

def readable(stage):
    """Return {path inside: path outside} of all that the jail may read."""
    places = {"/usr": "/usr", sys.base_prefix: sys.base_prefix, "/stage": str(stage)}
    places["/site"] = sysconfig.get_path("purelib")
    fonts = os.environ.get("MPLCONFIGDIR", "")
    if os.path.isdir(fonts):
        places["/fonts"] = fonts
    for name in ("/lib", "/lib64", "/bin", "/etc/ld.so.cache"):
        if os.path.exists(name) and not os.path.islink(name):
            places[name] = name
    return places


def lay_stage(stage, withheld, silent):
    """Lay the program for the jail; of nnlib, withheld modules say no and silent ones nothing."""
    for name in ("student", "wire", "seccomp"):
        shutil.copy(ROOT / "grading" / f"{name}.py", stage)
    shutil.copytree(ROOT / "nnlib", stage / "nnlib", ignore=shutil.ignore_patterns("__pycache__"))
    for name in withheld:
        sentence = f"nnlib.{name} is not there while you are graded: use what you wrote yourself"
        (stage / "nnlib" / f"{name}.py").write_text(f"raise ImportError({sentence!r})\n")
    (stage / "IPython").mkdir()
    for name in ("IPython/__init__", "IPython/display", *(f"nnlib/{name}" for name in silent)):
        (stage / f"{name}.py").write_text(SILENT)
    with open(stage / "nnlib" / "sheets.py", "a") as sheets:
        sheets.write("\n\nhint = progress = lambda *numbers: None\n")
    for path in (stage, *stage.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


# ---- the command ----

def inner(places, filter_fd):
    """Return the bubblewrap command that is the jail itself."""
    links = [(os.readlink(name), name) for name in ("/lib", "/lib64", "/bin")
             if os.path.islink(name)]
    return ["bwrap", "--unshare-all", "--unshare-user", "--die-with-parent", "--new-session",
            "--as-pid-1", "--cap-drop", "ALL", "--uid", str(NOBODY), "--gid", str(NOBODY),
            "--hostname", "jail", "--seccomp", str(filter_fd),
            "--size", str(TMP_BYTES), "--tmpfs", "/tmp",
            "--size", str(TMP_BYTES), "--tmpfs", ENVIRONMENT["HOME"],
            "--dev", "/dev", "--remount-ro", "/dev",
            *(word for here, there in places.items() for word in ("--ro-bind", there, here)),
            *(word for link in links for word in ("--symlink", *link)),
            "--remount-ro", "/", "--chdir", ENVIRONMENT["HOME"], "--"]


def outer(places):
    """Return a command for root that shows the places to nobody, and the places as shown."""
    shown = {here: f"/tmp/{n}" for n, here in enumerate(places)}
    binds = [word for here, there in places.items() for word in ("--ro-bind", there, shown[here])]
    return ["bwrap", "--dev-bind", "/", "/", "--tmpfs", "/tmp", *binds, "--die-with-parent",
            "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--",
            "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"], shown


def walls(stage, filter_fd):
    """Return the command in front of the Python command, for root or for anybody else."""
    places = readable(stage)
    if os.getuid():
        return inner(places, filter_fd)
    before, shown = outer(places)
    return before + inner(shown, filter_fd)


def memory_group(name):
    """Return a new cgroup that bounds what a whole jail holds, or None where none is granted."""
    for base, limit in GROUPS:
        group = Path(base, name)
        try:
            group.with_name("cgroup.procs").stat()
            group.mkdir()
            (group / limit).write_text(str(JAIL_BYTES))
            return group
        except OSError:
            with contextlib.suppress(OSError):
                group.rmdir()


def forget_groups():
    """Take away the cgroups of graders that were killed; one in use stays."""
    for base, _ in GROUPS:
        for group in Path(base).glob("jail-*"):
            with contextlib.suppress(OSError):
                if time.time() - group.stat().st_mtime > 60:
                    group.rmdir()


# ---- one jail ----

class Jail:
    """A warm process behind walls; `submission()` gives a channel to a fresh fork of it."""

    def __init__(self, withheld=(), silent=(), unsafe=False, place=None):
        self.withheld, self.silent, self.unsafe = withheld, silent, unsafe
        self.place, self.process = place, None

    def start(self):
        """Start the warm process, or raise NoWalls with the reason and the cure."""
        self.stage = Path(tempfile.mkdtemp(prefix="jail-", dir=self.place))
        self.group = memory_group(self.stage.name)
        lay_stage(self.stage, self.withheld, self.silent)
        self.control, theirs = socket.socketpair()
        fd, errors = theirs.fileno(), tempfile.TemporaryFile()
        command, env = self.command(fd)
        with theirs, filter_file() as rules, errors:
            if not self.unsafe:
                command = walls(self.stage, rules.fileno()) + command
            if self.group:
                command = ["sh", "-c", ENTER, str(self.group), *command]
            self.process = subprocess.Popen(
                command, env=env, pass_fds=(fd, rules.fileno()), cwd="/", stderr=errors,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
            theirs.close()
            try:
                wire.receive(self.control, time.monotonic() + START_SECONDS)
            except wire.WireError:
                errors.seek(0)
                reason = errors.read().decode("utf-8", "replace").strip()
                self.stop()
                raise NoWalls(f"{reason}: {CURE['refused']}") from None

    def command(self, fd):
        """Return the Python command and its environment."""
        stage, site = ("/stage", "/site")
        env = dict(ENVIRONMENT)
        if self.unsafe:
            stage, site = str(self.stage), sysconfig.get_path("purelib")
            env.update(HOME=str(self.stage), MPLCONFIGDIR=os.environ.get("MPLCONFIGDIR", "/tmp"))
        env["PYTHONPATH"] = os.pathsep.join([stage, site])
        python = os.path.realpath(sys.executable)
        return [python, "-s", "-B", f"{stage}/student.py", str(fd)], env

    def submission(self):
        """Return a channel to a new fork, starting or restarting the warm process if need be."""
        for _ in range(2):
            if self.process is None:
                self.start()
            with contextlib.suppress(OSError, wire.WireError):
                return ready(give_channel(self.control, b"f"))
            self.stop()  # something is wrong with the warm process itself
        raise wire.Gone("the warm process does not answer")

    def sweep(self):
        """Kill what a submission left; where anything of it would survive, end the jail."""
        if self.process is None:
            return
        with contextlib.suppress(OSError, wire.WireError):
            self.control.sendall(b"s")
            if wire.receive(self.control, time.monotonic() + SWEEP_SECONDS) is True:
                return
        self.stop()

    def stop(self):
        """End the jail and all in it; the next submission starts a new one."""
        if self.process is not None:
            self.control.close()  # the warm process then ends, and all in the jail with it
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(SWEEP_SECONDS)
            with contextlib.suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL)  # all, too, where there are no walls
            self.process.wait()
            shutil.rmtree(self.stage, ignore_errors=True)
            with contextlib.suppress(OSError):
                self.group and self.group.rmdir()
            self.process = None


def give_channel(connection, letter):
    """Send a letter with one end of a new channel; return the other end."""
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            connection.settimeout(SWEEP_SECONDS)
            socket.send_fds(connection, [letter], [theirs.fileno()])
            return ours
        except OSError:
            ours.close()
            raise


def ready(channel):
    """Return a channel whose process has said that its limits are set; close any other."""
    try:
        wire.receive(channel, time.monotonic() + START_SECONDS)
    except wire.WireError:
        channel.close()
        raise
    return channel


def filter_file():
    """Return a file that holds the filter for the whole jail."""
    file = tempfile.TemporaryFile()
    file.write(seccomp.program())
    file.seek(0)
    return file


def why_not():
    """Return None where the walls can be built, else the reason and the cure."""
    if platform.system() != "Linux" or platform.machine() not in seccomp.MACHINES:
        return f"{platform.system()} on {platform.machine()} has no bubblewrap: {CURE['missing']}"
    if not shutil.which("bwrap"):
        return f"bubblewrap is missing: {CURE['missing']}"
    with tempfile.TemporaryDirectory() as stage, filter_file() as rules:
        python = [os.path.realpath(sys.executable), "-ISc", ""]
        trial = subprocess.run(walls(Path(stage), rules.fileno()) + python, capture_output=True,
                               pass_fds=[rules.fileno()], text=True, errors="replace")
    return f"{trial.stderr.strip()}: {CURE['refused']}" if trial.returncode else None
