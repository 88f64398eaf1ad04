"""Speed: nnlib against the frozen textbook, in numbers and in CPU time, and against its floor.

The gate needs no other library. A ratio is nnlib's CPU time over that of the textbook, or over
that of the bare matrix products (the floor), in one run of `benchmarks/run.py`.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import textbook

from nnlib import autodiff, layers, losses, network, optimizers, training

ROOT = Path(__file__).parents[1]

# case and who is beside nnlib: the ratio that was measured; it may become smaller
MEASURED = {
    ("train digits f64", "textbook"): 1.33,
    ("train 784 f32", "textbook"): 0.79,
    ("train 784 f32", "floor"): 1.28,
    ("autodiff digits f64", "textbook"): 2.6,
    ("autodiff 784 f32", "textbook"): 0.93,
}
SLOWER = 1.15  # a run that is slower by more than this does not pass


def start(dtype, sizes=(64, 32, 10), B=32):
    rng = np.random.default_rng(7)
    shapes = [shape for D, M in zip(sizes, sizes[1:]) for shape in ((M, D), (M,))]
    parameters = [rng.normal(0.0, 0.2, size=shape).astype(dtype) for shape in shapes]
    return rng.random((B, sizes[0])).astype(dtype), rng.integers(sizes[-1], size=B), parameters


def ours(parameters):
    dense = [layers.Dense(*W.shape[::-1], np.random.default_rng(0)) for W in parameters[::2]]
    for layer, W, b in zip(dense, parameters[::2], parameters[1::2]):
        layer.astype(W.dtype)
        layer.W[...], layer.b[...] = W, b
    first, *others = dense
    pairs = [layer for dense in others for layer in (layers.Activation("relu"), dense)]
    return network.Sequential([first, *pairs])


@pytest.mark.parametrize("dtype, rtol", [(np.float64, 1e-11), (np.float32, 2e-4)])
def test_twenty_tuned_steps_lead_where_the_textbook_leads(dtype, rtol):
    X, labels, parameters = start(dtype)
    net, plain = ours(parameters), textbook.network(parameters)
    loss, optimizer = losses.SoftmaxCrossEntropy(), optimizers.SGD(0.5)
    for _ in range(20):
        L = training.train_step(net, loss, optimizer, X, labels)
        assert L == pytest.approx(textbook.train_step(plain, X, labels, 0.5), rel=rtol)
    for found, wanted in zip(net.parameters.values(), parameters, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=rtol, atol=rtol / 10)
        assert found.dtype == dtype


def test_the_engine_finds_the_gradients_of_the_textbook():
    X, labels, parameters = start(np.float64)
    plain, nodes = textbook.network(parameters), [autodiff.Node(theta) for theta in parameters]
    A = np.maximum(X @ nodes[0].T + nodes[1], 0.0) @ nodes[2].T + nodes[3]
    (A.exp().sum(axis=1).log() - A[np.arange(len(X)), labels]).mean().backward()
    textbook.backward(plain, textbook.cross_entropy(textbook.forward(plain, X), labels)[1])
    wanted = [g for layer in plain[::2] for g in (layer.dW, layer.db)]
    for node, g in zip(nodes, wanted, strict=True):
        np.testing.assert_allclose(node.gradient, g, rtol=1e-11, atol=1e-13)


def ratios(case, folder):
    """Return {who: median ratio} of one run of the benchmark."""
    file = folder / "ratios.json"
    command = [sys.executable, ROOT / "benchmarks" / "run.py", case, "--only", "floor,textbook"]
    run = subprocess.run([*command, "--json", file], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    rows = json.loads(file.read_text(encoding="utf-8"))[case]
    return {who: row["ratio"][1] for who, row in rows.items()}


def too_slow(found, case):
    """Return what became slower than was measured: {who: (ratio, measured)}."""
    measured = {who: ratio for (name, who), ratio in MEASURED.items() if name == case}
    assert measured.keys() <= found.keys()
    return {w: (found[w], m) for w, m in measured.items() if not found[w] <= SLOWER * m}


@pytest.mark.slow
@pytest.mark.parametrize("case", dict.fromkeys(name for name, _ in MEASURED))
def test_no_step_became_slower(case, tmp_path):
    slow = too_slow(ratios(case, tmp_path), case)
    assert not slow or not (slow := too_slow(ratios(case, tmp_path), case)), slow


def test_the_gate_can_close():
    assert too_slow({"textbook": 1.54, "floor": 9.0}, "train digits f64") == {
        "textbook": (1.54, 1.33)
    }
    assert not too_slow({"textbook": 1.52}, "train digits f64")
    assert too_slow({"textbook": 0.7, "floor": float("nan")}, "train 784 f32")
