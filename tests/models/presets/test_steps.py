"""Steps before a model: the default point is the step itself, and random points fit."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, SelectPercentile
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.kernel_approximation import Nystroem, RBFSampler
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    KBinsDiscretizer,
    OneHotEncoder,
    PolynomialFeatures,
    QuantileTransformer,
    SplineTransformer,
    TargetEncoder,
)

from luthier.models.presets import preset
from luthier.models.presets.known import STEPS

ROWS, COLUMNS = 60, 5
TEXTS = [f"the old {a} plays a {b} song" for a in ("fiddle", "cello") for b in "abc"] * 10
CASES = [
    CountVectorizer(ngram_range=(2, 3)),
    TfidfVectorizer(min_df=0.1),
    KBinsDiscretizer(),
    KBinsDiscretizer([2, 3, 4, 5, 6]),
    KMeans(),
    KNNImputer(),
    Nystroem(),
    Nystroem(gamma=0.3, n_components=20),
    OneHotEncoder(handle_unknown="ignore"),
    PCA(),
    PCA(3),
    PCA(0.7, svd_solver="full"),
    PCA("mle"),
    PolynomialFeatures(3),
    PolynomialFeatures((2, 3)),
    QuantileTransformer(n_quantiles=20),
    RBFSampler(),
    SelectKBest(k="all"),
    SelectKBest(k=2),
    SelectPercentile(percentile=40),
    SimpleImputer(),
    SimpleImputer(strategy="most_frequent"),
    SplineTransformer(),
    TargetEncoder(target_type="continuous"),
    TruncatedSVD(4),
    make_column_transformer((PCA(), [0, 1, 2]), (SelectKBest(k=1), [3, 4])),
    make_union(PCA(), SelectKBest(k=3)),
]


def data(step):
    rng = np.random.default_rng(8)
    y = rng.normal(size=ROWS) - 4
    if "Vectorizer" in type(step).__name__:
        return TEXTS, y
    if "Encoder" in type(step).__name__:
        return rng.choice(["a", "b", "c"], size=(ROWS, COLUMNS)), y
    return rng.normal(size=(ROWS, COLUMNS)), y


def test_every_known_step_is_tried():
    tried = {type(step).__name__ for step in CASES}

    assert tried | {"MiniBatchKMeans"} == set(STEPS)


@pytest.mark.parametrize("step", CASES, ids=str)
def test_the_default_leaves_a_step_as_it_is_and_random_points_fit(step):
    made = preset(step, rows=ROWS, columns=COLUMNS)
    X, y = data(step)

    same = clone(step).set_params(**made.settings(made.default))
    assert str(same.get_params()) == str(step.get_params()) or repr(same) == repr(step)
    for params in made.space.decode(made.space.sample(6, np.random.default_rng(5))):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            clone(step).set_params(**made.settings(params)).fit(X, y).transform(X)


def test_counts_of_columns_stay_below_what_there_is():
    near = preset(TruncatedSVD(4), rows=ROWS, columns=COLUMNS)
    far = preset(make_pipeline(OneHotEncoder(), TruncatedSVD(4)), rows=ROWS, columns=COLUMNS)

    assert near.space["n_components"].high == 5
    assert far.space["truncatedsvd__n_components"].high == 4
