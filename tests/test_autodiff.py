"""The engine: every rule measured, broadcasting, matmul, indexing, fan-out, state, messages."""
# ruff: noqa: E501 (a case stands on one line)

import itertools
import math

import numpy as np
import pytest
from measured import measured_gradient

from nnlib import autodiff


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def positive(*shape, seed=0):
    return 0.5 + np.random.default_rng(seed).random(shape)


def agrees(f, *arrays, tolerance=1e-7):
    """Measure the gradient of sum(U * f(...)) for every array that goes in.

    f is applied to arrays (what numpy says) and to nodes (what the engine says).
    """
    y = np.asarray(f(*arrays))
    U = normal(*y.shape, seed=9)
    nodes = [autodiff.Node(a) for a in arrays]
    result = f(*nodes)
    np.testing.assert_allclose(result.array, y, rtol=1e-14, atol=1e-14)
    assert result.array.shape == y.shape
    result.backward(U)
    for n, node in enumerate(nodes):

        def at(a, n=n):
            return float(np.sum(U * f(*arrays[:n], a, *arrays[n + 1 :])))

        assert node.gradient.shape == np.shape(arrays[n])
        measured = measured_gradient(at, arrays[n])
        np.testing.assert_allclose(node.gradient, measured, rtol=tolerance, atol=tolerance)


# ---------------------------------------------------------------- one rule at a time

UNARY = {
    "negative": normal, "exp": normal, "tanh": normal, "sin": normal, "cos": normal,
    "absolute": normal, "log": positive, "sqrt": positive,
}  # fmt: skip
BINARY = {
    "add": normal, "subtract": normal, "multiply": normal, "maximum": normal, "minimum": normal,
    "divide": positive, "power": positive,
}  # fmt: skip


def test_every_rule_is_tested():
    tested = {getattr(np, name) for name in [*UNARY, *BINARY, "matmul"]}
    assert tested == set(autodiff.RULES)


@pytest.mark.parametrize("name", UNARY)
def test_rule_of_one_argument_is_measured(name):
    for seed in range(3):
        agrees(getattr(np, name), UNARY[name](3, 4, seed=seed))
    agrees(getattr(np, name), UNARY[name](seed=5))  # one number


SHAPES = [(), (1,), (3,), (1, 3), (2, 1), (2, 3), (4, 1, 3), (4, 2, 1), (1, 1, 1)]


@pytest.mark.parametrize("name", BINARY)
def test_rule_of_two_arguments_is_measured_for_every_broadcast(name):
    for seed, (one, two) in enumerate(itertools.product(SHAPES, SHAPES)):
        if math.prod(np.broadcast_shapes(one, two)) <= (24 if seed % 5 == 0 else 6):
            agrees(getattr(np, name), BINARY[name](*one, seed=seed), BINARY[name](*two, seed=90))


MATMUL = [
    ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((5, 2, 3), (3,)),
    ((3,), (5, 3, 2)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((5, 2, 3), (5, 3, 4)),
    ((5, 1, 2, 3), (2, 3, 1)), ((1, 2, 3), (5, 3, 2)), ((1, 3), (3, 1)),
]  # fmt: skip


@pytest.mark.parametrize("one, two", MATMUL, ids=str)
def test_matmul_is_measured(one, two):
    agrees(lambda a, b: a @ b, normal(*one), normal(*two, seed=1))


SHAPING = {
    "sum": lambda x: x.sum(), "sum 0": lambda x: x.sum(0), "sum -1": lambda x: x.sum(axis=-1),
    "sum 0 2": lambda x: x.sum(axis=(0, 2)), "sum kept": lambda x: x.sum(1, keepdims=True),
    "sum all kept": lambda x: x.sum(keepdims=True),
    "mean": lambda x: x.mean(), "mean 1": lambda x: x.mean(axis=1),
    "mean 1 2": lambda x: x.mean(axis=(1, 2), keepdims=True),
    "max": lambda x: x.max(), "max 0": lambda x: x.max(axis=0), "max -1": lambda x: x.max(axis=-1),
    "max kept": lambda x: x.max(axis=1, keepdims=True), "max all": lambda x: x.max(keepdims=True),
    "reshape": lambda x: x.reshape(4, 6), "reshape -1": lambda x: x.reshape(-1, 2),
    "reshape tuple": lambda x: x.reshape((3, 8)),
    "T": lambda x: x.T, "transpose": lambda x: x.transpose(), "axes": lambda x: x.transpose(1, 2, 0),
    "axes tuple": lambda x: x.transpose((2, 0, 1)), "axes -1": lambda x: x.transpose(-1, 0, 1),
    "axes -2": lambda x: x.transpose(-2, -1, -3),
    "row": lambda x: x[1], "entry": lambda x: x[1, 0, 2], "slice": lambda x: x[:, ::-2, 1:],
    "new axis": lambda x: x[:, None, ..., 0], "twice": lambda x: x[[0, 1, 0, 0]],
    "pairs": lambda x: x[[0, 1, 0], [2, 2, 2], [3, 0, 3]],
    "table": lambda x: x[:, np.array([[0, 1], [1, 2]])],
    "mask": lambda x: x[np.arange(24).reshape(2, 3, 4) % 3 == 0],
    "numpy sum": lambda x: np.sum(x, axis=1), "numpy mean": lambda x: np.mean(x),
    "numpy max": lambda x: np.max(x, axis=2), "numpy reshape": lambda x: np.reshape(x, (6, 4)),
    "numpy transpose": lambda x: np.transpose(x, (1, 0, 2)),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPING)
def test_shaping_is_measured(name):
    agrees(SHAPING[name], normal(2, 3, 4))


def test_the_methods_are_numpys_functions():
    x, y = positive(2, 3), positive(3, seed=1)
    for method, function in [
        (lambda a, b: a.exp() * b, lambda a, b: np.exp(a) * b),
        (lambda a, b: a.log() * b, lambda a, b: np.log(a) * b),
        (lambda a, b: a.tanh() * b, lambda a, b: np.tanh(a) * b),
        (lambda a, b: a.maximum(b), lambda a, b: np.maximum(a, b)),
    ]:
        nodes = [[autodiff.Node(x), autodiff.Node(y)] for _ in range(2)]
        results = method(*nodes[0]), function(*nodes[1])
        for result in results:
            result.backward(np.ones((2, 3)))
        assert np.array_equal(results[0].array, results[1].array)
        assert all(np.array_equal(a.gradient, b.gradient) for a, b in zip(*nodes, strict=True))


def test_a_node_looks_like_its_array():
    node = autodiff.Node(normal(2, 3))
    assert node.shape == (2, 3) == np.shape(node) and len(node) == 2
    assert [row.shape for row in node] == [(3,), (3,)]
    assert repr(autodiff.Node([1, 2])) == "Node(array([1., 2.]))"


def test_ties_are_broken_as_stated():
    x, y = autodiff.Node([1.0, 2.0]), autodiff.Node([1.0, 2.0])
    np.maximum(x, y).backward(np.ones(2))
    assert np.array_equal(x.gradient, [0.0, 0.0]) and np.array_equal(y.gradient, [1.0, 1.0])
    x, y = autodiff.Node([1.0, 2.0]), autodiff.Node([1.0, 2.0])
    np.minimum(x, y).backward(np.ones(2))
    assert np.array_equal(x.gradient, [0.0, 0.0]) and np.array_equal(y.gradient, [1.0, 1.0])
    for axis in (None, 0):
        x = autodiff.Node([3.0, 7.0, 7.0])
        x.max(axis).backward()
        assert np.array_equal(x.gradient, [0.0, 1.0, 0.0])
    x = autodiff.Node([-np.inf, 2.0])  # what a mask forbade
    assert x.max().array == 2.0


def test_powers_at_0():
    for power, slope in [(0, 0.0), (1, 1.0), (2, 0.0), (3, 0.0)]:
        x = autodiff.Node(0.0)
        (x**power).backward()
        assert x.gradient == slope
    x, y = autodiff.Node(0.0), autodiff.Node(2.0)
    (x**y).backward()
    assert x.gradient == y.gradient == 0.0


def test_constants_stand_on_either_side():
    C = normal(3, 3, seed=5)
    for f in [
        lambda x: 2.0 * x, lambda x: x * 2, lambda x: 1 - x, lambda x: x - 1, lambda x: 3 / x,
        lambda x: x / 3, lambda x: 2**x, lambda x: x**2, lambda x: x**-1.5, lambda x: -x,
        lambda x: abs(x), lambda x: C @ x, lambda x: x @ C, lambda x: C * x, lambda x: x * C[0],
        lambda x: C[:, :1] + x, lambda x: x - C, lambda x: C / x, lambda x: np.float64(2.0) * x,
        lambda x: np.maximum(1.0, x), lambda x: x * [1.0, 2.0, 3.0], lambda x: [[2.0], [1.0], [0.5]] - x,
    ]:  # fmt: skip
        agrees(f, positive(3, 3))


# ---------------------------------------------------------------- graphs


def test_the_worked_example_of_the_notes():
    x, z = autodiff.Node(2.0), autodiff.Node(3.0)
    a, b = x * z, np.log(x)
    y = np.exp(a) + a / b + np.sin(b) / a
    y.backward()
    assert f"{y.array:.6f} {x.gradient:.6f} {z.gradient:.6f}" == "412.191457 1208.381215 809.707479"
    c = math.sin(math.log(2.0))
    g_a = 1.0 / math.log(2.0) + math.exp(6.0) - c / 36.0
    g_b = -6.0 / math.log(2.0) ** 2 + math.cos(math.log(2.0)) / 6.0
    assert a.gradient == pytest.approx(g_a, rel=1e-14)
    assert b.gradient == pytest.approx(g_b, rel=1e-14)
    assert x.gradient == pytest.approx(3.0 * g_a + g_b / 2.0, rel=1e-14)
    assert z.gradient == pytest.approx(2.0 * g_a, rel=1e-14)


def test_a_network_of_three_layers_is_measured():
    def J(x, W1, W2, W3):
        z = x
        for W in (W1, W2, W3):
            z = 1.0 / (1.0 + np.exp(-(W.T @ z)))
        return -(0.3 * np.log(z) + 0.7 * np.log(1.0 - z)).sum()

    agrees(J, normal(4), normal(4, 3, seed=1), normal(3, 2, seed=2), normal(2, 1, seed=3))


def test_what_is_used_several_times_gets_the_sum():
    x = autodiff.Node(3.0)
    (x * x + x).backward()
    assert x.gradient == 7.0
    x = autodiff.Node(2.0)
    y = x * x  # a diamond, and y itself is used twice
    (y * y + y * x).backward()
    assert y.gradient == 2.0 * 4.0 + 2.0 and x.gradient == 4.0 * 8.0 + 3.0 * 4.0
    x = autodiff.Node(1.0)
    y = x
    for _ in range(60):
        y = y + y  # 2^60 paths, 60 steps
    y.backward()
    assert x.gradient == 2.0**60


def test_a_second_backward_doubles_exactly():
    x, w = autodiff.Node(normal(3, 4)), autodiff.Node(normal(4, 2, seed=1))
    L = (np.tanh(x @ w) ** 2).sum()
    nodes = autodiff.topological_order(L)
    L.backward()
    once = [node.gradient.copy() for node in nodes]
    L.backward()
    for node, gradient in zip(nodes, once, strict=True):
        assert np.array_equal(node.gradient, 2.0 * gradient)
    autodiff.zero_gradients(nodes)
    assert all(np.array_equal(node.gradient, np.zeros(node.shape)) for node in nodes)
    L.backward()
    for node, gradient in zip(nodes, once, strict=True):
        assert np.array_equal(node.gradient, gradient)


def test_two_losses_add_up():
    x = autodiff.Node([1.0, 2.0])
    (x * x).sum().backward()
    (3.0 * x).sum().backward()
    assert np.array_equal(x.gradient, [5.0, 7.0])


def test_parents_stand_before_what_is_made_of_them():
    x = autodiff.Node(2.0, name="x")
    a = np.exp(x)
    b = a * x
    y = b + a
    order = autodiff.topological_order(y)
    assert len(order) == 4 and {order[0], order[1]} == {x, a} and order[2:] == [b, y]
    assert [node.name for node in (a, b, y)] == ["exp", "multiply", "add"]
    places = {node: n for n, node in enumerate(order)}
    assert all(places[p] < places[node] for node in order for p, _ in node.edges)


def test_only_what_leads_to_the_end_gets_a_gradient():
    x, other = autodiff.Node(2.0), autodiff.Node(5.0)
    _ = x * other
    (x * 3.0).backward()
    assert x.gradient == 3.0 and other.gradient == 0.0


def test_a_chain_of_10000_nodes():
    x = autodiff.Node(1.5)
    y = x
    for _ in range(10_000):
        y = y * 0.9999
    y.backward()
    assert x.gradient == pytest.approx(0.9999**10_000, rel=1e-10)
    del y  # the chain falls without recursion, too


def test_the_upstream_may_be_given():
    x, U = autodiff.Node(normal(2, 3)), normal(2, 3, seed=1)
    (2.0 * x).backward(U)
    assert np.array_equal(x.gradient, 2.0 * U)
    x = autodiff.Node([[4.0]])  # one number needs none, whatever its axes
    (x * x).backward()
    assert np.array_equal(x.gradient, [[8.0]])
    x = autodiff.Node([1.0, 2.0])
    (x * x).backward([1, 0])
    assert np.array_equal(x.gradient, [2.0, 0.0])


# ---------------------------------------------------------------- kinds of numbers


def test_a_leaf_has_a_gradient_of_its_own():
    x, y = autodiff.Node(normal(3)), autodiff.Node(normal(3, seed=1))
    (x + y).sum().backward()
    x.gradient *= 2.0
    assert np.array_equal(x.gradient, [2.0, 2.0, 2.0]) and np.array_equal(y.gradient, [1.0, 1.0, 1.0])


def test_the_gradient_of_a_turned_matrix_is_laid_out_as_the_matrix():
    W, B = autodiff.Node(normal(4, 3)), autodiff.Node(normal(3, 4))
    (normal(5, 3) @ W.T + normal(5, 3) @ B).sum().backward()
    assert W.gradient.flags.c_contiguous and B.gradient.flags.c_contiguous


def test_float32_stays_float32():
    x, W = (autodiff.Node(normal(*s).astype(np.float32)) for s in [(3, 4), (4, 2)])
    y = 1.0 / (1.0 + np.exp(-(x @ W) * 2.0 + 1)) ** 2
    L = (0.5 * np.maximum(y, 0.1)).max(axis=1).mean()
    L.backward()
    nodes = autodiff.topological_order(L)
    assert {node.array.dtype for node in nodes} == {np.dtype("float32")}
    assert {node.gradient.dtype for node in nodes} == {np.dtype("float32")}
    y.backward(np.ones((3, 2)))
    assert x.gradient.dtype == np.float32
    mixed = x * np.ones(4)  # numpy makes this float64; the gradient is again of x's kind
    mixed.sum().backward()
    assert mixed.array.dtype == np.float64 and x.gradient.dtype == np.float32


@pytest.mark.parametrize("array", [3, [1, 2], True, np.uint8(200), np.arange(3, dtype=np.int32)])
def test_whole_numbers_become_floats(array):
    x = autodiff.Node(array)
    (x * x).sum().backward()
    assert x.array.dtype == x.gradient.dtype == np.float64
    assert np.array_equal(x.gradient, 2.0 * np.asarray(array, dtype=float))
    assert isinstance(x.gradient, np.ndarray)


def test_arrays_are_never_changed():
    x, c = normal(2, 3), normal(2, 3, seed=1)
    before = x.copy(), c.copy()
    x.flags.writeable = c.flags.writeable = False
    node = autodiff.Node(x)
    U = normal(3, seed=2)
    U.flags.writeable = False
    (node * c + node).max(axis=0).backward(U)
    assert np.array_equal(x, before[0]) and np.array_equal(c, before[1])


def test_nodes_are_told_apart_by_who_they_are():
    x, y = autodiff.Node([1.0, 2.0]), autodiff.Node([1.0, 2.0])
    assert len({x, y, x}) == 2 and {x: "x", y: "y"}[x] == "x"
    assert x == x and x != y and not x == y and not x != x
    assert x in [y, x] and [y, x].index(x) == 1


# ---------------------------------------------------------------- what is refused


def misshapen():
    autodiff.Node(np.ones((2, 3))).backward(np.ones(3))


def in_place():
    total = autodiff.Node(0.0)
    total += autodiff.Node(1.0)


def into_an_array():
    y = np.zeros(2)
    y += autodiff.Node([1.0, 2.0])


def node():
    return autodiff.Node([1.0, 2.0])


@pytest.mark.parametrize("kind, call, message", [
    (TypeError, lambda: np.arctan(node()), "RULES has no derivative for numpy.arctan"),
    (TypeError, lambda: node() > 0.0, "RULES has no derivative for numpy.greater"),
    (TypeError, lambda: np.array([1.0, 2.0]) == node(), "RULES has no derivative for numpy.equal"),
    (TypeError, lambda: node() // 2, "RULES has no derivative for numpy.floor_divide"),
    (TypeError, lambda: np.add.reduce(node()), "RULES has no derivative for numpy.add.reduce"),
    (TypeError, lambda: np.exp(node(), where=[True, False]),
     "RULES has no derivative for numpy.exp with where"),
    (TypeError, in_place, "a node is never changed in place: write x = x + y instead of x += y"),
    (TypeError, into_an_array,
     "a node is never changed in place: write x = x + y instead of x += y"),
    (TypeError, lambda: np.where([True, False], node(), 0.0),
     "a node has no derivative for numpy.where"),
    (TypeError, lambda: np.concatenate([node(), node()]),
     "a node has no derivative for numpy.concatenate"),
    (TypeError, lambda: np.asarray(node()),
     "a node is not an array: write x.array for its numbers"),
    (TypeError, lambda: autodiff.Node(node()),
     "a node is not an array: write x.array for its numbers"),
    (ValueError, lambda: node().backward(),
     "backward from an array of shape (2,): pass upstream=..., of that shape, "
     "or sum to one number first"),
    (ValueError, misshapen, "upstream has shape (3,), expected (2, 3)"),
])  # fmt: skip
def test_messages(kind, call, message):
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == message


def test_a_refused_backward_changes_nothing():
    x = autodiff.Node([1.0, 2.0])
    y = x * 2.0
    for upstream in (None, np.ones(3), np.ones((1, 2))):
        with pytest.raises(ValueError):
            y.backward(upstream)
    assert np.array_equal(x.gradient, [0.0, 0.0]) and np.array_equal(y.gradient, [0.0, 0.0])


def test_a_rule_may_be_added(monkeypatch):
    monkeypatch.setitem(autodiff.RULES, np.log1p, (lambda u, y, a: u / (1.0 + a),))
    agrees(np.log1p, positive(3))


def test_these_measures_can_fail(monkeypatch):
    monkeypatch.setitem(autodiff.RULES, np.sin, (lambda u, y, a: u * np.sin(a),))
    with pytest.raises(AssertionError):
        agrees(np.sin, normal(3))
