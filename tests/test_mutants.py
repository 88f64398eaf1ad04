"""Every check is able to fail: one wrong formula in nnlib at a time, and the test that sees it.

A mutant is the source of a module with one text replaced. It is run as a module and put in
the place of the true one in a test, and that test must then fail.
"""
# ruff: noqa: E501 (a mutant stands on one line)

from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

SOURCE = Path(__file__).parents[1] / "nnlib"

# module, true text, wrong text, the test that must fail, its arguments
MUTANTS = [
    # activations: values
    ("activations", "1.0, t) / (1.0 + t)", "t, 1.0) / (1.0 + t)", "value_is_the_closed", "sigmoid", 0),
    ("activations", "t = np.exp(-np.abs(Z))", "t = np.exp(-Z)", "value_is_the_closed", "sigmoid", 0),
    ("activations", "return np.clip(Z, -1.0, 1.0)", "return np.clip(Z, 0.0, 1.0)", "value_is_the_closed", "hard_tanh", 0),
    ("activations", "np.expm1(np.minimum(Z, 0.0))", "np.expm1(Z)", "value_is_the_closed", "elu", 0),
    ("activations", "SELU_ALPHA = 1.6732632", "SELU_ALPHA = 1.6733632", "value_is_the_closed", "selu", 0),
    ("activations", "SELU_LAMBDA = 1.0507009", "SELU_LAMBDA = 1.0507109", "selu_constants"),
    ("activations", "return np.maximum(Z, 0.0) + np.log1p(np.exp(-np.abs(Z)))", "return np.log1p(np.exp(Z))",
     "value_is_the_closed", "softplus", 0),
    ("activations", "return Z * sigmoid(beta * np.asarray(Z))", "return Z * sigmoid(np.asarray(Z))",
     "the_parameter_is_used", "swish", 2.5),
    ("activations", "/ -math.sqrt(2.0)", "/ math.sqrt(2.0)", "value_is_the_closed", "gelu", 0),
    ("activations", "/ -math.sqrt(2.0)", "/ -2.0", "normal_density_and_cdf"),
    ("activations", "np.exp(-0.5 * Z * Z)", "np.exp(-Z * Z)", "normal_density_and_cdf"),
    ("activations", "scale * (Z + 0.044715 * Z**3)", "scale * Z", "gelu_tanh_form"),
    ("activations", "(1.0 + 3.0 * 0.044715 * Z**2)", "(1.0 + 0.044715 * Z**2)", "gelu_tanh_form"),
    ("_shapes", "return Z if Z.dtype.kind == \"f\" else Z.astype(float)", "return Z", "floats_keeps"),
    ("activations", "Z = floats(Z)\n    t =", "Z = np.asarray(Z, float)\n    Z *= 1.5\n    t =", "inputs_stay", "sigmoid", 0),
    # activations: slopes
    ("activations", "return A * (1.0 - A)", "return A", "slope_is_the_measured", "sigmoid"),
    ("activations", "A = sigmoid(Z)\n    return A", "A = sigmoid(sigmoid(Z))\n    return A", "the_slope_takes_the_pre"),
    ("activations", "return 1.0 - tanh(Z) ** 2", "return 1.0 - tanh(Z)", "slope_is_the_measured", "tanh"),
    ("activations", "np.abs(Z) < 1.0)", "np.abs(Z) > 1.0)", "slope_is_the_measured", "hard_tanh"),
    ("activations", "return (Z > 0).astype(Z.dtype)", "return (Z > -1).astype(Z.dtype)",
     "slope_is_the_measured", "relu"),
    ("activations", "1.0, alpha).astype(Z.dtype)\n", "1.0, 0.0).astype(Z.dtype)\n",
     "slope_is_the_measured", "leaky_relu"),
    ("activations", "1.0, alpha * np.exp(np.minimum(Z, 0.0))", "1.0, alpha", "slope_is_the_measured", "elu"),
    ("activations", "return SELU_LAMBDA * elu_prime(Z, SELU_ALPHA)", "return elu_prime(Z, SELU_ALPHA)", "slope_is_the_measured", "selu"),
    ("activations", "    return sigmoid(Z)\n", "    return sigmoid_prime(Z)\n", "slope_is_the_measured", "softplus"),
    ("activations", "return S + beta * (Z * S * (1.0 - S))", "return S", "slope_is_the_measured", "swish"),
    ("activations", "return normal_cdf(Z) + Z * normal_density(Z)", "return normal_cdf(Z)", "slope_is_the_measured", "gelu"),
    ("activations", "Z = np.minimum(np.abs(Z), 40.0)", "Z = np.abs(Z)", "value_is_the_closed", "gelu", 1),
    ("activations", '"relu": [(0.0, 0.0, 1.0)]', '"relu": [(0.0, 1.0, 0.0)]', "kinks_are_where", "relu"),
    ("activations", "Z - np.max(Z, axis=-1, keepdims=True)", "Z", "softmax_is_the_closed_form", [[800.0, 801.0]]),
    ("activations", "E / E.sum(axis=-1, keepdims=True)", "E / E.sum()", "softmax_ignores_a_shift"),
    ("activations", "return P * (upstream - (P * upstream).sum(axis=-1, keepdims=True))", "return P * (1.0 - P) * upstream",
     "softmax_vjp_is_measured"),
    # losses
    ("losses", "return 0.5 * float", "return float", "value_is_the_definition", "quadratic"),
    ("losses", "        return difference / len(difference)", "        return difference", "gradient_is_the_measured_one", "quadratic"),
    ("losses", "return 2.0 * difference / difference.size", "return 2.0 * difference / len(difference)",
     "gradient_is_the_measured_one", "mean squared"),
    ("losses", "return A - Y", "return Y - A", "gradient_is_the_measured_one", "quadratic"),
    ("losses", "_ratio(1.0 - Y, 1.0 - P) - _ratio(Y, P)", "_ratio(Y, P) - _ratio(1.0 - Y, 1.0 - P)", "gradient_is_the_measured_one", "binary"),
    ("losses", "_y_log_p(Y, P) + _y_log_p(1.0 - Y, 1.0 - P)", "_y_log_p(Y, P)", "value_is_the_definition", "binary"),
    ("losses", "return Y * np.log(np.where(Y == 0, 1.0, P))", "return Y * np.log(P)", "binary_cross_entropy_at_the_ends"),
    ("losses", "Y * softplus(-P)", "Y * softplus(P)", "value_is_the_definition", "binary from logits"),
    ("losses", "return (sigmoid(P) - Y) / len(P)", "return sigmoid(P) - Y", "gradient_is_the_measured_one", "binary from logits"),
    ("losses", "return (np.exp(log_softmax(prediction)) - Y) / len(Y)", "return np.exp(log_softmax(prediction)) - Y",
     "repeating_the_batch_keeps_the_value", "softmax"),
    ("losses", "(np.exp(log_softmax(prediction)) - Y)", "(Y - np.exp(log_softmax(prediction)))", "gradient_is_the_measured_one", "softmax"),
    ("losses", "shifted = Z - np.max(Z, axis=-1, keepdims=True)", "shifted = Z", "huge_logits", "softmax"),
    ("losses", "return 0.0 - float(np.sum(Y * log", "return -float(np.sum(Y * log", "a_perfect_prediction"),
    ("losses", "Z -= Z.max(axis=0)", "Z -= 0.0", "both_at_once", "large"),
    ("losses", "total = P.sum(axis=0)", "total = P.max(axis=0)", "both_at_once", "labels"),
    ("losses", "np.vdot(Y, Z - np.log(total))", "np.vdot(Y, Z)", "both_at_once", "labels"),
    ("losses", "return L, ((P - Y) / len(total)).T", "return L, (P - Y).T", "both_at_once", "distributions"),
    ("losses", "if type(loss) is not SoftmaxCrossEntropy", "if not isinstance(loss, SoftmaxCrossEntropy)", "a_loss_of_ones_own"),
    # initialisers
    ("initializers", "2.0 / D_in,", "1.0 / D_in,", "mean_and_variance", "he", 40, 500),
    ("initializers", "2.0 / (D_in + D_out)", "2.0 / D_in", "mean_and_variance", "xavier", 40, 500),
    ("initializers", "np.sqrt(variance)", "variance", "mean_and_variance", "lecun", 40, 500),
    ("initializers", "rng.normal(0.0, np.sqrt(variance), size=(D_out, D_in))",
     "np.sqrt(3.0 * variance) * rng.uniform(-1.0, 1.0, size=(D_out, D_in))", "entries_are_normal", "he"),
    ("initializers", "rng.normal(0.0, np.sqrt(variance), size=(D_out, D_in))",
     "np.repeat(rng.normal(0.0, np.sqrt(variance), size=(D_out, 1)), D_in, 1)", "entries_are_normal", "he"),
    # layers
    ("layers", "@ self.W.T + self.b", "@ self.W.T", "dense_forward_by_loops", 5, 3, 4),
    ("layers", "self.dW = delta.T @ A_prev", "self.dW = (delta.T @ A_prev) / len(delta)", "dense_forward_by_loops", 5, 3, 4),
    ("layers", "self.dW = delta.T @ A_prev", "self.dW = A_prev.T @ delta", "dense_forward_by_loops", 3, 3, 3),
    ("layers", "self.db = delta.sum(axis=0)", "self.db = delta.mean(axis=0)", "the_bias_gradient_is_a_sum"),
    ("layers", "self.db = delta.sum(axis=0)", "self.db = delta.sum(axis=1)", "dense_forward_by_loops", 3, 3, 3),
    ("layers", "return np.asarray(delta) @ self.W", "return np.asarray(delta) @ self.W.T", "dense_forward_by_loops", 3, 3, 3),
    ("layers", "self.dW = delta.T @ A_prev", "self.dW = vars(self).get('dW', 0.0) + delta.T @ A_prev",
     "dense_forward_by_loops", 5, 3, 4),
    ("layers", "return dA * self.f_prime(Z)", "return dA", "activation_forward_and_backward", "tanh"),
    ("layers", "return dA * self.f_prime(Z)", "return dA * self.f_prime(self.f(Z))", "activation_forward_and_backward", "sigmoid"),
    ("layers", "return upstream * self.scale", "return upstream", "dropout_backward"),
    ("layers", "mask / (1.0 - self.rate)", "mask * 1.0", "dropout_drops_its_share", 0.5),
    ("layers", ">= self.rate", "<= self.rate", "dropout_drops_its_share", 0.2),
    ("layers", "if self.training:", "if True:", "dropout_does_nothing"),
    ("layers", "np.reshape(upstream, self.shape)", "np.reshape(upstream, self.shape, order='F')", "flatten_keeps"),
    # network
    ("network", "for layer in reversed(self.layers):", "for layer in reversed(self.layers[1:]):", "all_gradients_are_measured", "gelu"),
    ("network", "upstream = layer.backward(upstream)\n        return", "layer.backward(upstream)\n        return", "a_chain_is_a_layer"),
    ("network", "upstream = layer.backward(upstream)\n            self", "layer.backward(upstream)\n            self", "the_gradients_alone"),
    ("network", "self.layers[lowest + 1 :]", "self.layers[lowest + 2 :]", "the_gradients_alone"),
    ("network", "if layer.parameters), None)", "if not layer.parameters), None)", "the_gradients_alone"),
    ("network", "layer.astype(dtype)", "layer", "another_dtype"),
    ("network", "            layer.training = value", "            pass", "training_reaches_every_layer"),
    ("network", "        f = super().forward(X)\n", "        f = 0.0 * X + super().forward(X) + X\n", "a_residual_adds"),
    ("network", "np.add(upstream, super().backward(upstream))", "super().backward(upstream)", "a_residual_adds"),
    ("network", "np.add(upstream, super().backward(upstream))", "upstream + upstream", "the_upstream_reaches"),
    ("network", 'check_shape("f(X)"', '("f(X)"', "a_residual_whose", 1, 3),
    ("network", "rows = super().forward(np.reshape(X, (-1, np.shape(X)[2])))",
     "rows = super().forward(np.reshape(np.swapaxes(X, 0, 1), (-1, np.shape(X)[2])))", "every_token"),
    ("network", 'check_shape("upstream", upstream, (*self.kept("tokens"), "D"))', 'self.kept("tokens")', "tokens_of_the_upstream"),
    # layer norm
    ("layers", "np.mean(centred**2, axis=-1", "np.mean(centred**2, axis=0", "layer_norm_forward", (5, 3)),
    ("layers", "np.mean(centred**2, axis=-1, keepdims=True) + self.epsilon", "np.mean(centred**2, axis=-1, keepdims=True)",
     "layer_norm_of_a_constant"),
    ("layers", "self.spread = np.sqrt(", "self.spread = self.epsilon + np.sqrt(", "layer_norm_forward", (5, 3)),
    ("layers", "np.mean(centred**2, axis=-1, keepdims=True) +", "centred.var(axis=-1, ddof=1, keepdims=True) +",
     "layer_norm_gives"),
    ("layers", "return self.gamma * self.N + self.beta", "return self.gamma * (self.N + self.beta)", "layer_norm_forward", (5, 3)),
    ("layers", "(upstream * N).sum(axis=examples)", "(upstream * N).mean(axis=examples)", "layer_norm_forward", (5, 3)),
    ("layers", "examples = tuple(range(N.ndim - 1))", "examples = 0", "layer_norm_forward", (2, 4, 3)),
    ("layers", "dN = upstream * self.gamma", "dN = upstream", "layer_norm_forward", (5, 3)),
    ("layers", "(dN - np.mean(dN, axis=-1, keepdims=True) - along)", "(dN - np.mean(dN, axis=-1, keepdims=True))", "layer_norm_forward", (5, 3)),
    ("layers", "(dN - np.mean(dN, axis=-1, keepdims=True) - along)", "(dN - along)", "layer_norm_forward", (5, 3)),
    ("layers", " - along) / self.spread", " - along)", "layer_norm_forward", (5, 3)),
    # autodiff
    ("autodiff", "np.subtract: (lambda u, y, a, b: u, lambda u, y, a, b: -u)", "np.subtract: (lambda u, y, a, b: u, lambda u, y, a, b: u)",
     "rule_of_two", "subtract"),
    ("autodiff", "np.multiply: (lambda u, y, a, b: u * b, lambda u, y, a, b: u * a)",
     "np.multiply: (lambda u, y, a, b: u * a, lambda u, y, a, b: u * b)", "rule_of_two", "multiply"),
    ("autodiff", "lambda u, y, a, b: -u * y / b", "lambda u, y, a, b: u * y / b", "rule_of_two", "divide"),
    ("autodiff", "u * b * a ** np.where(b, b - 1.0, 1.0)", "u * b * a**b", "rule_of_two", "power"),
    ("autodiff", "np.where(b, b - 1.0, 1.0)", "(b - 1.0)", "powers_at_0"),
    ("autodiff", "u * y * np.log(np.where(y, a, 1.0))", "u * y", "rule_of_two", "power"),
    ("autodiff", "u * (a > b)", "u * (a < b)", "rule_of_two", "maximum"),
    ("autodiff", "u * (a > b), lambda u, y, a, b: u * (a <= b)", "u * (a >= b), lambda u, y, a, b: u * (a <= b)", "ties_are"),
    ("autodiff", "np.absolute: (lambda u, y, a: u * np.sign(a),)", "np.absolute: (lambda u, y, a: u,)", "rule_of_one", "absolute"),
    ("autodiff", "np.exp: (lambda u, y, a: u * y,)", "np.exp: (lambda u, y, a: u * a,)", "rule_of_one", "exp"),
    ("autodiff", "np.log: (lambda u, y, a: u / a,)", "np.log: (lambda u, y, a: u / y,)", "rule_of_one", "log"),
    ("autodiff", "0.5 * u / y", "u / y", "rule_of_one", "sqrt"),
    ("autodiff", "u * (1.0 - y * y)", "u * (1.0 - a * a)", "rule_of_one", "tanh"),
    ("autodiff", "-u * np.sin(a)", "u * np.sin(a)", "rule_of_one", "cos"),
    ("autodiff", "_matmul_left, _matmul_right)", "_matmul_right, _matmul_left)", "matmul_is_measured", (1, 3), (3, 1)),
    ("autodiff", "else u @ b.mT", "else u @ b.T", "matmul_is_measured", (5, 2, 3), (5, 3, 4)),
    ("autodiff", "flow[parent] + part if parent in flow else part", "part", "what_is_used_several"),
    ("autodiff", "np.asarray(self._gradient + u)", "np.asarray(u)", "a_second_backward"),
    ("autodiff", "np.asarray(u) if self.edges else np.array(u)", "np.asarray(u)", "a_leaf_has_a_gradient_of_its_own"),
    ("autodiff", "if turned else a.mT @ u", "if not turned else a.mT @ u", "the_gradient_of_a_turned"),
    ("autodiff", "u = flow.pop(node)\n", "u = flow.pop(node) + node.gradient\n", "a_second_backward"),
    ("autodiff", "                part = part.astype(parent.array.dtype, copy=False)\n", "", "float32_stays"),
    ("autodiff", "a if np.isscalar(a) else np.asarray(", "np.asarray(", "float32_stays"),
    ("autodiff", "np.add.at(whole, index, u)", "whole[index] = u", "shaping_is_measured", "twice"),
    ("autodiff", "back = np.argsort(np.arange(self.array.ndim)[list(axes)])", "back = axes", "shaping_is_measured", "axes"),
    ("autodiff", "np.argsort(np.arange(self.array.ndim)[list(axes)])", "np.argsort(axes)", "shaping_is_measured", "axes -1"),
    ("autodiff", "self.array.argmax(axis)", "self.array.argmin(axis)", "shaping_is_measured", "max 0"),
    ("autodiff", "total * (total.array.size / self.array.size)", "total / len(self.array)", "shaping_is_measured", "mean 1"),
    ("autodiff", "return gradient.sum(axis=repeated, keepdims=True) if repeated else gradient", "return gradient.mean(axis=repeated, keepdims=True) if repeated else gradient",
     "rule_of_two", "add"),
    ("autodiff", "        node.gradient = None\n", "        pass\n", "a_second_backward"),
    ("autodiff", "upstream.shape != self.array.shape", "upstream.size != self.array.size", "a_refused_backward"),
    # convolution
    ("convolution", '"same": lambda m: ((m - 1) // 2, m // 2)', '"same": lambda m: (m // 2, (m - 1) // 2)', "correlate_is", ((5, 8), (2, 4)), "same"),
    ("convolution", '"full": lambda m: (m - 1, m - 1)', '"full": lambda m: (m - 1, 0)', "correlate_is", ((7, 6), (3, 2)), "full"),
    ("convolution", "return w[::-1, ::-1]", "return w.T", "convolution_correlates", "valid"),
    ("convolution", "return w[::-1, ::-1]", "return w[::-1]", "the_input_gradient_is", ((7, 7), (3, 3))),
    ("convolution", "    return correlate(x, flip(w), mode)", "    return correlate(x, w, mode)", "convolve_is", ((7, 6), (3, 2)), "full"),
    ("convolution", "return flip(correlate(flip(x), w, mode))", "return correlate(x, flip(w), mode)",
     "the_mode_swaps", "same", "same", ((5, 8), (2, 4))),
    ("convolution", "(size + 2 * padding - kernel) // stride + 1", "-(-(size + 2 * padding - kernel) // stride) + 1", "output_size_counts", 6, 2, 3),
    ("convolution", "    return floats(x)", "    return np.asarray(x)", "whole_numbers"),
    ("convolution", "stride * Q : stride] += parts", "stride * Q : stride] = parts", "add_windows", 3, 2),
    ("convolution", "(m * m * n, m * n - W, n - 1, 1)", "(m * m * n, m * n - 1, n - W, 1)", "add_windows", 3, 1),
    ("convolution", "(channel, row, pixel, image,", "(channel, pixel, row, image,", "add_windows", 3, 1),
    ("convolution", "product(self.W.reshape(C_out, -1), ", "product(self.W[..., ::-1, ::-1].reshape(C_out, -1), ", "conv_forward_by_loops", 3, 1, 0),
    ("convolution", "self._columns(few).T).reshape(self.W.shape)", "self._columns(few).T).reshape(self.W.shape)[..., ::-1, ::-1]", "conv_is_a_sum"),
    ("convolution", "self.dW += product", "self.dW[...] = product", "tuned_conv", (70, 1, 3, 8, 8), {}, "float64"),
    ("convolution", ".reshape(-1, C_out).sum(0)", ".reshape(-1, C_out).mean(0)", "conv_forward_by_loops", 3, 1, 0),
    ("convolution", "product(self.W.reshape(len(self.W), -1).T, rows)", "product(self.W[..., ::-1, ::-1].reshape(len(self.W), -1).T, rows)", "conv_is_a_sum"),
    ("convolution", "p : dX.shape[2] - p, p : dX.shape[3] - p]", ": dX.shape[2] - 2 * p, : dX.shape[3] - 2 * p]", "conv_forward_by_loops", 3, 1, 1),
    ("convolution", "self.dg = (upstream * self.A).sum(axis=(0, 2, 3))", "self.dg = (upstream * self.A).sum(axis=(2, 3))[0]", "gain_is_measured"),
    ("convolution", "        return upstream * self.g[:, None, None]", "        return upstream", "gain_is_measured"),
    ("convolution", "            upstream = upstream - share\n", "", "at_a_tie"),
    ("convolution", "share if apart else place + share", "share", "tuned_max", 3, 1, "float64"),
    ("convolution", "upstream / self.size**2,", "upstream,", "pooling_forward", "AvgPool2D", 2, None),
    ("convolution", "self.dW = (upstream * self.M).sum", "self.dW = (upstream * self.M * 4.0).sum", "pooling_forward", "Subsample2D", 2, None),
    ("convolution", "super().backward(upstream * self.W[:, None, None])", "super().backward(upstream)", "pooling_forward", "Subsample2D", 2, None),
    # attention
    ("attention", "Q / math.sqrt(Q.shape[-1]) @", "Q @", "the_scale_keeps", 16),
    ("attention", "Q / math.sqrt(Q.shape[-1]) @", "Q / Q.shape[-1] @", "forward_by_loops", (), "none"),
    ("attention", "S, -np.inf)", "S, 0.0)", "what_is_masked", "causal"),
    ("attention", "softmax(scores(q, k, *m))", "np.swapaxes(softmax(np.swapaxes(scores(q, k, *m), 1, 2)), 1, 2)", "forward_by_loops", (), "none"),
    ("attention", "a.mT, u, out=dv", "a.mT, u / math.sqrt(q.shape[-1]), out=dv", "backward_is_measured", (), "none"),
    ("attention", "ds = a * (da - (a * da).sum(axis=-1, keepdims=True))", "ds = a * (1.0 - a) * da", "backward_is_measured", (), "none"),
    ("attention", "(a * da).sum(axis=-1, keepdims=True)", "(a * da).sum(axis=-2, keepdims=True)", "backward_is_measured", (2,), "causal"),
    ("attention", "keepdims=True)) / math.sqrt(q.shape[-1])", "keepdims=True))", "backward_is_measured", (), "none"),
    ("attention", "ds.mT, q, out", "ds.mT, k[:, : q.shape[-2]], out", "backward_is_measured", (), "none"),
    ("attention", "return np.tri(T, dtype=bool)", "return np.tri(T, dtype=bool).T", "the_causal_mask"),
    ("attention", "return np.tri(T, dtype=bool)", "return np.tri(T, k=-1, dtype=bool)", "the_causal_mask"),
    ("attention", "return X.reshape(B, T, self.heads, D // self.heads).transpose(0, 2, 1, 3)", "return X.reshape(B, self.heads, T, D // self.heads)",
     "heads_forward", 2),
    ("attention", "return H.transpose(0, 2, 1, 3).reshape(B, T, heads * d)", "return H.reshape(B, T, heads * d)", "heads_forward", 3),
    ("attention", "return dQ @ self.W_Q + dK @ self.W_K + dV @ self.W_V", "return dQ @ self.W_Q + dK @ self.W_K", "heads_backward", 2, "none"),
    ("attention", "self.dW_O = _weight_gradient(upstream, self.H)", "self.dW_O = _weight_gradient(self.H, upstream)", "heads_backward", 2, "none"),
    ("attention", "through_heads = self._deal(upstream @ self.W_O)", "through_heads = self._deal(upstream @ self.W_O.T)", "heads_backward", 2, "causal"),
    ("attention", "np.arange(0, D, 2) / D", "np.arange(0, D, 2) / (2 * D)", "positions_are", 5, 6),
    ("attention", "[np.sin(t), np.cos(t)], axis=-1", "[np.sin(t), np.cos(t)], axis=1", "positions_are", 5, 6),
    # optimisers
    ("optimizers", "theta -= self.change", "theta += self.change", "all_go_down"),
    ("optimizers", "gradients = self.clip(gradients)", "self.clip(gradients)", "clipping_happens_before"),
    ("optimizers", "self.beta * self.v.get(name, 0.0) + dtheta", "self.beta * self.v.get(name, 0.0) + (1 - self.beta) * dtheta",
     "momentum_reaches"),
    ("optimizers", "m / (1.0 - self.beta1**t)", "m", "the_first_step_of_adam"),
    ("optimizers", "v / (1.0 - self.beta2**t)", "v", "the_first_step_of_adam"),
    ("optimizers", "self.t.get(name, 0) + 1", "self.t.get(name, 0)", "the_first_step_of_adam"),
    ("optimizers", "self.v.get(name, 0.0) + dtheta", "sum(map(np.mean, self.v.values())) + dtheta", "every_parameter_has_its_own"),
    ("optimizers", "if norm > limit else 1.0", "if norm < limit else 1.0", "clipping_by_norm_keeps", 1.0),
    ("optimizers", "np.sum((g / largest) ** 2)", "np.max((g / largest) ** 2)", "clipping_by_norm_keeps", 1.0),
    ("optimizers", "np.clip(dtheta, -limit, limit)", "np.minimum(dtheta, limit)", "clipping_by_value"),
    # training
    ("training", "rng.permutation(len(X))", "np.arange(len(X))", "minibatches_are_shuffled"),
    ("training", "rng.permutation(len(X))", "rng.integers(len(X), size=len(X))", "minibatches_hold", 10, 3),
    ("training", "yield X[rows], Y[rows]", "yield X[rows], Y[start : start + batch_size]", "minibatches_hold", 10, 3),
    ("training", "range(0, len(X), batch_size)", "range(0, len(X) - batch_size + 1, batch_size)", "minibatches_hold", 10, 3),
    ("training", "gradients[name] += lam * W", "gradients[name] += 2.0 * lam * W", "the_penalty_is_measured"),
    ("training", 'if name.rpartition(".")[2].startswith("W")', "if True", "the_penalty_is_measured"),
    ("training", "    add_l2_gradients(network, lam)\n    opt", "    opt", "fit_with_penalty"),
    ("training", "total += len(X_batch) * ", "total += batch_size * ", "the_mean_over_an_epoch"),
    ("training", "        parameters[name][...] = theta", "        pass", "early_stopping"),
    ("training", "theta.copy() for name", "theta for name", "early_stopping"),
    ("training", ">= patience", "> patience", "early_stopping"),
    ("training", "int(np.argmin(", "int(np.argmax(", "early_stopping"),
    ("training", "            network.training = True\n", "", "training_mode_is_on"),
    ("training", "    finally:\n        network.training = False", "    finally:\n        pass", "training_mode_is_off"),
    ("training", "    if not np.isfinite(L):", "    if False:", "a_validation_loss_that"),
    # data
    ("datasets", "/ 16.0, labels", "/ 15.0, labels", "digits_are_1797"),
    ("datasets", "Y[test]", "Y[test[::-1]]", "split_puts_every_pair", 10, 0.5, 5),
    ("datasets", "angle = 4.0 * radius", "angle = 3.0 * radius", "spirals_without_noise"),
    ("datasets", "noise * rng.normal(size=len(labels))", "noise / rng.normal(size=len(labels))", "spirals_without_noise"),
    ("datasets", "0.5 - np.sin(angle)", "-np.sin(angle)", "moons_without_noise"),
    ("datasets", "centres + sigma * rng", "centres + 2.0 * sigma * rng", "the_ring_has"),
    # shape errors
    ("_shapes", "sizes.setdefault(want, size)", "size", "messages_name", (4, 5), ("D", "D"),
     "X has shape (4, 5), expected (D, D): axes with the same letter must have the same size"),
    ("_shapes", "found[::-1]", "found", "messages_name", (3, 5), (5, 3), "X has shape (3, 5), expected (5, 3): is it transposed?"),
    ("_shapes", "hints[min(axis, len(hints) - 1)]", "hints[0]", "a_hint_is_of_the_axis"),
    # figures
    ("plots", '"vmin": -largest', '"vmin": 0.0', "signs_are_centred"),
    ("plots", "history.validation_loss, VERM", "history.loss, VERM", "learning_curves"),
    ("plots", "ax.plot(z, f_prime(z), color=VERM", "ax.plot(z, f(z), color=VERM", "function_and_derivative"),
]  # fmt: skip


# a NameError or TypeError would be a mistake in the table, not a formula found wrong
SEEN = (AssertionError, RuntimeWarning, RuntimeError, ValueError, pytest.fail.Exception)


def mutant(module, true, wrong):
    """Return the module with one text of its source replaced."""
    path = SOURCE / f"{module}.py"
    text = path.read_text(encoding="utf-8")
    assert text.count(true) == 1, f"{module}.py holds {true!r} {text.count(true)} times"
    wrong_module = ModuleType(f"nnlib.{module}")
    wrong_module.__file__ = str(path)
    exec(compile(text.replace(true, wrong), f"{module}.py (mutant)", "exec"), vars(wrong_module))
    return wrong_module


def find_test(module, name):
    tests = import_module(f"test_{module.lstrip('_')}")
    names = [found for found in vars(tests) if found.startswith(f"test_{name}")]
    assert len(names) == 1, f"{tests.__name__} has {names} for {name!r}"
    return tests, getattr(tests, names[0])


@pytest.mark.parametrize("case", MUTANTS, ids=lambda case: f"{case[0]} {case[3]}")
def test_a_wrong_formula_is_seen(case, monkeypatch):
    module, true, wrong, name, *arguments = case
    tests, test = find_test(module, name)
    test(*arguments)  # passes on the true module
    monkeypatch.setattr(tests, module, mutant(module, true, wrong))
    with pytest.raises(SEEN):
        test(*arguments)


def test_every_module_with_formulas_has_mutants():
    # the judge's own tests feed it wrong gradients
    judges = {"ladder", "slopes", "ties", "trial", "gradcheck", "mistakes", "diagnosis"}
    without_formulas = {"__init__", "sheets", "explorers", "graphs", "playground"}
    modules = {path.stem for path in SOURCE.glob("*.py")} - judges - without_formulas
    assert {case[0] for case in MUTANTS} >= modules
    assert len(MUTANTS) >= 40
