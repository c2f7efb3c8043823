"""Reference values of intervals and tests, for the tests of statistics in stages.

Made with Python 3.11+, scipy 1.17.1, statsmodels 0.15.0, scikit-learn 1.9.1, numpy 2.4.6; MLstatkit 0.1.91 and
confidenceinterval 1.0.5 are asked for a second opinion if they are installed. Run from anywhere:

    python tests/oracle/inference.py

Writes stages/tests/oracle/inference.json: a list of cases for each key. `--only KEY` makes those of one key (see
fixtures.py). Undefined values are null. Not called statistics.py, which would hide the module of the standard library from
the scripts beside it. What no library has (Obuchowski, Durkalski, Nadeau & Bengio) is computed here from
its definition, over all pairs of images or by analysis of variance, and not as stages computes it.
"""

import importlib.util
import itertools
import json
import math

import numpy as np
from fixtures import STAGES, arguments, merged, stored
from scipy import integrate, optimize, special, stats
from sklearn.metrics import roc_auc_score
from statsmodels.stats import contingency_tables
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

OUT = STAGES / "inference.json"
SEED = 20262


def has(module):
    return importlib.util.find_spec(module) is not None


def number(x):
    return None if x is None or math.isnan(x) else float(x)


def distributions(rng):
    """[function, arguments, value, value of the other tail]."""
    out = []
    for x in [1e-8, 0.1, 0.5, 0.999, 1, 1.001, 1.5, 1.99, 2, 2.3, 2.5, 7, 33.25, 1e4, 1e9]:
        out.append(["log_gamma", [x], special.gammaln(x), None])
    for z in [-37, -20, -8.3, -5, -1.96, -0.7, -1e-4, 0, 1e-9, 0.3, 1, 2.2, 6, 30]:
        out.append(["normal", [z], stats.norm.cdf(z), stats.norm.sf(z)])
        out.append(["erf", [z / 3], special.erf(z / 3), None])
    for p in [1e-100, 1e-30, 1e-8, 0.001, 0.025, 0.24, 0.26, 0.49, 0.4999999, 0.5, 0.6, 0.75, 0.9, 0.975, 0.9999999]:
        out.append(["normal_quantile", [p], stats.norm.ppf(p), None])
    for df in [1, 1.5, 2, 3.7, 5, 11, 29.5, 45, 199, 1234.5, 1e5, 1e6]:
        for t in [-35, -9, -2.1, -0.8, -1e-3, 0, 1e-6, 0.2, 1.4, 3, 14]:
            # About 0, scipy's own takes 1 − x for x near 1, and has ten digits.
            middle = special.betainc(0.5, df / 2, t * t / (df + t * t)) / 2 * np.sign(t)
            tails = (0.5 + middle, 0.5 - middle) if abs(t) < 0.01 else (stats.t.cdf(t, df), stats.t.sf(t, df))
            out.append(["t", [t, df], *tails])
        for p in [1e-20, 1e-6, 0.005, 0.025, 0.2, 0.3, 0.49, 0.5, 0.51, 0.8, 0.975, 0.9995]:
            out.append(["t_quantile", [p, df], stats.t.ppf(p, df), None])
    for df in [1, 2, 3, 7, 40, 500]:
        for x in [1e-6, 0.1, 0.9, 3.84, 12, 60, 400]:
            out.append(["chi_squared", [x, df], stats.chi2.sf(x, df), None])
    for a, b in [(0.5, 0.5), (0.5, 30), (1, 1), (1, 12), (3, 0.7), (7, 6), (46, 2), (120.5, 300), (900, 101)]:
        for x in [1 / 1024, 1 / 16, 0.25, 0.5, 0.75, 15 / 16, 1023 / 1024]:
            below, above = special.betainc(a, b, x), special.betaincc(a, b, x)
            if min(below, above) > 1e-280:
                out.append(["beta", [a, b, x], below, above])
        for p in [1e-12, 0.0025, 0.025, 0.4, 0.5, 0.7, 0.975]:
            out.append(["inverse_beta", [a, b, p], special.betaincinv(a, b, p), None])
    for n in [1, 5, 46, 300]:
        for k in {0, n // 7, n // 2, n}:
            for p in [0.5, 0.03]:
                out.append(["binomial", [k, n, p], stats.binom.cdf(k, n, p), None])
    return [[f, [float(a) for a in args], float(v), None if w is None else float(w)] for f, args, v, w in out]


def proportions(rng):
    out = []
    for n in [1, 2, 7, 46, 300]:
        for k in sorted({0, 1, n // 3, n - 1, n}):
            for level in [0.95, 0.8, 0.99]:
                of = lambda method: [float(v) for v in proportion_confint(k, n, 1 - level, method=method)]
                out.append({"hits": k, "n": n, "level": level, "wilson": of("wilson"), "exact": of("beta")})
    return out


def areas(rng):
    def placements(scores, positive):
        pairs = np.sign(scores[positive][:, None] - scores[~positive][None, :]) / 2 + 0.5
        return pairs.mean(), pairs

    def covariance(pairs, theta, patient, positive):
        """Obuchowski 1997, from the pairs."""
        p, n = patient[positive], patient[~positive]
        everybody = sorted(set(patient.tolist()))
        total = {"10": 0.0, "01": 0.0, "11": 0.0}
        for who in everybody:
            x = [(d.mean(axis=1)[p == who] - a).sum() for d, a in zip(pairs, theta)]
            y = [(d.mean(axis=0)[n == who] - a).sum() for d, a in zip(pairs, theta)]
            total["10"] += x[0] * x[1]
            total["01"] += y[0] * y[1]
            total["11"] += x[0] * y[1] + y[0] * x[1]
        i10, i01, i = len(set(p.tolist())), len(set(n.tolist())), len(everybody)
        if i10 < 2 or i01 < 2:
            return math.nan
        m, k = len(p), len(n)
        return i10 / (i10 - 1) * total["10"] / m**2 + i01 / (i01 - 1) * total["01"] / k**2 + i / (i - 1) * total["11"] / (m * k)

    out = []
    for i in range(16):
        images = [12, 30, 80][i % 3]
        patient = rng.integers(0, max(3, images // 2), images)
        positive = rng.random(images) < [0.5, 0.25][i % 2]
        if i % 4 < 2:  # a patient is of one class
            positive = (rng.random(images) < 0.5)[patient]
        effect = rng.normal(size=images)[patient]
        scores = [positive * d + 0.7 * effect + 0.7 * rng.normal(size=images) for d in (1.2, 0.8)]
        scores = [np.round(s * [1, 4, 1000][i // 3 % 3]) / 8 for s in scores]
        match i:
            case 9:  # constant scores
                scores[0][:] = 0.5
            case 10:  # separable
                scores[0] = positive * 1.0
            case 11:  # a class absent
                positive[:] = True
            case 12:  # one positive patient
                positive = patient == patient[0]
            case 13:  # n = 1
                patient, positive, scores = patient[:1], positive[:1], [s[:1] for s in scores]
            case 14:  # both arms agree
                scores[1] = scores[0].copy()
        case = {"patient": patient.tolist(), "positive": positive.tolist(), "scores": [s.tolist() for s in scores]}
        if positive.all() or not positive.any():
            out.append(case | {"area": None, "plain": None, "clustered": None})
            continue
        theta, pairs = zip(*[placements(s, positive) for s in scores])
        assert all(abs(t - roc_auc_score(positive, s)) < 1e-12 for t, s in zip(theta, scores))
        for kind, who in [("plain", np.arange(len(positive))), ("clustered", patient)]:
            of = lambda a, b: number(covariance((pairs[a], pairs[b]), (theta[a], theta[b]), who, positive))
            case[kind] = [of(0, 0), of(1, 1), of(0, 1)]
        second_opinion(positive, scores, theta, case["plain"])
        out.append(case | {"area": [float(t) for t in theta]})
    return out


def second_opinion(positive, scores, theta, plain):
    if plain[0] is None:
        return
    if has("confidenceinterval"):
        from confidenceinterval.delong import delong_roc_variance

        for s, t, v in zip(scores, theta, plain):  # in float32
            area, variance = delong_roc_variance(positive.astype(int), s)
            assert abs(area - t) < 1e-6 and abs(variance - v) < 1e-6, (area, t, variance, v)
    spread = plain[0] + plain[1] - 2 * plain[2]
    if has("MLstatkit") and spread > 1e-9:
        import MLstatkit

        z = (theta[0] - theta[1]) / math.sqrt(spread)
        p = MLstatkit.Delong_test(positive.astype(int), *scores, verbose=0)[1]
        assert abs(p - 2 * stats.norm.sf(abs(z))) < 1e-9, (p, z)


def resampling(rng):
    out = []
    area = lambda p, n: float((np.sign(p[:, None] - n[None, :]) / 2 + 0.5).mean())
    mean, skew = lambda x: float(np.mean(x)), lambda x: float(np.mean(x**2))
    normal = lambda n, shift=0: np.round(rng.normal(size=n) + shift, 3)
    cases = [
        ("mean", mean, [normal(12)]),
        ("mean of squares", skew, [normal(15)]),
        ("area", area, [normal(11, 1), normal(14)]),
        ("area", area, [np.round(normal(9, 1)), np.round(normal(9))]),
    ]
    for i, (name, statistic, samples) in enumerate(cases):
        resamples, seed, level = 199, 7 + i, [0.95, 0.9][i % 2]
        found = {}
        for method in ["percentile", "BCa"]:
            f = stats.bootstrap(samples, statistic, n_resamples=resamples, confidence_level=level, method=method, rng=np.random.default_rng(seed), vectorized=False)
            found[method.lower()] = [float(v) for v in f.confidence_interval]
        # The indices that scipy drew, sample by sample.
        again = np.random.default_rng(seed)
        drawn = [again.integers(0, len(s), (resamples, len(s))) for s in samples]
        values = [statistic(*[s[d[k]] for s, d in zip(samples, drawn)]) for k in range(resamples)]
        assert np.allclose(values, f.bootstrap_distribution, rtol=0, atol=1e-14)
        counts = [np.concatenate([np.bincount(d[k], minlength=len(s)) for s, d in zip(samples, drawn)]).tolist() for k in range(resamples)]
        text = ["".join(map(str, c)) for c in counts]
        assert max(map(max, counts)) < 10
        out.append({"statistic": name, "samples": [s.tolist() for s in samples], "level": level, "drawn": text} | found)
    return out


def paired(rng):
    out = []
    mcnemar = contingency_tables.mcnemar
    for b, c in [(0, 0), (0, 1), (1, 0), (3, 3), (0, 7), (2, 9), (14, 6), (40, 61), (500, 420)]:
        table = [[30, b], [c, 20]]
        pmf, cdf = lambda k: stats.binom.pmf(k, b + c, 0.5), lambda k: stats.binom.cdf(k, b + c, 0.5)
        k = min(b, c)
        mid = 1 if b + c == 0 else 1 - pmf(k) / 2 if b == c else 2 * cdf(k) - pmf(k)
        chi = [[float(f.statistic), float(f.pvalue)] for f in (mcnemar(table, exact=False, correction=x) for x in (False, True))] if b + c else [None, None]
        out.append({"test": "mcnemar", "discordant": [b, c], "exact": float(mcnemar(table, exact=True).pvalue), "mid_p": float(mid), "chi_squared": chi})
    for i in range(5):
        rows = (rng.random((25, 3 + i % 2)) < np.array([0.6, 0.7, 0.85, 0.7])[: 3 + i % 2]).astype(int)
        if i == 4:  # all agree
            rows = np.repeat(rows[:, :1], 3, axis=1)
        agree = (rows == rows[:, :1]).all()
        q = None if agree else contingency_tables.cochrans_q(rows)
        out.append({"test": "cochran_q", "rows": rows.tolist(), "found": q and [float(q.statistic), float(q.pvalue)]})
    for i in range(4):
        images = rng.integers(1, 4, 20)
        first = np.array([rng.binomial(n, 0.25 if i < 3 else 0) for n in images])
        second = np.array([rng.binomial(n - f, 0.2 if i < 3 else 0) for n, f in zip(images, first)])
        share = (first - second) / images
        chi = (share.sum() ** 2 / (share**2).sum()) if share.any() else None
        found = None if chi is None else [float(chi), float(stats.chi2.sf(chi, 1))]
        out.append({"test": "durkalski", "patients": np.stack([first, second, images], 1).tolist(), "found": found})
    for n, shift in [(5, 0.4), (8, 0.0), (11, 0.3)]:
        d = np.round(rng.normal(size=n) + shift, 2)
        sums = [sum(s * x for s, x in zip(signs, d)) for signs in itertools.product([1, -1], repeat=n)]
        out.append({"test": "swapped", "differences": d.tolist(), "p": float(np.mean(np.abs(sums) >= abs(d.sum()) - 1e-9))})
    for n, train, test in [(2, 10, 5), (5, 80, 20), (30, 90, 10)]:
        d = rng.normal(size=n) / 50 + 0.01
        t = d.mean() / math.sqrt((1 / n + test / train) * d.var(ddof=1))
        out.append({"test": "folds", "differences": d.tolist(), "train": train, "test_size": test, "found": [float(t), float(2 * stats.t.sf(abs(t), n - 1))]})
    return out


def detectable(rng):
    """[freedom, alpha, power, smallest difference in standard errors], by the non-central t distribution."""
    out = []
    for freedom in [1, 2, 3.5, 8, 30, 200]:
        for alpha, power in [(0.05, 0.8), (0.01, 0.9)]:
            critical = stats.t.ppf(1 - alpha / 2, freedom)
            # Over the standard error, since scipy's own loses digits for few degrees of freedom.
            def found(shift):
                density = lambda s: 2 * freedom * s * stats.chi2.pdf(freedom * s * s, freedom)
                outside = lambda s: stats.norm.sf(critical * s - shift) + stats.norm.cdf(-critical * s - shift)
                whole = lambda s: density(s) * outside(s)
                return integrate.quad(whole, 0, 1, epsabs=1e-13)[0] + integrate.quad(whole, 1, 12, epsabs=1e-13)[0]
            out.append([freedom, alpha, power, optimize.brentq(lambda d: found(d) - power, 0, 200, xtol=1e-11)])
    return out


def paired_scores(rng):
    """[first, second, images, quantile, low, high]: differences that the score test does not reject, its constrained
    likelihood maximised by search."""
    def score(first, second, images, d):
        both = images - first - second
        def likelihood(q):
            p = q + d
            rest = 1 - p - q
            terms = [(first, p), (second, q), (both, rest)]
            return -sum(n * math.log(max(x, 1e-300)) for n, x in terms if n > 0)
        low, high = max(0, -d), (1 - d) / 2
        q = optimize.minimize_scalar(likelihood, bounds=(low, high), method="bounded", options={"xatol": 1e-14}).x
        # The bounds themselves are never tried.
        q = min([low, q, high], key=likelihood)
        variance = images * (2 * q + d - d * d)
        return (first - second - images * d) / math.sqrt(variance) if variance > 0 else 0.0

    out = []
    for first, second, images in [(0, 0, 46), (1, 0, 46), (5, 2, 60), (12, 3, 46), (3, 12.5, 100.25), (0, 46, 46), (20, 20, 200)]:
        for quantile in [1.959963984540054, 2.6]:
            estimate = (first - second) / images
            ends = []
            for sign in [-1, 1]:
                inside, outside = estimate, float(sign)
                for _ in range(70):
                    middle = (inside + outside) / 2
                    if abs(score(first, second, images, middle)) <= quantile:
                        inside = middle
                    else:
                        outside = middle
                ends.append(inside)
            out.append([first, second, images, quantile, *ends])
    return out


def adjusted(rng):
    out = []
    for n in [0, 1, 2, 5, 12]:
        p = np.round(rng.random(n) ** 3, 4)
        of = lambda method: multipletests(p, method=method)[1].tolist() if n else []
        out.append({"p": p.tolist(), "holm": of("holm"), "benjamini_hochberg": of("fdr_bh")})
    tied = [0.01, 0.04, 0.01, 1.0, 0.0, 0.04]
    out.append({"p": tied} | {k: multipletests(tied, method=m)[1].tolist() for k, m in [("holm", "holm"), ("benjamini_hochberg", "fdr_bh")]})
    return out


def repeats(rng):
    """The mean of a table of patients and trainings, by the mean squares of a two-way analysis of variance."""
    out = []
    for trainings, patients, shift in [(2, 10, 1.0), (3, 25, 1.0), (5, 40, 2.0), (4, 12, 1.5)]:
        y = rng.normal(size=(patients, 1)) + shift * rng.normal(size=(1, trainings)) + 0.5 * rng.normal(size=(patients, trainings))
        grand, rows, columns = y.mean(), y.mean(axis=1, keepdims=True), y.mean(axis=0, keepdims=True)
        ms_rows = trainings * ((rows - grand) ** 2).sum() / (patients - 1)
        ms_columns = patients * ((columns - grand) ** 2).sum() / (trainings - 1)
        ms_rest = ((y - rows - columns + grand) ** 2).sum() / ((patients - 1) * (trainings - 1))
        cells = trainings * patients
        variance = (ms_columns + ms_rows - ms_rest) / cells
        first, common = ms_columns / cells, (ms_rows - ms_rest) / cells
        assert common > 0 and ms_columns > ms_rest, "what is cut at 0 would differ"
        df = variance**2 / (first**2 / (trainings - 1) + common**2 / (patients - 1))
        half = stats.t.ppf(0.975, df) * math.sqrt(variance)
        between = (ms_columns - ms_rest) / patients
        out.append(
            {
                "values": columns[0].tolist(),
                "covariance": (np.cov(y.T) / patients).tolist(),
                "patients": patients,
                "error": math.sqrt(variance),
                "freedom": float(df),
                "between": float(between),
                "interval": [float(grand - half), float(grand + half)],
            }
        )
    return out


KEYS = {f.__name__: f for f in [distributions, proportions, areas, resampling, paired, adjusted, repeats, detectable, paired_scores]}


def main():
    only = arguments(__doc__, KEYS).only
    # Each key has random numbers of its own, so that `--only` makes the same ones.
    made = {name: f(np.random.default_rng([SEED, at])) for at, (name, f) in enumerate(KEYS.items()) if not only or name in only}
    found = merged(stored(OUT), made, only)
    rows = lambda cases: ",\n".join(json.dumps(c) for c in cases)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text("{\n" + ",\n".join(f"{json.dumps(name)}: [\n{rows(cases)}\n]" for name, cases in found.items()) + "\n}\n")
    print(f"{ {name: len(cases) for name, cases in found.items()} }, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
