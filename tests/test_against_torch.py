"""Backward of attention, convolution and pooling against PyTorch's autograd, in float64.

Run as a program it prints the table of benchmarks/RESULTS.md:

    PYTHONPATH=. python tests/test_against_torch.py
"""

import numpy as np
import pytest

from nnlib import attention, convolution, layers

torch = pytest.importorskip("torch", reason="PyTorch is not installed: python -m pip install torch")
F = torch.nn.functional


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def tensor(array):
    return torch.tensor(array, dtype=torch.float64, requires_grad=True)


def pairs(layer, X, f):
    """Return {name: (ours, theirs)}: the output, dX and every parameter's gradient."""
    Y = layer.forward(X)
    U = normal(*Y.shape, seed=9)
    dX = layer.backward(U)
    x, theta = tensor(X), {name: tensor(array) for name, array in layer.parameters.items()}
    y = f(x, **theta)
    y.backward(torch.tensor(U))
    result = {"output": (Y, y.detach().numpy()), "dX": (dX, x.grad.numpy())}
    ours = layer.gradients
    return result | {f"d{name}": (ours[name], theta[name].grad.numpy()) for name in theta}


def convolved(stride, padding, size):
    layer = convolution.Conv2D(3, 4, size, np.random.default_rng(1), stride, padding)
    layer.b[...] = normal(4, seed=2)

    def f(x, W, b):
        return F.conv2d(x, W, b, stride=stride, padding=padding)

    return pairs(layer, normal(2, 3, 9, 7), f)


def attended(D, heads, T, masked):
    mask = attention.causal_mask(T) if masked else None
    layer = attention.MultiHeadAttention(D, heads, np.random.default_rng(1), mask)

    def f(x, W_Q, W_K, W_V, W_O):
        def deal(W):
            return (x @ W.T).reshape(len(x), T, heads, D // heads).transpose(1, 2)

        Q, K, V = deal(W_Q), deal(W_K), deal(W_V)
        H = F.scaled_dot_product_attention(Q, K, V, is_causal=masked)
        return H.transpose(1, 2).reshape(x.shape) @ W_O.T

    return pairs(layer, normal(2, T, D), f)


def attended_by_module(D, heads, T):
    """Compare with torch.nn.MultiheadAttention, which keeps the three matrices in one."""
    layer = attention.MultiHeadAttention(D, heads, np.random.default_rng(1))

    def f(x, W_Q, W_K, W_V, W_O):
        module = torch.nn.MultiheadAttention(D, heads, bias=False, batch_first=True).double()
        theirs = {"in_proj_weight": torch.cat([W_Q, W_K, W_V]), "out_proj.weight": W_O}
        return torch.func.functional_call(module, theirs, (x, x, x))[0]

    return pairs(layer, normal(2, T, D), f)


def normalised(D):
    layer = layers.LayerNorm(D)
    layer.gamma[...], layer.beta[...] = normal(2, D, seed=2)

    def f(x, gamma, beta):
        return F.layer_norm(x, (D,), gamma, beta, layer.epsilon)

    return pairs(layer, normal(2, 5, D), f)


def pooled(kind, size, stride):
    X = normal(2, 3, 8, 7)
    if kind == "max":
        layer = convolution.MaxPool2D(size, stride)
        return pairs(layer, X, lambda x: F.max_pool2d(x, size, stride))
    return pairs(convolution.AvgPool2D(size, stride), X, lambda x: F.avg_pool2d(x, size, stride))


CASES = {
    "Conv2D 3×3": lambda: convolved(1, 0, 3),
    "Conv2D 3×3, padding 1": lambda: convolved(1, 1, 3),
    "Conv2D 2×2, stride 2": lambda: convolved(2, 0, 2),
    "Conv2D 5×5, stride 3, padding 2": lambda: convolved(3, 2, 5),
    "MaxPool2D 2": lambda: pooled("max", 2, 2),
    "MaxPool2D 3, stride 2": lambda: pooled("max", 3, 2),
    "AvgPool2D 3, stride 2": lambda: pooled("mean", 3, 2),
    "MultiHeadAttention, 1 head": lambda: attended(6, 1, 5, False),
    "MultiHeadAttention, 3 heads": lambda: attended(6, 3, 5, False),
    "MultiHeadAttention, 2 heads, causal": lambda: attended(8, 2, 5, True),
    "MultiHeadAttention, against torch.nn": lambda: attended_by_module(6, 2, 4),
    "LayerNorm": lambda: normalised(7),
}


def largest_difference(compared):
    """Return the largest difference of an entry, and of an entry over the largest of its array."""
    gaps = [(np.abs(a - b).max(), np.abs(b).max()) for a, b in compared]
    return max(gap for gap, _ in gaps), max(gap / size for gap, size in gaps)


@pytest.mark.parametrize("name", CASES)
def test_output_and_gradients_agree_with_torch(name):
    compared = CASES[name]()
    for ours, theirs in compared.values():
        assert ours.shape == theirs.shape and np.abs(theirs).max() > 0.01
    assert largest_difference(compared.values())[1] < 1e-13


def test_at_a_tie_torch_too_takes_the_first():
    X, U = np.zeros((1, 1, 4, 4)), np.arange(1.0, 5.0).reshape(1, 1, 2, 2)
    layer, x = convolution.MaxPool2D(2), tensor(X)
    layer.forward(X)
    F.max_pool2d(x, 2).backward(torch.tensor(U))
    np.testing.assert_array_equal(layer.backward(U), x.grad.numpy())


def table():
    """Return the rows of benchmarks/RESULTS.md."""
    rows = ["| layer | arrays compared | largest difference | relative |", "|---|---|---|---|"]
    for name, case in CASES.items():
        compared = case()
        gap, relative = largest_difference(compared.values())
        rows.append(f"| {name} | {', '.join(compared)} | {gap:.1e} | {relative:.1e} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(f"PyTorch {torch.__version__}, NumPy {np.__version__}")
    print(table())
