"""Sheet 15: the wrong answers that students give, and what each of them should be told."""

import numpy as np

from grading.spec import Mistake
from nnlib.activations import softmax


def softmax_of_columns(S):
    return softmax(S.T).T


def weighted(A, dA):
    return np.sum(A * dA, axis=1, keepdims=True)


SCORES = [
    Mistake("not scaled", lambda Q, K: Q @ K.T,
            "The division by √d is missing: without it the scores grow with d.",
            "constant-factor"),
    Mistake("divided by d", lambda Q, K: Q @ K.T / Q.shape[1],
            "You divide by d. The variance is d, so the scores are divided by its root.",
            "constant-factor"),
    Mistake("root of the tokens", lambda Q, K: Q @ K.T / np.sqrt(len(K)),
            "You divide by the root of the number of tokens. d counts the numbers in a query.",
            "constant-factor"),
    Mistake("turned", lambda Q, K: K @ Q.T / np.sqrt(Q.shape[1]),
            "A row belongs to the token that asks: the queries stand left."),
    Mistake("multiplied by √d", lambda Q, K: Q @ K.T * np.sqrt(Q.shape[1]),
            "Divide by √d: you multiply by it.", "constant-factor"),
    Mistake("sum times sum", lambda Q, K: np.outer(Q.sum(1), K.sum(1)) / np.sqrt(Q.shape[1]),
            "You multiply the sums. Multiply entry by entry within a pair, then add up."),
]

THIRD_ROW = [
    Mistake("no mask", [0.2] * 5, "These are the shares without a mask: it looks back only."),
    Mistake("masked after the shares", [0.2, 0.2, 0.2, 0, 0],
            "These add up to 3/5. The mask acts before the shares are dealt: they add up to 1."),
    Mistake("the future", [0, 0, 1 / 3, 1 / 3, 1 / 3],
            "These are the shares of the future. A causal mask allows r up to t."),
    Mistake("not at itself", [0.5, 0.5, 0, 0, 0],
            "A token may look at itself: r = t is allowed."),
]


def dealt_again(S, mask):
    A = softmax(S) * mask
    return A / A.sum(axis=1, keepdims=True)


MASKED = [
    Mistake("masked after the shares", lambda S, mask: softmax(S) * mask,
            "The rows do not add up to 1: forbid by a score of -∞, before the softmax."),
    Mistake("a score of 0", lambda S, mask: softmax(S * mask),
            "A score of 0 is no ban: e^0 = 1 earns a share. Forbid by -∞."),
    Mistake("mask turned round", lambda S, mask: softmax(np.where(mask, -np.inf, S)),
            "You forbid what is allowed: the mask is True where a token may look."),
    Mistake("mask ignored", lambda S, mask: softmax(S),
            "The mask is not used: forbidden tokens earn shares."),
    Mistake("along the columns", lambda S, mask: softmax_of_columns(np.where(mask, S, -np.inf)),
            "The columns add up to 1. Each asker deals out one whole: along a row."),
    Mistake("dealt again", dealt_again,
            "Right for small scores. If a forbidden one is by far the largest, all that is allowed "
            "rounds to 0 before you divide: put -∞ in before the softmax."),
    Mistake("not low enough", lambda S, mask: softmax(np.where(mask, S, -10.0)),
            "A score of -10 is low, not forbidden: it earns a share. Use -∞."),
]


def attention_by(scale=lambda Q, K: np.sqrt(Q.shape[1]), deal=softmax):
    return lambda Q, K, V: deal(Q @ K.T / scale(Q, K)) @ V


ATTEND = [
    Mistake("not scaled", attention_by(lambda Q, K: 1.0),
            "The scores are not divided by √d."),
    Mistake("divided by d", attention_by(lambda Q, K: Q.shape[1]),
            "The scores are divided by d. The variance is d, so divide by its root."),
    Mistake("along the columns", attention_by(deal=softmax_of_columns),
            "The softmax runs along the columns. Each asker deals out one whole: along a row."),
    Mistake("no softmax", attention_by(deal=lambda S: S),
            "The scores mix the values directly: the softmax is missing."),
    Mistake("best match only", attention_by(deal=lambda S: 1.0 * (S == S.max(1, keepdims=True))),
            "You return the value with the best score, a jump: take a share of every value."),
    Mistake("plain mean", attention_by(deal=lambda S: np.full(S.shape, 1 / S.shape[1])),
            "The plain mean of the values: the shares ignore the queries."),
    Mistake("exponentials not shared out", attention_by(deal=np.exp),
            "The shares do not add up to 1: divide each row of exponentials by its sum."),
]

LINE = [
    Mistake("the weights suspected", "A", "This is the batch form with tokens for examples. A is "
            "right."),
    Mistake("the values suspected", "C", "Who was listened to a lot gets a lot of the blame: C is "
            "right."),
    Mistake("the shift suspected", "D", "The factor e cancels in numerator and denominator: D is "
            "right."),
]

SLOPES = [
    Mistake("unit by unit", lambda A, dA: A * (1 - A) * dA,
            "This is line B as printed: a bend for each score alone. All shares of a row move: "
            "subtract their average.", "off-diagonal"),
    Mistake("average forgotten", lambda A, dA: A * dA,
            "The average is missing: the rows do not add up to 0."),
    Mistake("average down the columns", lambda A, dA: A * (dA - (A * dA).sum(0)),
            "The average runs over those who ask. It belongs to a row: axis 1, and keepdims."),
    Mistake("plain mean", lambda A, dA: A * (dA - dA.mean(axis=1, keepdims=True)),
            "You subtract the plain mean. It is the average under the shares: weigh with A."),
    Mistake("share forgotten", lambda A, dA: dA - weighted(A, dA),
            "The share in front is missing: a score with a small share matters little."),
    Mistake("sign turned", lambda A, dA: A * (weighted(A, dA) - dA),
            "The sign is turned: a reply above the average wins.", "sign"),
    Mistake("one average for all", lambda A, dA: A * (dA - np.sum(A * dA)),
            "One average for the whole table: each row is a softmax of its own."),
]


def back(scale=lambda Q: np.sqrt(Q.shape[1]), soft=lambda A, dA: A * (dA - weighted(A, dA)),
         scale_K=None, values=lambda A, U: A.T @ U, swap=False):
    """Go back through attention; each argument stands for one thing that can be wrong."""
    def slopes(U, Q, K, V):
        A = softmax(Q @ K.T / np.sqrt(Q.shape[1]))
        dS = soft(A, U @ V.T)
        dQ, dK = dS @ K / scale(Q), dS.T @ Q / (scale_K or scale)(Q)
        return (dK, dQ, values(A, U)) if swap else (dQ, dK, values(A, U))
    return slopes


BACK = [
    Mistake("√d forgotten", back(lambda Q: 1.0),
            "dV is right. dQ and dK are √d times too large: the factor of the scores comes back.",
            "constant-factor"),
    Mistake("√d forgotten for the keys", back(scale_K=lambda Q: 1.0),
            "dQ is right, dK is √d times too large: the factor stands in front of both.",
            "constant-factor"),
    Mistake("divided by d", back(lambda Q: Q.shape[1]),
            "dV is right. √d comes back once: you divide by it twice.", "constant-factor"),
    Mistake("softmax left out", back(soft=lambda A, dA: dA),
            "dV is right. You go from the shares to the keys: the softmax lies between."),
    Mistake("softmax unit by unit", back(soft=lambda A, dA: A * (1 - A) * dA),
            "dV is right. The softmax is taken unit by unit: subtract the average of the row."),
    Mistake("average forgotten", back(soft=lambda A, dA: A * dA),
            "dV is right. The average under the shares is missing in dS."),
    Mistake("values blamed alike", back(values=lambda A, U: np.ones_like(A).T @ U),
            "dV ignores the shares: each reply gets blame in its share, Aᵀ U.", "summed"),
    Mistake("queries and keys swapped", back(swap=True),
            "dQ and dK are swapped: dQ comes from dS K and has a row per asker."),
]

ORDER = [
    Mistake("softmax before the values", "DFBCEA",
            "F before B: the upstream first becomes a slope for the shares, by V."),
    Mistake("keys before the softmax", "DBECFA",
            "E before F: K belongs to the scores, and the softmax stands between them and the "
            "shares."),
    Mistake("forward in place of backward", "AECFBD",
            "This is the way forward. The way back begins with the upstream, D."),
    Mistake("tokens too early", "DBFCAE",
            "A before E: the tokens are behind the queries, and E leads there."),
]


def heads(own=lambda n, d, h: slice(n * d, (n + 1) * d), scale=lambda D, d: np.sqrt(d),
          join=lambda parts: np.concatenate(parts, axis=1), mix=lambda H, W_O: H @ W_O.T):
    """Attend with several heads; each argument stands for one thing that can be wrong."""
    def layer(X, W, h):
        D = X.shape[1]
        parts = []
        for n in range(h):
            Q, K, V = (X @ W[name][own(n, D // h, h)].T for name in "QKV")
            parts.append(softmax(Q @ K.T / scale(D, D // h)) @ V)
        return mix(join(parts), W["O"])
    return layer


def columns_for_rows(X, W, h):
    return heads()(X, {"O": W["O"], **{name: W[name].T for name in "QKV"}}, h)


HEADS = [
    Mistake("√D for √d", heads(scale=lambda D, d: np.sqrt(D)),
            "Each head divides by the root of its own d, which is D / h."),
    Mistake("one head", lambda X, W, h: heads()(X, W, 1),
            "This is one large head: each of the h heads deals out shares of its own."),
    Mistake("not mixed", heads(mix=lambda H, W_O: H),
            "The mixing at the end is missing: multiply by W_O."),
    Mistake("mixed with the transpose", heads(mix=lambda H, W_O: H @ W_O),
            "The mixing is a layer like any other: H W_Oᵀ."),
    Mistake("rows dealt in turn", heads(own=lambda n, d, h: slice(n, None, h)),
            "You deal the rows to the heads in turn. Head 1 owns the *first* d rows."),
    Mistake("columns for rows", columns_for_rows,
            "You use the transposed matrices: Q is X W_Qᵀ, so a head owns rows of W_Q."),
    Mistake("heads backwards", heads(join=lambda parts: np.concatenate(parts[::-1], axis=1)),
            "The heads are laid side by side from the last to the first."),
]


def normal(X, epsilon):
    C = X - X.mean(axis=1, keepdims=True)
    sigma = np.sqrt(np.mean(C**2, axis=1, keepdims=True) + epsilon)
    return C / sigma, sigma


def norm(dX, parameters=lambda U, N: (np.sum(U * N, axis=0), U.sum(axis=0)), own=normal):
    """Go back through layer norm; dX(dN, N, sigma) or the parameters can be wrong."""
    def slopes(U, X, gamma, epsilon):
        N, sigma = own(X, epsilon)
        return (dX(U * gamma, N, sigma), *parameters(U, N))
    return slopes


def row_mean(M):
    return M.mean(axis=1, keepdims=True)


def three_terms(dN, N, sigma):
    return (dN - row_mean(dN) - N * row_mean(dN * N)) / sigma


def by_column(X, epsilon):
    N, sigma = normal(X.T, epsilon)
    return N.T, sigma.T


def gamma_forgotten(U, X, gamma, epsilon):
    return norm(three_terms)(U, X, np.ones_like(gamma), epsilon)


NORM = [
    Mistake("spread is a constant", norm(lambda dN, N, sigma: (dN - row_mean(dN)) / sigma),
            "The third term is missing: an entry moves the spread too."),
    Mistake("mean is a constant", norm(lambda dN, N, sigma: (dN - N * row_mean(dN * N)) / sigma),
            "The second term is missing: an entry moves the mean too.", "missing-term"),
    Mistake("both are constants", norm(lambda dN, N, sigma: dN / sigma),
            "You divide by σ and stop: an entry moves the mean and the spread as well."),
    Mistake("σ forgotten", norm(lambda dN, N, sigma: sigma * three_terms(dN, N, sigma)),
            "The three terms are right. Divide all of them by σ."),
    Mistake("γ forgotten", gamma_forgotten,
            "dgamma and dbeta are right. The slope for n is u γ: dX begins with that."),
    Mistake("sums in place of means",
            norm(lambda dN, N, sigma: (dN - dN.sum(1, keepdims=True)
                                       - N * (dN * N).sum(1, keepdims=True)) / sigma),
            "The second and the third term are means over the row: you have sums."),
    Mistake("parameters averaged", norm(three_terms,
                                        lambda U, N: (np.mean(U * N, axis=0), U.mean(axis=0))),
            "γ and β serve all rows: their slopes add up, no mean.", "missing-mean"),
    Mistake("along the columns", norm(
        lambda dN, N, s: three_terms(dN.T, N.T, s.T).T, own=by_column),
            "You centre each column. Layer norm works along a row, whatever the other tokens are."),
]


def repeats_lost(U, tokens, C):
    dE = np.zeros((U.shape[1], C))
    dE[:, tokens] += U.T
    return dE


def mean_of_places(U, tokens, C):
    count = np.bincount(tokens, minlength=C)
    return U.T @ np.eye(C)[tokens] / np.maximum(count, 1)


def by_place(U, tokens, C):
    dE = np.zeros((U.shape[1], C))
    dE[:, :len(tokens)] = U.T
    return dE


EMBEDDING = [
    Mistake("repeats lost", repeats_lost,
            "A token that stands twice keeps only its last place: += with a list of columns adds "
            "once to each. Go through the places one at a time.", "not-accumulated"),
    Mistake("mean of the places", mean_of_places,
            "You take the mean of a token's places: paths add up, the loss has its mean already."),
    Mistake("turned", lambda U, tokens, C: np.eye(C)[tokens].T @ U,
            "dE is transposed: E has a column per token.", "transposed"),
    Mistake("by place", by_place,
            "Column t gets row t: the column is that of the token, tokens[t]."),
    Mistake("one sum for all", lambda U, tokens, C: np.tile(U.sum(0)[:, None], (1, C)),
            "Every column gets the sum of all rows. A token hears of its own places only.",
            "summed"),
]

MISTAKES = {"15.1": SCORES, "15.2": THIRD_ROW, "15.3": MASKED, "15.4": ATTEND, "15.5": LINE,
            "15.6": SLOPES, "15.7": BACK, "15.8": ORDER, "15.9": HEADS, "15.10": NORM,
            "15.11": EMBEDDING}
