"""Attention: forward index by index, backward measured, masks, heads, positions."""
# ruff: noqa: E501 (a message stands on one line, as it is printed)

import math

import numpy as np
import plain
import pytest
from measured import assert_gradient
from test_layers import check_backward

from nnlib import attention
from nnlib._shapes import ShapeError

BATCHES = [(), (2,), (2, 3)]


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def questions(batch=(), T=3, S=5, d=4, d_v=2):
    """Return Q (T, d), K (S, d) and V (S, d_v): no two sizes are equal."""
    return normal(*batch, T, d), normal(*batch, S, d, seed=1), normal(*batch, S, d_v, seed=2)


def masks(T, S):
    """Return by name: nothing forbidden, no peeking, at random, one row with a single True."""
    scattered = np.random.default_rng(3).random((T, S)) < 0.6
    scattered[:, 1] = True
    lonely = np.ones((T, S), dtype=bool)
    lonely[1] = np.arange(S) == 2
    return {"none": None, "causal": np.tri(T, S, dtype=bool), "random": scattered, "lonely": lonely}


MASKS = ["none", "causal", "random", "lonely"]


def one_by_one(Q, K, V, mask):
    """Return output and weights of one example, by loops over queries and keys."""
    (T, d), S = Q.shape, len(K)
    A, output = np.zeros((T, S)), np.zeros((T, V.shape[1]))
    for t in range(T):
        seen = [s for s in range(S) if mask is None or mask[t, s]]
        e = {s: math.exp(sum(Q[t, k] * K[s, k] for k in range(d)) / math.sqrt(d)) for s in seen}
        for s in seen:
            A[t, s] = e[s] / sum(e.values())
            output[t] += A[t, s] * V[s]
    return output, A


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("batch", BATCHES, ids=str)
def test_forward_by_loops(batch, name):
    Q, K, V = questions(batch)
    mask = masks(3, 5)[name]
    output, A = attention.attention(Q, K, V, mask)
    assert output.shape == (*batch, 3, 2) and A.shape == (*batch, 3, 5)
    for at in np.ndindex(batch):
        expected = one_by_one(Q[at], K[at], V[at], mask)
        np.testing.assert_allclose(output[at], expected[0], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(A[at], expected[1], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("batch", BATCHES, ids=str)
def test_backward_is_measured(batch, name):
    Q, K, V = questions(batch)
    mask = masks(3, 5)[name]
    output, A = attention.attention(Q, K, V, mask)
    U = normal(*output.shape, seed=4)

    def at(Q, K, V):
        return float(np.sum(U * attention.attention(Q, K, V, mask)[0]))

    dQ, dK, dV = attention.attention_backward(U, Q, K, V, A)
    assert_gradient(lambda Q: at(Q, K, V), Q, dQ)
    assert_gradient(lambda K: at(Q, K, V), K, dK)
    assert_gradient(lambda V: at(Q, K, V), V, dV)


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("batch, T, S", [((7, 3), 60, 70), ((2, 2), 300, 250), ((1,), 9, 4)], ids=str)
def test_a_few_heads_at_a_time_is_the_plain_form(batch, T, S, kind, name):
    Q, K, V = (M.astype(kind) for M in questions(batch, T, S, 8, 6))
    U = normal(*batch, T, 6, seed=4).astype(kind)
    mask = masks(T, S)[name]
    output, A = attention.attention(Q, K, V, mask)
    ours = output, *attention.attention_backward(U, Q, K, V, A)
    for a, b in zip(ours, plain.attention(Q, K, V, U, mask), strict=True):
        assert a.dtype == kind and a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-5 if kind == "float32" else 1e-13)


def test_the_softmax_jacobian_of_a_row_gives_the_gradient_of_the_scores():
    Q, K, V = questions()
    output, A = attention.attention(Q, K, V)
    U = normal(*output.shape, seed=4)
    dS = np.zeros_like(A)
    for t, a in enumerate(A):
        jacobian = np.diag(a) - np.outer(a, a)
        dS[t] = jacobian @ (V @ U[t])
    dQ, dK, _ = attention.attention_backward(U, Q, K, V, A)
    np.testing.assert_allclose(dQ, dS @ K / 2.0, rtol=1e-12)  # d = 4
    np.testing.assert_allclose(dK, dS.T @ Q / 2.0, rtol=1e-12)


@pytest.mark.parametrize("name", MASKS)
def test_every_row_of_weights_is_a_distribution(name):
    Q, K, V = questions((2, 3))
    output, A = attention.attention(Q, K, V, masks(3, 5)[name])
    assert np.all(A >= 0.0)
    np.testing.assert_allclose(A.sum(axis=-1), 1.0, rtol=1e-14)
    assert np.all(output <= V.max(axis=-2, keepdims=True) + 1e-14)  # a mean of the values
    assert np.all(output >= V.min(axis=-2, keepdims=True) - 1e-14)


def test_the_order_of_keys_and_values_together_does_not_matter():
    Q, K, V = questions((2,))
    order = np.array([3, 0, 4, 1, 2])
    output, A = attention.attention(Q, K, V)
    again, A_again = attention.attention(Q, K[:, order], V[:, order])
    np.testing.assert_allclose(again, output, rtol=1e-12)
    np.testing.assert_allclose(A_again, A[..., order], rtol=1e-12)
    assert not np.allclose(attention.attention(Q, K[:, order], V)[0], output)


def test_the_order_of_queries_is_the_order_of_outputs():
    layer, X = heads(), normal(2, 3, 6)
    order = np.array([2, 0, 1])
    np.testing.assert_allclose(layer.forward(X[:, order]), layer.forward(X)[:, order], atol=1e-13)


@pytest.mark.parametrize("d", [2, 16, 64])
def test_the_scale_keeps_the_variance_of_the_scores(d):
    n = 20_000
    Q, K = normal(n, 1, d), normal(n, 1, d, seed=1)
    S = attention.scores(Q, K).ravel()
    fourth = 3.0 + 6.0 / d  # of a sum of d products of normal numbers, over sqrt d
    error = 5.0 * math.sqrt((fourth - 1.0) / n)  # five standard errors
    assert abs(S.var() - 1.0) <= error
    assert abs(S.mean()) <= 5.0 / math.sqrt(n)


def test_large_scores_neither_overflow_nor_lose_the_gradient():
    Q, K, V = questions()
    output, A = attention.attention(1e150 * Q, 1e150 * K, V)
    winners = (Q @ K.T).argmax(axis=1)
    assert np.array_equal(A, np.eye(5)[winners])
    np.testing.assert_array_equal(output, V[winners])
    for part in attention.attention_backward(np.ones_like(output), Q, K, V, A):
        assert np.all(np.isfinite(part))


@pytest.mark.parametrize("name", ["causal", "random", "lonely"])
def test_what_is_masked_has_weight_0_and_gradient_0(name):
    Q, K, V = questions((2,))
    mask = masks(3, 5)[name]
    output, A = attention.attention(Q, K, V, mask)
    assert np.all(A[:, ~mask] == 0.0) and np.all(A[:, mask] > 0.0)
    for t in range(3):  # the upstream of one query reaches no key it may not see
        U = np.zeros_like(output)
        U[:, t] = normal(2, 2, seed=4)
        _, dK, dV = attention.attention_backward(U, Q, K, V, A)
        assert np.all(dK[:, ~mask[t]] == 0.0) and np.all(dV[:, ~mask[t]] == 0.0)
        assert np.all(dV[:, mask[t]] != 0.0)


def test_a_query_with_one_key_takes_its_value_and_learns_nothing():
    Q, K, V = questions()
    output, A = attention.attention(Q, K, V, masks(3, 5)["lonely"])
    assert np.array_equal(A[1], [0.0, 0.0, 1.0, 0.0, 0.0])
    assert np.array_equal(output[1], V[2])
    dQ, _, _ = attention.attention_backward(np.ones_like(output), Q, K, V, A)
    assert np.all(dQ[1] == 0.0)


def test_the_causal_mask_forbids_to_peek():
    mask = attention.causal_mask(4)
    assert mask.dtype == bool
    for t, s in np.ndindex(4, 4):
        assert mask[t, s] == (s <= t)
    layer, X = heads(mask=mask), normal(1, 4, 6)
    Y = layer.forward(X)
    X[0, 2] += 1.0
    changed = np.any(layer.forward(X) != Y, axis=-1)[0]
    assert changed.tolist() == [False, False, True, True]


# ---------------------------------------------------------------- heads


def heads(D=6, heads=2, seed=0, mask=None):
    return attention.MultiHeadAttention(D, heads, np.random.default_rng(seed), mask)


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_heads_forward_by_loops(n):
    layer, X = heads(heads=n), normal(2, 4, 6)
    Y, d = layer.forward(X), 6 // n
    for i, x in enumerate(X):
        expected = np.zeros((4, 6))
        for h in range(n):
            own = slice(h * d, (h + 1) * d)
            Q, K, V = (x @ W[own].T for W in (layer.W_Q, layer.W_K, layer.W_V))
            output, A = one_by_one(Q, K, V, None)
            np.testing.assert_allclose(layer.A[i, h], A, rtol=1e-12)
            expected += output @ layer.W_O[:, own].T
        np.testing.assert_allclose(Y[i], expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("n", [1, 2, 3, 6])
@pytest.mark.parametrize("name", ["none", "causal", "lonely"])
def test_heads_backward_is_measured(n, name):
    check_backward(heads(heads=n, mask=masks(3, 3)[name]), normal(2, 3, 6, seed=7))


def test_inputs_stay_unchanged_lists_are_taken_and_backward_may_run_twice():
    layer, X = heads(heads=3), normal(2, 4, 6)
    U = normal(2, 4, 6, seed=1)
    X.flags.writeable = U.flags.writeable = False
    Y, dX = layer.forward(X), layer.backward(U)
    gradients = {name: g.copy() for name, g in layer.gradients.items()}
    np.testing.assert_allclose(layer.forward(X.tolist()), Y, rtol=1e-13)
    np.testing.assert_allclose(layer.backward(U.tolist()), dX, rtol=1e-13)
    for name, g in layer.gradients.items():
        np.testing.assert_allclose(g, gradients[name], rtol=1e-13)
    assert layer.forward(X[:0]).shape == (0, 4, 6) == layer.backward(U[:0]).shape


def test_a_refused_input_leaves_the_layer_as_it_was():
    layer, X = heads(mask=attention.causal_mask(4)), normal(2, 4, 6)
    U = layer.forward(X)
    dX = layer.backward(U)
    for wrong in (np.ones((2, 4, 5)), np.ones((2, 7, 6))):
        with pytest.raises(ShapeError):
            layer.forward(wrong)
    assert np.array_equal(layer.backward(U), dX)


def test_repeating_the_batch_adds():
    layer, X, U = heads(), normal(2, 3, 6), normal(2, 3, 6, seed=1)
    layer.forward(X)
    layer.backward(U)
    once = {name: g.copy() for name, g in layer.gradients.items()}
    layer.forward(np.concatenate([X, X]))
    layer.backward(np.concatenate([U, U]))
    for name, g in layer.gradients.items():
        np.testing.assert_allclose(g, 2.0 * once[name], rtol=1e-12)


# ---------------------------------------------------------------- positions


@pytest.mark.parametrize("T, D", [(5, 6), (4, 5), (1, 1), (7, 2)])
def test_positions_are_sines_and_cosines(T, D):
    P = attention.positional_encoding(T, D)
    assert P.shape == (T, D)
    for t, k in np.ndindex(T, D):
        angle = t / 10000.0 ** ((k - k % 2) / D)
        wave = math.sin(angle) if k % 2 == 0 else math.cos(angle)
        assert P[t, k] == pytest.approx(wave, abs=1e-14)


def test_the_product_of_two_positions_depends_on_their_distance_only():
    P = attention.positional_encoding(9, 8)
    products = P @ P.T
    for step in range(9):
        np.testing.assert_allclose(np.diagonal(products, step), products[0, step], rtol=1e-12)
    assert np.all(products[0, 1:] < products[0, 0])


# ---------------------------------------------------------------- what is refused


def shaped(*shapes):
    return [np.ones(shape) for shape in shapes]


@pytest.mark.parametrize("call, message", [
    (lambda: attention.attention(*shaped((3, 4), (5, 2), (5, 2))),
     "K has shape (5, 2), expected (T, 4): look at axis 1"),
    (lambda: attention.attention(*shaped((3, 4), (5, 4), (6, 2))),
     "V has shape (6, 2), expected (5, d): look at axis 0"),
    (lambda: attention.attention(*shaped((2, 3, 4), (5, 4), (5, 2))),
     "K has shape (5, 4), expected (2, T, 4): the number of axes is 2, expected 3"),
    (lambda: attention.scores(*shaped((3, 4), (5, 4)), np.ones((5, 3), dtype=bool)),
     "mask has shape (5, 3), expected (3, 5): it has a row for each query and a column for each key"),
    (lambda: attention.scores(*shaped((1, 3, 4), (1, 5, 4)), np.ones((2, 3, 5), dtype=bool)),
     "mask has shape (2, 3, 5), expected (3, 5): it has a row for each query and a column for each key"),
    (lambda: heads(mask=np.ones((4, 4), dtype=bool)).forward(np.ones((2, 3, 6))),
     "mask has shape (4, 4), expected (3, 3): it has a row for each query and a column for each key"),
    (lambda: heads(D=6, heads=4), "D = 6 numbers cannot be dealt to 4 heads evenly"),
    (lambda: heads(D=6, heads=0), "D = 6 numbers cannot be dealt to 0 heads evenly"),
    (lambda: heads(D=6, heads=-2), "D = 6 numbers cannot be dealt to -2 heads evenly"),
    (lambda: heads().forward(np.ones((3, 6))),
     "X has shape (3, 6), expected (B, T, 6): one example is a batch of one, write x[None, :]"),
    (lambda: heads().forward(np.ones((2, 3, 5))), "X has shape (2, 3, 5), expected (B, T, 6): look at axis 2"),
])  # fmt: skip
def test_shape_errors(call, message):
    with pytest.raises(ShapeError) as error:
        call()
    assert str(error.value) == message


@pytest.mark.parametrize("wrong", [(3, 2, 6), (2, 3, 5), (2, 6)])
def test_backward_needs_forward_and_its_shape(wrong):
    layer = heads()
    with pytest.raises(RuntimeError, match="^MultiHeadAttention has no X yet: call forward"):
        layer.backward(np.ones((2, 3, 6)))
    layer.forward(np.ones((2, 3, 6)))
    with pytest.raises(ShapeError, match=r"^upstream has shape"):
        layer.backward(np.ones(wrong))


@pytest.mark.parametrize("mask, message", [
    (np.eye(3, 5, k=-1, dtype=bool), "the mask leaves a query nothing to look at: its row has no True"),
    (np.where(np.tri(3, 5), 0.0, -np.inf), "mask holds float64, expected bool: True where a query may look"),
    (np.tri(3, 5, dtype=int), "mask holds int64, expected bool: True where a query may look"),
])  # fmt: skip
def test_masks_that_mean_something_else_are_refused(mask, message):
    with pytest.raises(ValueError) as error:
        attention.attention(*questions(), mask)
    assert str(error.value).replace("int32", "int64") == message


@pytest.mark.parametrize("shape", [(5,), (3, 5), (1, 5), (3, 1), (2, 1, 3, 5)])
def test_a_mask_is_repeated_over_the_batch(shape):
    mask = np.ones(shape, dtype=bool)
    Q, K, V = questions((2, 3))
    np.testing.assert_array_equal(*(attention.attention(Q, K, V, m)[1] for m in (mask, None)))
