"""Attention: every token asks, every token answers (lesson 15).

Sequences are (B, T, D): B examples of T tokens with D numbers each. A few heads are worked on at a
time; both passes for all of them at once, in nine lines, stand in ``tests/plain.py``.
Source: Vaswani et al., "Attention Is All You Need", 2017.
"""

import math

import numpy as np

from nnlib._shapes import Layer, ShapeError, check_shape
from nnlib.activations import softmax
from nnlib.initializers import xavier


def attention(Q, K, V, mask=None):
    """Return softmax(Q K^T / sqrt d) V and the weights, eqs. (15.8) and (15.9).

    Parameters
    ----------
    Q, K, V : ndarray (..., T, d)
        Queries, keys and values; K and V may have another T than Q.
    mask : ndarray of bool, broadcastable to (..., T, T), optional
        True where a query may look. Every query needs one True.

    Returns
    -------
    output : ndarray (..., T, d)
    A : ndarray (..., T, T)
        Row t: how much query t takes from each value; sums to 1.
    """
    check_shape("V", V, (*np.shape(K)[:-1], "d"))
    check_shape("K", K, (*np.shape(Q)[:-2], "T", np.shape(Q)[-1]))
    A = np.empty((*Q.shape[:-1], K.shape[-2]), np.result_type(Q, K, V, 0.0))
    output = np.empty((*Q.shape[:-1], V.shape[-1]), A.dtype)
    masks = [] if mask is None else [np.broadcast_to(_checked(mask, A.shape), A.shape)]
    for a, q, k, v, o, *m in _few_heads(A, Q, K, V, output, *masks):
        a[...] = softmax(scores(q, k, *m))
        np.matmul(a, v, out=o)
    return output, A


def scores(Q, K, mask=None):
    """Return Q K^T / sqrt d, eq. (15.7), -inf where the mask forbids to look, (15.21).

    The factor keeps the variance of a sum of d products at 1, (15.5).
    """
    check_shape("K", K, (*np.shape(Q)[:-2], "T", np.shape(Q)[-1]))
    S = Q / math.sqrt(Q.shape[-1]) @ K.mT
    return S if mask is None else np.where(_checked(mask, S.shape), S, -np.inf)


def attention_backward(upstream, Q, K, V, A):
    """Return dQ, dK, dV from the upstream gradient of the output, (..., T, d), (15.11) to (15.17).

    Through the weights row by row: dS is the softmax's vector-Jacobian product. Where the
    mask forbade to look A is 0, and so is dS, (15.22).
    """
    dQ, dK, dV = (np.empty(M.shape, np.result_type(upstream, A)) for M in (Q, K, V))
    for a, u, q, k, v, dq, dk, dv in _few_heads(A, upstream, Q, K, V, dQ, dK, dV):
        np.matmul(a.mT, u, out=dv)
        da = u @ v.mT
        ds = a * (da - (a * da).sum(axis=-1, keepdims=True)) / math.sqrt(q.shape[-1])
        np.matmul(ds, k, out=dq)
        np.matmul(ds.mT, q, out=dk)
    return dQ, dK, dV


def causal_mask(T):
    """Return (T, T), True where query t looks at token r <= t: no peeking ahead."""
    return np.tri(T, dtype=bool)


class MultiHeadAttention(Layer):
    """Several attentions side by side, each on its own D / heads numbers, (15.18), (15.23).

    Parameters
    ----------
    D, heads : int
        Numbers a token; `heads` divides D.
    rng : numpy.random.Generator
        Draws W_Q, W_K, W_V, W_O, each (D, D).
    mask : ndarray (T, T) of bool, optional
        True where a query may look.
    """

    names = ("W_Q", "W_K", "W_V", "W_O")

    def __init__(self, D, heads, rng, mask=None):
        if heads < 1 or D % heads:
            raise ShapeError(f"D = {D} numbers cannot be dealt to {heads} heads evenly")
        self.heads, self.mask = heads, mask
        self.W_Q, self.W_K, self.W_V, self.W_O = (xavier(D, D, rng) for _ in range(4))

    def forward(self, X):
        """Return (B, T, D) for X (B, T, D); the weights (B, heads, T, T) are kept as A."""
        check_shape("X", X, ("B", "T", len(self.W_Q)))
        X = np.asarray(X)
        Q, K, V = (self._deal(X @ W.T) for W in (self.W_Q, self.W_K, self.W_V))
        output, self.A = attention(Q, K, V, self.mask)
        self.X, self.Q, self.K, self.V = X, Q, K, V
        self.H = self._collect(output)
        return self.H @ self.W_O.T

    def backward(self, upstream):
        """Set dW_Q, dW_K, dW_V, dW_O from upstream (B, T, D); return dX (B, T, D), (15.20)."""
        upstream = np.asarray(upstream)
        check_shape("upstream", upstream, self.kept("X").shape)
        self.dW_O = _weight_gradient(upstream, self.H)  # (15.24)
        through_heads = self._deal(upstream @ self.W_O)
        parts = attention_backward(through_heads, self.Q, self.K, self.V, self.A)
        dQ, dK, dV = (self._collect(part) for part in parts)
        self.dW_Q, self.dW_K, self.dW_V = (_weight_gradient(d, self.X) for d in (dQ, dK, dV))
        return dQ @ self.W_Q + dK @ self.W_K + dV @ self.W_V

    def _deal(self, X):
        """Deal the D numbers to the heads: (B, T, D) becomes (B, heads, T, d)."""
        B, T, D = X.shape
        return X.reshape(B, T, self.heads, D // self.heads).transpose(0, 2, 1, 3)

    def _collect(self, H):
        """Lay the heads side by side: (B, heads, T, d) becomes (B, T, D)."""
        B, heads, T, d = H.shape
        return H.transpose(0, 2, 1, 3).reshape(B, T, heads * d)


def positional_encoding(T, D):
    """Return (T, D): sine and cosine of t, (15.26), D/2 wavelengths from 2 pi towards 10000 * 2 pi.

    Without it attention cannot tell the order of its tokens, (15.25).
    """
    t = np.arange(T)[:, None] / 10000.0 ** (np.arange(0, D, 2) / D)
    return np.stack([np.sin(t), np.cos(t)], axis=-1).reshape(T, -1)[:, :D]


def _few_heads(A, *arrays):
    """Yield the arrays (..., T, d) as (heads, T, d), as few heads as leave their A in cache."""
    step = max(1, 2**16 // (A.shape[-2] * A.shape[-1]))
    heads = [M.reshape(-1, *M.shape[-2:]) for M in (A, *arrays)]
    for start in range(0, len(heads[0]), step):
        yield [M[start : start + step] for M in heads]


def _checked(mask, shape):
    mask = np.asarray(mask)
    if mask.dtype != bool:
        raise ValueError(f"mask holds {mask.dtype}, expected bool: True where a query may look")
    sizes = zip(mask.shape[::-1], shape[::-1])
    if mask.ndim > len(shape) or any(size not in (1, expected) for size, expected in sizes):
        cause = "it has a row for each query and a column for each key"
        raise ShapeError(f"mask has shape {mask.shape}, expected {shape[-2:]}: {cause}")
    if not mask.any(axis=-1).all():
        raise ValueError("the mask leaves a query nothing to look at: its row has no True")
    return mask


def _weight_gradient(delta, X):
    """Return sum over examples and tokens of delta x^T, (D, D)."""
    return delta.reshape(-1, delta.shape[-1]).T @ X.reshape(-1, X.shape[-1])
