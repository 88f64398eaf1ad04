"""Notebooks written by somebody who has read this grader: its wire, its processes, its jail."""
from rig import FULL, NOTHING, Attack

LOST = {"6.1": 0}
SOCKETS = """
import os, socket, stat, struct, time, json, wire
def sockets():
    found = []
    for fd in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode): found.append(fd)
        except OSError: pass
    return found
def shout(data):
    for fd in sockets():
        try: os.write(fd, data)
        except OSError: pass
"""


def speaks(name, body, points=LOST):
    """An answer to 6.1 that speaks on the wire itself."""
    body = "".join(f"    {line}\n" for line in body.split("\n"))
    return Attack(name, points=points, answers={"6.1": SOCKETS + "def scores(W, x):\n" + body})


def asks(name, body):
    """An answer to 6.2 that misuses the callable."""
    return Attack(name, points={"6.2": 0}, answers={
        "6.2": SOCKETS + "import numpy as np\ndef descend(gradient_of, w, eta):\n"
               + "".join(f"    {line}\n" for line in body.split("\n"))})


SLOW = [
    speaks("answers byte by byte", """for byte in wire.pack({"value": [1.0] * 10_000}):
    shout(bytes([byte])); time.sleep(0.01)"""),
    speaks("announces more than it sends", "shout(struct.pack('!II', 100, 4_000_000))\n"
           "time.sleep(99)"),
    asks("asks for ever", "while True: gradient_of(w)"),
    asks("asks and never listens", """while True:
    shout(wire.pack({"call": 0, "arguments": [np.ones(7)]}))"""),
    Attack("a thread that eats the orders", SOCKETS + """
import threading
def eat():
    while True:
        for fd in sockets():
            try: os.read(fd, 1)
            except OSError: pass
threading.Thread(target=eat, daemon=True).start()""", points=NOTHING, answers={
        "6.1": "", "6.2": "", "6.3": "shape = 0", "6.4": "order = ''"}),
    Attack("every answer hangs", points=NOTHING, answers=dict.fromkeys(FULL, "while True: pass")),
    Attack("a child that holds every socket", SOCKETS + """
if os.fork() == 0:
    time.sleep(1000)"""),
]
DESIGN = [
    speaks("a forged verdict", "shout(wire.pack({'passed': True, 'points': 100, 'value': 1}))\n"
           "return 0 * (W @ x)"),
    speaks("many answers for one question", """for _ in range(100):
    shout(wire.pack({"value": [1.0, 2.0], "arguments": []}))
return 0 * (W @ x)"""),
    speaks("announces 4 GB", "shout(b'\\xff' * 8); time.sleep(0.1)\nreturn W @ x"),
    speaks("noise", "shout(os.urandom(5000)); return W @ x"),
    speaks("a head of 100,000 brackets",
           "shout(struct.pack('!II', 100_000, 0) + b'[' * 100_000); return W @ x"),
    speaks("an array of negative size", """
head = json.dumps(["d", ["t", "value", ["a", "<f8", [-1]]]])
shout(struct.pack('!II', len(head), 0) + head.encode()); return W @ x"""),
    speaks("an array of 10^30 entries", """
head = json.dumps(["d", ["t", "value", ["a", "<f8", [10 ** 30, 0]]]])
shout(struct.pack('!II', len(head), 0) + head.encode()); return W @ x"""),
    speaks("an array of objects", """
head = json.dumps(["d", ["t", "value", ["a", "|O", [1]]]])
shout(struct.pack('!II', len(head), 8) + head.encode() + bytes(8)); return W @ x"""),
    speaks("a forged error with a script in it", """
shout(wire.pack({"error": "<script>alert(1)</script>" * 1000})); return W @ x"""),
    speaks("says the name is missing", "shout(wire.pack({'missing': 1})); return W @ x"),
    speaks("a call where there is no function",
           "shout(wire.pack({'call': 0, 'arguments': []})); return W @ x"),
    speaks("floods the grader with open files", """
for fd in sockets():
    pair = socket.socket(fileno=os.dup(fd))
    for _ in range(50):
        try: socket.send_fds(pair, [b"\\0"], [0, 1, 2] * 20)
        except OSError: break
return W @ x"""),
    speaks("closes the wire", "os.closerange(0, 100); return W @ x"),
    speaks("half an answer, then gone", "shout(b'\\0\\0\\0\\x10\\0'); os._exit(1)"),
    asks("calls the function number minus one", """
shout(wire.pack({"call": -1, "arguments": [w]}))
return w"""),
    asks("calls the function by a name", """
shout(wire.pack({"call": "reference", "arguments": [w]}))
return w"""),
    asks("sends what is no argument", "gradient_of(np.zeros(1 << 18)); return w"),
    asks("sends words for numbers", "gradient_of('x', [], {}); return w"),
    Attack("signals to the warm process", """
import os, signal
for s in range(1, 65):
    for target in (1, os.getppid()):
        try: os.kill(target, s)
        except OSError: pass"""),
    *(Attack(f"changes {name} of the warm process", f"import os, resource\n{change}")
      for name, change in {
          "the open files": "resource.prlimit(1, resource.RLIMIT_NOFILE, (10, 10))",
          "the memory": "resource.prlimit(1, resource.RLIMIT_AS, (200 << 20, 200 << 20))",
          "the time": "resource.prlimit(1, resource.RLIMIT_CPU, (0, 0))",
          "the priority": "os.setpriority(os.PRIO_PROCESS, 1, 19); raise SystemError",
          "the cores": "os.sched_setaffinity(1, {0}); raise SystemError"}.items()),
    Attack("signals by way of a socket", points=LOST, answers={"6.1": SOCKETS + """
import fcntl
def scores(W, x):
    for fd in sockets():
        for target in (1, os.getppid()):
            fcntl.fcntl(fd, fcntl.F_SETOWN, target)
            fcntl.fcntl(fd, 10, 9)
            fcntl.fcntl(fd, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    time.sleep(1)
    os._exit(1)"""}),
    Attack("limits of its parent", points=LOST, answers={"6.1": """
import os, resource
def scores(W, x):
    resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (0, 0))
    return W @ x"""}),
    Attack("closes the folders", """
import os
os.chmod("/tmp", 0)
os.chmod(os.environ["HOME"], 0)"""),
    Attack("writes on the folder itself", """
import os
os.utime("/tmp", (12345, 12345))
os.setxattr(os.environ["HOME"], "user.answer", b"W @ x")"""),
    Attack("reads what was written on the folder", """
import os
if os.stat("/tmp").st_mtime == 12345: raise SystemExit("read")"""),
    Attack("signals to everybody", "import os, signal\nos.kill(-1, signal.SIGKILL)"),
    Attack("signals from a function", points=LOST, answers={"6.1": """
import os
def scores(W, x):
    os.kill(os.getppid(), 9)
    return W @ x"""}),
    Attack("leaves a present for the next student", """
import os
for place in ("/tmp", os.environ["HOME"], "/stage", "/dev", "/fonts", "/site", "/"):
    for name in ("numpy.py", "sitecustomize.py", "wire.py", "usercustomize.py"):
        try: open(f"{place}/{name}", "w").write("raise SystemExit('owned')")
        except OSError: pass"""),
    Attack("leaves shared memory", """
import ctypes
libc = ctypes.CDLL(None)
if libc.shmget(0x1234, 4096, 0o1666) >= 0: raise SystemError("shared")
scores = None
from multiprocessing import shared_memory
shared_memory.SharedMemory("present", create=True, size=4096)"""),
    Attack("looks for processes", """
import os
scores = None
found = [p for p in os.listdir("/proc") if p.isdigit()]
raise SystemError(found)"""),
    Attack("answers no question", """
import __main__
__main__.question = lambda *a: None""", points=NOTHING),
    Attack("is what it would be forked from", "import os\nos.fork = lambda: 0"),
    Attack("answers for all questions at once", """
import wire
pack = wire.pack
wire.pack = lambda value, functions=None: pack({"value": 1.0, "arguments": []})""",
           points=dict.fromkeys(FULL, 0)),
    Attack("changes what its neighbours compute", answers={"6.1": """
import numpy as np
def scores(W, x):
    global descend, shape, order
    descend = shape = order = None
    right = W @ x
    np.add = np.multiply = np.dot = None
    return right"""}),
]
