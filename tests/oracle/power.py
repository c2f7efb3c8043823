"""Writes the fixture of the tests of `hilum power`.

Run from anywhere:

    python tests/oracle/power.py

Writes stages/tests/oracle/power.json: for two areas under ROC curves of normal scores on the same images, which correlate, the exact
variance of each area (Hanley & McNeil 1982, with Q1 and Q2 as bivariate normal probabilities in place of their approximations), the
exact covariance of both (Obuchowski & McClish 1997, by the same probabilities), and the power of a two-sided normal test at 5 %.
Needs numpy and scipy.
"""

import json

import numpy as np
from fixtures import STAGES, arguments
from scipy.stats import multivariate_normal, norm

CASES = [
    # positive, negative images; areas of the two arms; correlation of the scores of one image
    (46, 200, 0.80, 0.90, 0.75),
    (46, 200, 0.80, 0.85, 0.75),
    (100, 100, 0.80, 0.86, 0.75),
    (100, 100, 0.70, 0.80, 0.50),
    (60, 240, 0.85, 0.92, 0.60),
]


def both(a, b, correlation):
    """How often two normal numbers with this correlation are below a and b."""
    return float(multivariate_normal([0, 0], [[1, correlation], [correlation, 1]]).cdf([a, b]))


def covariance(first, other, correlation, positive, negative):
    """Of the areas of two classifiers whose scores of one image correlate."""
    a, b = norm.ppf(first), norm.ppf(other)
    product = first * other
    # A pair of images; two pairs that have one image in common.
    same = both(a, b, correlation) - product
    shared = both(a, b, correlation / 2) - product
    return (same + (positive - 1 + negative - 1) * shared) / (positive * negative)


def variance(area, positive, negative):
    z = norm.ppf(area)
    q = both(z, z, 0.5)
    return (area * (1 - area) + (positive - 1 + negative - 1) * (q - area * area)) / (positive * negative)


def case(positive, negative, reference, arm, correlation):
    of_difference = (
        variance(reference, positive, negative)
        + variance(arm, positive, negative)
        - 2 * covariance(reference, arm, correlation, positive, negative)
    )
    z = (arm - reference) / np.sqrt(of_difference)
    critical = norm.ppf(0.975)
    return {
        "positive": positive,
        "negative": negative,
        "reference": reference,
        "arm": arm,
        "correlation": correlation,
        "error": float(np.sqrt(of_difference)),
        "power": float(norm.cdf(z - critical) + norm.cdf(-z - critical)),
    }


if __name__ == "__main__":
    arguments(__doc__)
    path = STAGES / "power.json"
    path.write_text(json.dumps([case(*c) for c in CASES], indent=1) + "\n")
    print(f"{path}: {len(CASES)} cases")
