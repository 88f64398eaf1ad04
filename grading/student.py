"""The program inside the jail: it runs a student's cells and answers with values, no verdicts.

A warm process has numpy imported and forks for every submission; that process runs the cells
and forks for every question. So a question, or a submission, can only spoil itself. Nothing here
knows a reference, a secret or a score. It is started as `student.py FD`.
"""
import gc
import os
import re
import resource
import signal
import sys

import seccomp
import wire

MEGABYTE = 1 << 20
LIMITS = {resource.RLIMIT_AS: 1024 * MEGABYTE, resource.RLIMIT_FSIZE: 8 * MEGABYTE,
          resource.RLIMIT_NOFILE: 64, resource.RLIMIT_CORE: 0, resource.RLIMIT_CPU: 60}
PROCESSES = 6  # in one jail: the warm one, a submission, its question, and a few to spare
WORDS = 300  # of an error that are sent back
Connection = wire.socket.socket


def main(descriptor):
    """Be the warm process: fork for a submission (f), sweep up after it (s)."""
    control, jailed = Connection(fileno=int(descriptor)), os.getpid() == 1
    seccomp.undumpable()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # process 1 of a namespace then ignores it
    gc.freeze()
    before = changes()
    wire.send(control, "ready")
    for letter, connection in wire.orders(control):
        if letter == b"f":
            fork(lambda here: submission(here, jailed), connection, control)
        else:
            wire.send(control, jailed and is_clean(before))


def fork(serve, connection, above):
    """Let a new process serve the connection; it cannot speak on the one above."""
    child = os.fork()
    if not child:
        try:
            above.close()
            serve(connection)
        finally:
            os._exit(0)
    connection.close()
    return child


def is_clean(before):
    """Kill everything but this process 1, and tell whether no file was written or changed."""
    try:
        os.kill(-1, signal.SIGKILL)
    except ProcessLookupError:
        pass
    try:
        while os.wait():
            pass
    except ChildProcessError:
        return changes() == before


def changes():
    """Return when the folders were last changed in any way: this time cannot be forged."""
    return [os.stat(folder).st_ctime_ns for folder in ("/tmp", os.environ["HOME"])]


# ---- one submission ----

def submission(connection, jailed):
    """Run cells (c) in one set of names; fork for every question (q)."""
    for name, value in (LIMITS | {resource.RLIMIT_NPROC: PROCESSES} if jailed else LIMITS).items():
        resource.setrlimit(name, (value, value))
    seccomp.install(())
    silence()
    wire.send(connection, "ready")
    names, child = {"__name__": "__main__", "display": lambda *things, **how: None}, None
    for letter, channel in wire.orders(connection):
        if letter == b"c":
            wire.send(connection, run(wire.receive(connection), names))
            continue
        if child:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        child = fork(lambda here: question(here, names), channel, connection)


def silence():
    """Point input and outputs at nothing: what a student prints is not graded."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)


def run(source, names):
    """Run one cell; return None, or the words of what stopped it."""
    try:
        try:
            code = compile(source, "cell", "exec")
        except SyntaxError:
            code = compile(without_magics(source), "cell", "exec")
        exec(code, names)
    except BaseException as error:
        return words(error)


def without_magics(source):
    """Return the source without the lines that only IPython understands."""
    return re.sub(r"^(\s*)([%!?].*|.*\?)$", r"\1pass", source, flags=re.M)


def words(error):
    """Return the kind and the text of an error, whose class may be a student's."""
    try:
        return f"{type(error).__name__}: {error}"[:WORDS]
    except BaseException:
        return "an error"


# ---- one question ----

def question(connection, names):
    """Answer requests for values until the connection ends; start no process meanwhile."""
    seccomp.install(seccomp.SIGNALS + seccomp.PROCESSES)
    while True:
        try:
            answer = value(*wire.receive(connection, proxy=proxies(connection)), names)
            message = wire.pack(answer)
        except wire.Gone:
            return
        except BaseException as error:
            message = wire.pack({"error": words(error)})
        connection.sendall(message)


def value(name, arguments, names):
    """Return what stands under a name, or what the function there returns for the arguments.

    The arguments go back as they are after the call: the grader compares them with what it sent.
    """
    if name not in names or names[name] is ...:
        return {"missing": name} if name not in names else {"value": None}
    if arguments is None:
        return {"value": names[name]}
    result = names[name](*arguments)
    return {"value": result, "arguments": [None if callable(a) else a for a in arguments]}


def proxies(connection):
    """Return a maker of functions that ask the grader's end to compute."""
    def proxy(number):
        def ask(*arguments):
            wire.send(connection, {"call": number, "arguments": list(arguments)})
            reply = wire.receive(connection)
            if "error" in reply:
                raise RuntimeError(reply["error"])
            return reply["value"]
        return ask
    return proxy


if __name__ == "__main__":
    main(*sys.argv[1:])
