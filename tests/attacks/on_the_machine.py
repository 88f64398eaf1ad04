"""Notebooks that hang, crash, flood or reach out: each costs its own question, and no more."""
import json
import os

from rig import NOTHING, Attack, cells_of, notebook

BODY = "def scores(W, x):\n"
LOST = {"6.1": 0}


def within(name, body, points=LOST):
    """An answer to 6.1 that does harm when it is called."""
    return Attack(name, points=points,
                  answers={"6.1": "import os, sys, time, ctypes\nimport numpy as np\n"
                                  + BODY + "".join(f"    {line}\n" for line in body.split("\n"))})


def at_top(name, cell, **more):
    """A cell that does harm when it is run; the honest answers follow."""
    return Attack(name, "import os, sys, time, ctypes, signal\n" + cell, **more)


def raw(data):
    return lambda path: path.write_bytes(data)


def whole(**extra):
    return json.dumps(notebook(cells_of(Attack(""))) | extra)


def linked(path):
    target = path.with_name("target.json")
    target.write_text(whole())
    path.symlink_to(target)


def surrogates(path):
    cells = cells_of(Attack("", "x = 'half'"))
    cells[0]["source"] = "x = '\ud800 half a character'"
    path.write_text(json.dumps(notebook(cells)))


HANGS = [
    within("an endless loop", "while True: pass"),
    within("a long sleep", "time.sleep(1000)"),
    within("an endless print", "while True: print('x' * 100_000, flush=True)"),
    within("ignores every alarm", """import signal
for s in range(1, 32):
    try: signal.signal(s, signal.SIG_IGN)
    except (OSError, ValueError): pass
while True: pass"""),
    at_top("a cell that never ends", "while True: pass"),
    at_top("a cell that stops itself", "os.kill(os.getpid(), signal.SIGSTOP)"),
]
MACHINE = [
    within("ends its process", "os._exit(0)"),
    within("crashes the interpreter", "ctypes.string_at(0)"),
    within("recursion without end", "return scores(W, x)"),
    within("recursion below Python", "sys.setrecursionlimit(10 ** 9)\nreturn scores(W, x)"),
    within("memory without end", "a = []\nwhile True: a.append(bytearray(1 << 26))"),
    within("one giant array", "return np.zeros((1 << 20, 1 << 14))"),
    within("an answer of 100 MB", "return np.zeros(100 << 17)"),
    within("fork bomb in a function", "while True: os.fork()"),
    within("starts a shell", "import subprocess; subprocess.run('id')"),
    within("starts a thousand threads", """import threading
for _ in range(1000): threading.Thread(target=time.sleep, args=[99]).start()"""),
    within("reads the system", "return open('/etc/passwd').read()"),
    within("reads the neighbours", "return os.listdir('/work')"),
    within("reads the memory of process 1", "return open('/proc/1/mem', 'rb').read(8)"),
    within("writes over the grader", """for place in '/stage', '/site', '/usr', '/', '/dev', '/etc':
    open(place + '/owned', 'w')"""),
    within("opens a socket", "import socket; socket.socket().connect(('127.0.0.1', 22))"),
    within("asks the net", "import urllib.request as u; return u.urlopen('http://1.1.1.1').read()"),
    within("becomes root", "os.setuid(0); return W @ x"),
    within("leaves its namespaces", """libc = ctypes.CDLL(None, use_errno=True)
if libc.unshare(0x10000000) or libc.mount(b'x', b'/tmp', b'tmpfs', 0, None):
    raise OSError(ctypes.get_errno())"""),
    within("traces its parent", """libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype = ctypes.c_long
if libc.ptrace(16, os.getppid(), None, None) < 0: raise OSError(ctypes.get_errno())"""),
    within("lifts its limits", """import resource
resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
return np.zeros(1 << 34)"""),
    at_top("fork bomb in a cell", """
for _ in range(10_000):
    try: os.fork()
    except OSError: pass""", points=NOTHING),
    at_top("a crash in a cell", "ctypes.string_at(0)"),
    at_top("memory without end in a cell", "a = []\nwhile True: a.append(bytearray(1 << 26))"),
    at_top("fills /tmp and home", """
try:
    for n in range(100_000):
        open(f'/tmp/{n}', 'w').write('x' * 100_000)
        open(f'{os.environ["HOME"]}/{n}', 'w').write('x' * 100_000)
except OSError: pass"""),
    at_top("memory in many processes", """
for _ in range(3):
    try: child = os.fork()
    except OSError: break
    if child == 0:
        hoard = [bytearray(b"x" * (1 << 20)) for _ in range(800)]
        time.sleep(1000)
time.sleep(0.5)""", answers=dict.fromkeys(("6.1", "6.2", "6.3", "6.4"), ""), points=NOTHING),
    at_top("a daemon that stays", """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(1000)
    os._exit(0)"""),
    at_top("closes every file", "os.closerange(0, 1000)"),
    at_top("forgets everything", "globals().clear(); sys.modules.clear()"),
    Attack("a cell that is no Python", "def def def ((("),
    Attack("a cell for IPython", "%matplotlib inline\n!rm -rf /\nx = 1"),
    Attack("half a character", make=surrogates),
    Attack("an empty file", points=NOTHING, make=raw(b"")),
    Attack("no notebook", points=NOTHING, make=raw(b"\x89PNG\r\n\x1a\n")),
    Attack("a file cut off", points=NOTHING, make=raw(whole().encode()[:-40])),
    Attack("a million brackets", points=NOTHING, make=raw(b"[" * 100_000)),
    Attack("a bomb of small parts", points=NOTHING, make=raw(b"[" + b"{}," * 1_000_000 + b"{}]")),
    Attack("a giant file", points=NOTHING, make=raw(b'{"cells": "' + b"x" * (9 << 20) + b'"}')),
    Attack("cells that are none", points=NOTHING, make=raw(b'{"cells": [1, null, [], "x", {}]}')),
    Attack("cells in a dict", points=NOTHING, make=raw(b'{"cells": {"0": {}}}')),
    Attack("a number of a million digits", points=NOTHING,
           make=raw(b'{"cells": [' + b"9" * 1_000_000 + b"]}")),
    Attack("a link", points=NOTHING, make=linked),
    Attack("a pipe that nobody writes to", points=NOTHING, make=lambda path: os.mkfifo(path)),
    Attack("a folder called notebook", points=NOTHING, make=os.mkdir),
    Attack("more metadata than cells", make=raw(whole(metadata={"a": ["b"] * 1000}).encode())),
]
