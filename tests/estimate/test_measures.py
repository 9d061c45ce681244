"""Every fast measure agrees with scikit-learn, row by row, and the slow ones go through it."""

import warnings

import numpy as np
import pytest
from sklearn.metrics import fbeta_score, get_scorer, make_scorer

from luthier.errors import DataError, StudyError
from luthier.estimate import measure

N, C, B = 70, 3, 4
RNG = np.random.default_rng(3)
PAIR = RNG.choice(["no", "yes"], N, p=[0.7, 0.3])
BITS = (PAIR == "yes").astype(int)
KINDS = RNG.choice([2, 5, 9], N, p=[0.5, 0.3, 0.2])
POSITIVE = RNG.lognormal(1.0, 0.6, N)


def labelled(y):
    return np.where(RNG.random((C, N)) < 0.6, y, RNG.permutation(y))


def probable(classes):
    made = RNG.dirichlet(np.ones(classes), (C, N)).round(1) + 0.01  # with ties
    return made / made.sum(axis=2, keepdims=True)


LABELLED = [
    "accuracy", "balanced_accuracy", "matthews_corrcoef",
    *(f"{kind}_{how}" for kind in ("f1", "precision", "recall", "jaccard")
      for how in ("macro", "micro", "weighted")),
]  # fmt: skip
NUMBERS = [
    "r2", "explained_variance", "neg_mean_squared_error", "neg_root_mean_squared_error",
    "neg_mean_absolute_error", "neg_mean_absolute_percentage_error", "neg_median_absolute_error",
    "neg_max_error", "neg_mean_squared_log_error", "neg_root_mean_squared_log_error",
]  # fmt: skip
CASES = [
    *((name, KINDS, labelled(KINDS)) for name in LABELLED),
    *((name, PAIR, labelled(PAIR)) for name in LABELLED),
    *((name, BITS, labelled(BITS)) for name in ("f1", "precision", "recall", "jaccard")),
    *((name, POSITIVE, POSITIVE * RNG.lognormal(0, 0.3, (C, N))) for name in NUMBERS),
    *((name, KINDS, probable(3)) for name in (
        "roc_auc_ovr", "roc_auc_ovo", "roc_auc_ovr_weighted", "roc_auc_ovo_weighted",
        "average_precision", "neg_log_loss")),
    ("roc_auc", BITS, RNG.normal(size=(C, N)).round(1) + BITS),
    ("average_precision", BITS, RNG.normal(size=(C, N)).round(1) + BITS),
    ("neg_log_loss", BITS, probable(2)),
    ("neg_brier_score", BITS, probable(2)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "y", "given"), CASES)
def test_fast_measures_are_those_of_scikit_learn(name, y, given):
    made, scorer = measure(name, y), get_scorer(name)
    W = RNG.integers(0, 4, (B, N))

    got = made.many(made.targets(y), made.answers(given), W.astype(float))

    rows = [np.repeat(np.arange(N), weights) for weights in W]
    two = given.ndim == 3 and given.shape[2] == 2
    told = given[:, :, 1] if two and "log_loss" not in name else given
    want = [
        [scorer._sign * scorer._score_func(y[r], g[r], **scorer._kwargs) for g in told]
        for r in rows
    ]
    assert made.fast
    assert got == pytest.approx(np.array(want), abs=1e-12)


def test_weights_are_scikit_learns_sample_weights():
    y, given = BITS, labelled(BITS)
    W = RNG.gamma(2.0, size=(1, N))
    made = measure("f1_macro", y)

    got = made.many(made.targets(y), made.answers(given), W)

    scorer = get_scorer("f1_macro")
    want = [scorer._score_func(y, g, sample_weight=W[0], **scorer._kwargs) for g in given]
    assert got[0].tolist() == pytest.approx(want)


def test_an_unknown_function_goes_through_scikit_learn():
    def far_off(y, given, far):
        return float(np.mean(np.abs(y - given) > far))

    scorer = make_scorer(far_off, greater_is_better=False, far=2.0)
    given = POSITIVE + RNG.normal(0, 2, (C, N))
    W = RNG.integers(0, 3, (B, N)).astype(float)
    made = measure(scorer, POSITIVE)

    got = made.many(made.targets(POSITIVE), made.answers(given), W)

    want = -(W @ (np.abs(given - POSITIVE) > 2.0).T) / W.sum(axis=1, keepdims=True)
    assert not made.fast
    assert got == pytest.approx(want)


def test_unusual_arguments_take_the_slow_way_and_usual_ones_do_not():
    plain = measure(make_scorer(fbeta_score, beta=2.0), BITS)
    other = measure(make_scorer(fbeta_score, beta=2.0, zero_division=1.0), BITS)

    assert plain.fast
    assert not other.fast


@pytest.mark.parametrize(
    ("name", "y"), [("roc_auc", BITS), ("average_precision", BITS), ("r2", POSITIVE)]
)
def test_rows_that_define_nothing_give_nan(name, y):
    made = measure(name, y)
    same = np.flatnonzero(y == y[0])
    given = RNG.normal(size=(C, len(same)))

    got = made.many(made.targets(y)[same] * 0, made.answers(given), np.ones((1, len(same))))

    assert np.isnan(got).all()


def test_what_to_keep_is_told():
    reads = [measure(name, BITS).reads for name in ("f1", "roc_auc", "neg_log_loss")]

    assert reads == ["predict", "scores", "predict_proba"]


def test_a_scorer_of_estimators_is_refused():
    with pytest.raises(StudyError, match="judge by the scores of the folds"):
        measure(lambda estimator, X, y: 0.3, BITS)


def test_a_class_that_no_target_has_is_refused():
    made = measure("accuracy", KINDS)

    with pytest.raises(DataError, match="Give the targets of all rows"):
        made.answers(np.array([[2, 3]]))


def test_columns_must_be_as_many_as_classes():
    made = measure("neg_log_loss", KINDS)

    with pytest.raises(DataError, match="one column per class"):
        made.answers(probable(2))


def test_multiclass_area_without_a_way_is_not_defined_as_in_scikit_learn():
    made = measure("roc_auc", KINDS)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        got = made.many(made.targets(KINDS), made.answers(probable(3)), np.ones((1, N)))

    assert np.isnan(got).all()


def test_classes_that_no_counted_row_names_do_not_count():
    y = np.array([2, 2, 5, 5, 5, 9, 9])
    given = np.array([[2, 5, 5, 2, 5, 9, 2]])
    W = np.array([[1.0, 1, 1, 2, 1, 0, 0]])

    for name in ("f1_macro", "balanced_accuracy"):
        made, scorer = measure(name, y), get_scorer(name)
        got = made.many(made.targets(y), made.answers(given), W)

        rows = np.repeat(np.arange(7), W[0].astype(int))
        want = scorer._score_func(y[rows], given[0][rows], **scorer._kwargs)
        assert got[0, 0] == pytest.approx(want)
