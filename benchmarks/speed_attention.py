"""Attention with 4 heads, d = 32, B = 16, forward and backward, and PyTorch's fused kernel."""

import numpy as np
from run import Case
from speed_images import after_loading

from nnlib import attention
from tests import plain


def start(T, dtype):
    """Return Q, K, V and the upstream (16, 4, T, 32), the same for all."""
    after_loading()
    rng = np.random.default_rng(1)
    return [rng.normal(size=(16, 4, T, 32)).astype(dtype) for _ in range(4)]


def with_nnlib(T, dtype):
    (Q, K, V, U), found = start(T, dtype), []

    def step():
        output, A = attention.attention(Q, K, V)
        found[:] = output, *attention.attention_backward(U, Q, K, V, A)

    return step, lambda: found


def with_plain(T, dtype):
    (Q, K, V, U), found = start(T, dtype), []

    def step():
        found[:] = plain.attention(Q, K, V, U)

    return step, lambda: found


def floor(T, dtype):
    """Make the six products alone, head by head, into arrays that are there."""
    Q, K, V, U = start(T, dtype)
    A, output = np.zeros((16, 4, T, T), dtype), np.zeros_like(Q)

    def step():
        np.matmul(Q, K.swapaxes(2, 3), out=A)
        np.matmul(A, V, out=output)
        np.matmul(A.swapaxes(2, 3), U, out=output)
        np.matmul(U, V.swapaxes(2, 3), out=A)
        np.matmul(A, K, out=output)
        np.matmul(A.swapaxes(2, 3), Q, out=output)

    return step, lambda: None


def with_torch(T, dtype):
    import torch

    *inputs, U = (torch.from_numpy(array) for array in start(T, dtype))
    Q, K, V = (array.requires_grad_() for array in inputs)
    found = []

    def step():
        Q.grad = K.grad = V.grad = None
        output = torch.nn.functional.scaled_dot_product_attention(Q, K, V)
        output.backward(U)
        found[:] = output.detach(), Q.grad, K.grad, V.grad

    return step, lambda: [array.numpy() for array in found]


WHO = {"nnlib": with_nnlib, "floor": floor, "plain": with_plain, "torch": with_torch}


def case(T, dtype, reach):
    who = {n: lambda maker=maker: maker(T, dtype) for n, maker in WHO.items()}
    return Case(who, reach, 1e-4 if dtype == np.float32 else 1e-11)


CASES = {
    "attention T 64 f32": case(64, np.float32, {"torch": 1.1}),
    "attention T 256 f32": case(256, np.float32, {"torch": 1.45}),
    "attention T 64 f64": case(64, np.float64, {}),
    "attention T 256 f64": case(256, np.float64, {}),
}
