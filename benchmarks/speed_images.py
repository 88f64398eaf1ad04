"""Convolution and max pooling of 64 images, forward and backward with the input's gradient."""

import numpy as np
from run import Case

from nnlib.convolution import Conv2D, MaxPool2D
from tests import plain


def after_loading():
    """Free a large array: from now on malloc keeps freed memory, as after loading any data.

    Else small batches measure how the system takes pages back and hands them out again.
    """
    np.ones(2**20)


def conv_start(C_in, C_out, size, side, dtype):
    """Return X, W, b and delta, the same for all."""
    after_loading()
    rng, out = np.random.default_rng(1), side - size + 1
    shapes = (64, C_in, side, side), (C_out, C_in, size, size), (C_out,), (64, C_out, out, out)
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def conv_nnlib(C_in, C_out, size, side, dtype):
    X, W, b, delta = conv_start(C_in, C_out, size, side, dtype)
    layer = Conv2D(C_in, C_out, size, np.random.default_rng(0))
    layer.W, layer.b = W, b
    found = []

    def step():
        found[:] = layer.forward(X), layer.backward(delta), layer.dW, layer.db

    return step, lambda: found


def conv_plain(C_in, C_out, size, side, dtype):
    X, W, b, delta = conv_start(C_in, C_out, size, side, dtype)
    found = []

    def step():
        found[:] = plain.convolution(X, W, b, delta)

    return step, lambda: found


def conv_floor(C_in, C_out, size, side, dtype):
    """Make the three products alone, image by image, from columns into arrays that are there."""
    X, W, b, delta = conv_start(C_in, C_out, size, side, dtype)
    W, delta = W.reshape(C_out, -1), delta.reshape(64, C_out, -1)
    C = plain.windows(X, size, 1).transpose(0, 1, 4, 5, 2, 3).reshape(64, W.shape[1], -1)
    Z, dW, dC = np.zeros_like(delta), np.zeros((64, *W.shape), dtype), np.zeros_like(C)

    def step():
        np.matmul(W, C, out=Z)
        np.matmul(delta, C.swapaxes(1, 2), out=dW)
        np.matmul(W.T, delta, out=dC)

    return step, lambda: None


def conv_torch(C_in, C_out, size, side, dtype):
    import torch

    arrays = [torch.from_numpy(array) for array in conv_start(C_in, C_out, size, side, dtype)]
    (X, W, b), delta = (array.requires_grad_() for array in arrays[:3]), arrays[3]
    found = []

    def step():
        X.grad = W.grad = b.grad = None
        Z = torch.nn.functional.conv2d(X, W, b)
        Z.backward(delta)
        found[:] = Z.detach(), X.grad, W.grad, b.grad

    return step, lambda: [array.numpy() for array in found]


def pool_start(C, side, dtype):
    """Return X with many ties (whole numbers), and the upstream."""
    after_loading()
    rng = np.random.default_rng(1)
    X = np.rint(rng.normal(size=(64, C, side, side)))
    return X.astype(dtype), rng.normal(size=(64, C, side // 2, side // 2)).astype(dtype)


def pool_nnlib(C, side, dtype):
    X, U = pool_start(C, side, dtype)
    layer, found = MaxPool2D(2), []

    def step():
        found[:] = layer.forward(X), layer.backward(U)

    return step, lambda: found


def pool_plain(C, side, dtype):
    X, U = pool_start(C, side, dtype)
    found = []

    def step():
        found[:] = plain.max_pooling(X, U, 2, 2)

    return step, lambda: found


def pool_torch(C, side, dtype):
    import torch

    X, U = (torch.from_numpy(array) for array in pool_start(C, side, dtype))
    X.requires_grad_()
    found = []

    def step():
        X.grad = None
        Y = torch.nn.functional.max_pool2d(X, 2)
        Y.backward(U)
        found[:] = Y.detach(), X.grad

    return step, lambda: [array.numpy() for array in found]


CONV = {"nnlib": conv_nnlib, "floor": conv_floor, "plain": conv_plain, "torch": conv_torch}
POOL = {"nnlib": pool_nnlib, "plain": pool_plain, "torch": pool_torch}
TYPES = {"f32": np.float32, "f64": np.float64}
# name: who does it, channels, maps, kernel and side; what is aimed at beside PyTorch, by type
WORK = {
    "conv 1-8 3x3 of 8x8": (CONV, (1, 8, 3, 8), (0.4, 1.05)),
    "conv 3-16 5x5 of 32x32": (CONV, (3, 16, 5, 32), (1.1, 0.75)),
    "conv 16-32 3x3 of 28x28": (CONV, (16, 32, 3, 28), (1.6, 0.6)),
    "pool 8 maps of 6x6": (POOL, (8, 6), (0.6, 0.85)),
    "pool 16 maps of 28x28": (POOL, (16, 28), (0.6, 0.85)),
    "pool 32 maps of 26x26": (POOL, (32, 26), (0.6, 0.85)),
}


def case(makers, sizes, dtype, reach):
    who = {n: lambda maker=maker: maker(*sizes, dtype) for n, maker in makers.items()}
    return Case(who, {"torch": reach}, 1e-4 if dtype == np.float32 else 1e-11)


CASES = {
    f"{name} {kind}": case(makers, sizes, dtype, reach)
    for name, (makers, sizes, reaches) in WORK.items()
    for (kind, dtype), reach in zip(TYPES.items(), reaches)
}
