"""Plain values over a socket and never pickle: two lengths, a JSON head, raw array bytes.

Both ends use this file, the grader and the process that runs a student's code. The grader's
end trusts nothing: every length, type and shape is looked at before anything is made of it.
"""
import io
import json
import math
import socket
import struct
import time

import numpy as np

HEAD, BODY = 1 << 18, 1 << 23  # bytes a message may have at most: 256 KiB, 8 MiB
DEPTH, AXES, WHOLE = 16, 8, 1 << 63
DTYPES = ("|b1", "|i1", "|u1", "<i2", "<i4", "<i8", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8")
LENGTHS = struct.Struct("!II")


class WireError(Exception):
    """What came over the wire is not a plain value within the limits."""


class Late(WireError):
    """Nothing complete came in time."""


class Gone(WireError):
    """The other end is closed."""


# ---- values as bytes ----

def pack(value, functions=None):
    """Return the message that carries `value`; callables in it are appended to `functions`."""
    arrays = []
    head = json.dumps(_tree(value, arrays, functions, 0)).encode("ascii")
    size = sum(array.nbytes for array in arrays)
    if len(head) > HEAD or size > BODY:
        raise WireError(f"a value of {len(head) + size:,} bytes is too large")
    return b"".join([LENGTHS.pack(len(head), size), head, *(a.tobytes() for a in arrays)])


def _tree(value, arrays, functions, depth):
    """Return the JSON tree of a value; the arrays met are appended to `arrays`."""
    if depth > DEPTH:
        raise WireError("nested too deeply")
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, (np.ndarray, np.generic)):
        return _array(value, arrays)
    if isinstance(value, dict):
        value, tag = value.items(), "d"
    elif isinstance(value, (tuple, list)):
        tag = "t" if isinstance(value, tuple) else "l"
    elif callable(value) and functions is not None:
        functions.append(value)
        return ["f", len(functions) - 1]
    else:
        raise WireError(f"a {type(value).__name__} is no number, array, text, list or dict")
    return [tag, *(_tree(part, arrays, functions, depth + 1) for part in value)]


def _array(value, arrays):
    array = np.asarray(value)
    array = array.astype(array.dtype.newbyteorder("<"), order="C")
    if array.dtype.str not in DTYPES:
        raise WireError(f"an array of {array.dtype} is not one of numbers")
    arrays.append(array)
    return ["a", array.dtype.str, list(array.shape)]


# ---- bytes as values ----

def unpack(head, body, proxy=None):
    """Return the value of a message; `proxy(n)` stands for the other end's n-th function."""
    body = io.BytesIO(body)
    try:
        value = _value(json.loads(head), body, proxy, 0)
    except (ValueError, TypeError, IndexError, RecursionError, OverflowError) as error:
        raise WireError(f"a damaged message: {type(error).__name__}") from None
    if body.read(1):
        raise WireError("a message with bytes left over")
    return value


def _value(tree, body, proxy, depth):
    """Return the value of a JSON tree; its arrays lie one after another in the body."""
    if type(tree) is str:
        return tree.encode("utf-8", "replace").decode()
    if type(tree) is int and abs(tree) >= WHOLE or depth > DEPTH:
        raise WireError("a number too large, or nested too deeply")
    if tree is None or type(tree) in (bool, int, float):
        return tree
    if type(tree) is not list:
        raise WireError("no tag")
    tag, *parts = tree
    if tag == "a":
        return _take_array(*parts, body)
    if tag == "f" and proxy and type(parts[0]) is int:
        return proxy(parts[0])
    make = {"l": list, "t": tuple, "d": _dict}.get(tag)
    if make is None:
        raise WireError("an unknown tag")
    return make([_value(part, body, proxy, depth + 1) for part in parts])


def _dict(pairs):
    if not all(type(pair) is tuple and type(pair[0]) in (str, int) for pair in pairs):
        raise WireError("a key that is neither text nor a number")
    return dict(pairs)


def _take_array(dtype, shape, body):
    plain = type(shape) is list and all(type(n) is int and 0 <= n <= BODY for n in shape)
    if dtype not in DTYPES or not plain or len(shape) > AXES:
        raise WireError("an array of an unknown kind")
    size = math.prod(shape) * np.dtype(dtype).itemsize
    data = body.read(size)
    if len(data) < size:
        raise WireError("an array larger than its message")
    return np.frombuffer(data, dtype).reshape(shape).copy()


# ---- over a socket ----

def send(connection, value, functions=None, deadline=None, letter=b""):
    """Send one value, behind a letter if it is an order; raise Late or Gone if it is not taken."""
    message = letter + pack(value, functions)
    try:
        connection.settimeout(_left(deadline))
        connection.sendall(message)
    except TimeoutError:
        raise Late("not taken in time") from None
    except OSError:
        raise Gone("its process ended") from None


def receive(connection, deadline=None, proxy=None):
    """Return one value that came before the deadline (in seconds of time.monotonic)."""
    head, body = LENGTHS.unpack(_exactly(connection, LENGTHS.size, deadline))
    if head > HEAD or body > BODY:
        raise WireError(f"a message of {head + body:,} bytes is announced: too large")
    return unpack(_exactly(connection, head, deadline), _exactly(connection, body, deadline), proxy)


def _exactly(connection, size, deadline):
    data = bytearray(size)
    view, got = memoryview(data), 0
    try:
        while got < size:
            connection.settimeout(_left(deadline))
            count = connection.recv_into(view[got:])
            if not count:
                raise ConnectionResetError
            got += count
    except TimeoutError:
        raise Late("no answer in time") from None
    except OSError:
        raise Gone("its process ended") from None
    return bytes(data)


def _left(deadline):
    """Return the seconds that are left, never 0, which would mean: do not wait at all."""
    return None if deadline is None else max(deadline - time.monotonic(), 1e-6)


def orders(connection):
    """Yield (letter, socket or None) for every order that comes; end with the connection."""
    while True:
        connection.settimeout(None)
        letter, fds, _, _ = socket.recv_fds(connection, 1, 1)
        if not letter:
            return
        yield letter, socket.socket(fileno=fds[0]) if fds else None
