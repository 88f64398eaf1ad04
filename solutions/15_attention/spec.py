"""Sheet 15: what is asked, on which cases, and what is right (by loops and by Jacobians)."""

import numpy as np

from grading.spec import Case, Choice, Function, Order, Value

# name, T_q, T, d, d_v
SIZES = [("6 ask 5", 6, 5, 4, 3), ("one token asks", 1, 5, 3, 2), ("one token replies", 4, 1, 3, 2),
         ("one number a query", 4, 3, 1, 2), ("all sizes equal", 4, 4, 4, 4)]


def shares(scores):
    """Return the softmax of one list of scores; -inf earns 0."""
    e = np.exp(scores - np.max(scores))
    return e / e.sum()


def scores(Q, K):
    return np.einsum("tj,rj->tr", Q, K) * Q.shape[1] ** -0.5


def scores_cases(rng):
    for name, T_q, T, d, _ in SIZES:
        yield Case(name, (rng.normal(size=(T_q, d)), rng.normal(size=(T, d))))


def masked_shares(S, mask):
    A = np.zeros(S.shape)
    for t in range(len(S)):
        A[t, mask[t]] = shares(S[t, mask[t]])
    return A


def masked_cases(rng):
    def case(name, T_q, T, scale=1.0, mask=None):
        if mask is None:
            mask = rng.uniform(size=(T_q, T)) < 0.5
            mask[:, rng.integers(T)] = True
        return Case(name, (scale * rng.normal(size=(T_q, T)), mask))

    yield case("6 ask 5", 6, 5)
    yield case("causal", 5, 5, mask=np.tri(5, dtype=bool))
    yield case("one token asks", 1, 4)
    yield case("one token replies", 3, 1)
    yield case("scores in the hundreds", 4, 4, 400.0)
    mask = np.tri(4, dtype=bool)
    S = np.where(mask, rng.normal(size=(4, 4)), 1000.0)
    yield Case("the best scores are forbidden", (S, mask))
    yield case("all is allowed", 3, 4, mask=np.ones((3, 4), dtype=bool))


def attend(Q, K, V):
    return np.array([shares(K @ q / np.sqrt(len(q))) @ V for q in Q])


def attend_cases(rng):
    for name, T_q, T, d, d_v in SIZES:
        yield Case(name, tuple(rng.normal(size=s) for s in [(T_q, d), (T, d), (T, d_v)]))
    sizes = (3, 2), (4, 2), (4, 3)
    yield Case("large scores", tuple(30 * rng.normal(size=size) for size in sizes))


def score_slopes(A, dA):
    return np.array([(np.diag(a) - np.outer(a, a)) @ da for a, da in zip(A, dA)])


def slopes_cases(rng):
    for name, T_q, T, _, _ in SIZES:
        S = rng.normal(size=(T_q, T))
        yield Case(name, (np.array([shares(s) for s in S]), rng.normal(size=(T_q, T))))
    S = np.where(np.tri(4, dtype=bool), rng.normal(size=(4, 4)), -np.inf)
    yield Case("a causal mask", (np.array([shares(s) for s in S]), rng.normal(size=(4, 4))))


def attention_slopes(U, Q, K, V):
    dQ, dK, dV = (np.zeros(M.shape) for M in (Q, K, V))
    for t, q in enumerate(Q):
        a = shares(K @ q / np.sqrt(len(q)))
        dS = (np.diag(a) - np.outer(a, a)) @ (V @ U[t]) / np.sqrt(len(q))
        dQ[t] = dS @ K
        dK += np.outer(dS, q)
        dV += np.outer(a, U[t])
    return dQ, dK, dV


def back_cases(rng):
    for name, T_q, T, d, d_v in SIZES:
        sizes = (T_q, d_v), (T_q, d), (T, d), (T, d_v)
        yield Case(name, tuple(rng.normal(size=size) for size in sizes))


def multi_head(X, W, h):
    T, D = X.shape
    Q, K, V = ((X @ W[name].T).reshape(T, h, D // h) for name in "QKV")
    S = np.einsum("thj,rhj->htr", Q, K) / np.sqrt(D // h)
    A = np.apply_along_axis(shares, 2, S)
    return np.einsum("htr,rhj->thj", A, V).reshape(T, D) @ W["O"].T


def head_cases(rng):
    for name, T, D, h in [("three heads of two", 5, 6, 3), ("two heads of three", 4, 6, 2),
                          ("one head", 3, 4, 1), ("heads of one number", 4, 3, 3),
                          ("one token", 1, 4, 2), ("as many tokens as numbers", 4, 4, 2)]:
        W = {name: rng.normal(size=(D, D)) for name in "QKVO"}
        yield Case(name, (rng.normal(size=(T, D)), W, h))


def layer_norm_slopes(U, X, gamma, epsilon):
    dX, dgamma, (T, D) = np.zeros(X.shape), np.zeros(X.shape[1]), X.shape
    for t in range(T):
        sigma = np.sqrt(np.var(X[t]) + epsilon)
        n = (X[t] - np.mean(X[t])) / sigma
        jacobian = (np.eye(D) - 1 / D - np.outer(n, n) / D) / sigma
        dX[t] = jacobian.T @ (U[t] * gamma)
        dgamma += U[t] * n
    return dX, dgamma, np.ones(T) @ U


def norm_cases(rng):
    for name, T, D, epsilon in [("5 tokens of 6", 5, 6, 0.1), ("one token", 1, 4, 0.1),
                                ("two entries", 4, 2, 0.2), ("a small epsilon", 3, 5, 1e-5),
                                ("as many tokens as entries", 4, 4, 0.1)]:
        X = 2 * rng.normal(size=(T, D)) + 1
        yield Case(name, (rng.normal(size=(T, D)), X, rng.normal(size=D), epsilon))
    X = np.repeat(rng.integers(-3, 4, size=(3, 1)), 4, axis=1) * 1.0
    yield Case("equal entries", (rng.normal(size=(3, 4)), X, rng.normal(size=4), 0.5))


def embedding_slopes(U, tokens, C):
    return U.T @ np.eye(C)[tokens]


def embedding_cases(rng):
    for name, tokens, D in [("a token twice", [3, 1, 4, 1, 5], 4), ("one place", [2], 3),
                            ("the same token everywhere", [5, 5, 5, 5], 2),
                            ("each its own", [4, 2, 0, 6, 1], 5),
                            ("one number a token", [1, 6, 1], 1)]:
        yield Case(name, (rng.normal(size=(len(tokens), D)), np.array(tokens), 7))


QUESTIONS = [
    Function(
        "15.1", "scores", 2, 5, ("15.7", "15.5"), "every query with every key, scaled by √d",
        ("How many scores are there, and which index do query and key share?",
         "One score a pair. The shared index runs over the numbers of a query, and stands second "
         "in both tables.",
         "`Q @ K.T / np.sqrt(Q.shape[1])`"),
        scores, make=scores_cases),
    Value(
        "15.2", "third_row", 1, 3, ("15.21",), "a mask acts before the shares are dealt",
        ("At how many tokens may the third one look?",
         "At three, itself among them. Equal scores earn equal shares, and they add up to 1.",
         "1/3 three times, then 0 twice"),
        [1 / 3, 1 / 3, 1 / 3, 0, 0]),
    Function(
        "15.3", "masked_shares", 2, 8, ("15.21", "15.8"), "forbid by a score, not by a share",
        ("Which score earns a share of nothing, whatever the others are?",
         "Minus infinity. Put it in before the shares are dealt, so that the rest is dealt among "
         "those who are allowed.",
         "`softmax(np.where(mask, S, -np.inf))`"),
        masked_shares, make=masked_cases),
    Function(
        "15.4", "attend", 2, 6, ("15.9", "15.8", "15.7"), "scores, shares along a row, mixtures",
        ("Among whom does a token that asks deal out its shares?",
         "Among those who reply: the softmax runs along a row. Then each row of shares mixes the "
         "values.",
         "`softmax(scores(Q, K)) @ V`"),
        attend, make=attend_cases),
    Choice(
        "15.5", "wrong_line", 1, 4, ("15.13",), "a softmax is not a bend",
        ("Nudge one score. Which shares move?",
         "All shares of its row: what one wins, the others lose.",
         "In (15.14) a second term is left: $-A_{tm} \\sum_r A_{tr}\\, "
         "\\partial L/\\partial A_{tr}$."),
        "B", erratum="B9", options=("A", "B", "C", "D")),
    Function(
        "15.6", "score_slopes", 2, 8, ("15.14", "15.13", "15.15"), "the average under the shares",
        ("What must the slopes of one row add up to, and why?",
         "To nothing. Subtract from each slope the average of its row, weighted with the shares, "
         "then multiply by the share.",
         "`A * (dA - np.sum(A * dA, axis=1, keepdims=True))`"),
        score_slopes, make=slopes_cases, kind="find", erratum="B9"),
    Function(
        "15.7", "attention_slopes", 4, 15, ("15.16", "15.17", "15.11", "15.12"),
        "five lines back through three",
        ("Which of the three lines comes first on the way back?",
         "The mixture: it gives the slopes for the values and for the shares. Then the softmax, "
         "then the scores. The factor of the scores comes back as well.",
         "`dV = A.T @ U`, `dA = U @ V.T`, `dQ = dS @ K / √d`, `dK = dS.T @ Q / √d`"),
        attention_slopes, make=back_cases),
    Order(
        "15.8", "order", 2, 8, ("15.19", "15.16"), "one path back; a factor may go anywhere",
        ("What is the last line of the way forward?",
         "The mixture, so the values come first. Then the softmax, the keys, the tokens. A factor "
         "may wait.",
         "D, B, F, E, A in this order; C anywhere after D"),
        "DBFCEA", before=("DB", "BF", "FE", "EA", "DC")),
    Function(
        "15.9", "multi_head", 3, 12, ("15.23", "15.18"), "rows for each head, columns side by side",
        ("How many numbers has the query of one head?",
         "D divided by the number of heads, and √ of that is the scale. Run exercise 15.4 for each "
         "head with its own rows, lay the outputs side by side, mix.",
         "`own = slice(n * d, (n + 1) * d)`, `np.concatenate(outputs, axis=1) @ W[\"O\"].T`"),
        multi_head, make=head_cases),
    Function(
        "15.10", "layer_norm_slopes", 4, 15, ("15.39", "15.34", "15.38"),
        "three terms: itself, the mean, the spread",
        ("Along how many ways does one entry of a row move the others?",
         "Through the mean and through the spread. Take both out of the slope for n, row by row. "
         "The parameters collect from all rows.",
         "`dX = (dN - mean(dN) - N * mean(dN * N)) / sigma` along each row, with `dN = U * gamma`"),
        layer_norm_slopes, make=norm_cases),
    Function(
        "15.11", "embedding_slopes", 2, 6, ("15.41", "15.40"), "places with the same token add up",
        ("What if a token stands in two places?",
         "Its column has moved both: add both rows of the upstream. A token that is nowhere has "
         "the slope 0.",
         "`dE[:, tokens[t]] += U[t]` for every place t"),
        embedding_slopes, make=embedding_cases),
]
