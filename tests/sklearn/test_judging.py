"""What a search says of its winner: honest figures, and what they rest on."""

import numpy as np
import pytest
import sklearn.metrics as metrics
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import make_scorer
from sklearn.model_selection import GroupKFold, KFold, TimeSeriesSplit
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from luthier.estimate import measure
from luthier.sklearn import GridSearchCV, HalvingGridSearchCV, SearchCV
from luthier.sklearn.judging import answer

pytestmark = pytest.mark.slow  # whole searches

X, Y = load_breast_cancer(return_X_y=True)
X, Y = StandardScaler().fit_transform(X[::4]), Y[::4]
NEAR = KNeighborsClassifier()
SPACE = {"n_neighbors": [3, 5, 9, 21]}
DATA, TARGET = load_diabetes(return_X_y=True)
DATA, TARGET = DATA[:150], TARGET[:150]


def half(y, predicted):
    """The share of right answers, halved: a measure that nobody ships."""
    return float(np.mean(y == predicted)) / 2


@pytest.mark.parametrize(
    ("scoring", "estimator", "space"),
    [
        ("accuracy", NEAR, SPACE),
        (None, NEAR, SPACE),
        ("roc_auc", NEAR, SPACE),
        ("roc_auc", SVC(), {"C": [0.1, 1.0, 10.0]}),
        ("neg_log_loss", LogisticRegression(), {"C": [0.01, 0.1, 1.0]}),
        ("f1", NEAR, SPACE),
        (make_scorer(half), NEAR, SPACE),
        (None, make_pipeline(StandardScaler(), SVC()), {"svc__C": [0.1, 1.0]}),
    ],
)
def test_figures_rest_on_predictions(scoring, estimator, space):
    """Whatever the scorer asks for; the figure is in its sign and of its size."""
    search = GridSearchCV(estimator, space, scoring=scoring).fit(X, Y)

    assert search.honest_.how == "predictions"
    assert search.honest_.naive == pytest.approx(search.best_score_, abs=1e-12)
    low, high = search.honest_interval_
    assert low < search.honest_score_ < high
    assert search.optimism_ == pytest.approx(search.best_score_ - search.honest_score_)
    assert abs(search.optimism_) < 0.05 * max(1, abs(search.best_score_))


def test_figures_of_numbers():
    """R2 is pooled over rows, not averaged over folds."""
    search = GridSearchCV(KNeighborsRegressor(), {"n_neighbors": [5, 20, 60]}).fit(DATA, TARGET)

    assert search.honest_.how == "predictions"
    assert abs(search.optimism_) < 0.1
    assert search.honest_interval_[1] <= 1


def hidden(estimator, X, y):
    """A scorer that measures its own way."""
    return float(np.mean(estimator.predict(X) == y))


def test_a_scorer_that_hides_predictions_is_judged_by_folds():
    """And says so."""
    search = GridSearchCV(NEAR, SPACE, scoring=hidden).fit(X, Y)

    assert search.honest_.how == "folds"
    assert "folds" in search.honest_.words
    assert search.honest_score_ <= search.best_score_


def test_an_estimator_with_a_score_of_its_own_is_judged_by_folds():
    """Its predictions are not what it is scored by."""

    class Own(GaussianNB):
        def score(self, X, y, sample_weight=None):
            return super().score(X, y) - 0.25

    search = GridSearchCV(Own(), {"var_smoothing": [1e-9, 1e-3]}).fit(X, Y)
    assert search.honest_.how == "folds"
    assert search.honest_score_ < 0.75


class Guess(ClassifierMixin, BaseEstimator):
    """Learns nothing; each number guesses its own way."""

    def __init__(self, number=1):
        self.number = number

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return (np.sin(X[:, 0] * self.number * 1e4) > 0).astype(int)


@pytest.mark.parametrize("racing", [False, True])
def test_on_noise_the_figure_is_near_chance(racing):
    """While the best score is not: candidates that guess, ten times fifteen of them."""
    best, honest = [], []
    for seed in range(10):
        rows, coin = np.random.default_rng(seed).random((60, 1)), np.repeat([0, 1], 30)
        search = GridSearchCV(Guess(), {"number": range(1, 16)}, racing=racing, cv=3)
        search.fit(rows, coin)
        best.append(search.best_score_)
        honest.append(search.honest_score_)

    error = np.std(honest, ddof=1) / np.sqrt(10)
    assert np.mean(best) > 0.58
    assert abs(np.mean(honest) - 0.5) < 3 * error
    assert np.mean(honest) < np.mean(best) - 0.05


def test_groups_and_time_go_by_blocks():
    """Twenty rows of the same patient are not twenty patients: the interval is wider."""
    groups = np.arange(len(DATA)) // 15
    level = np.random.default_rng(0).normal(scale=40, size=10)[groups]
    how = {"param_grid": {"alpha": [0.01, 1.0]}, "cv": GroupKFold(5)}
    search = GridSearchCV(Ridge(), **how).fit(DATA, TARGET + level, groups=groups)
    rows = list(GroupKFold(5).split(DATA, groups=groups))
    plain = GridSearchCV(Ridge(), how["param_grid"], cv=rows).fit(DATA, TARGET + level)
    time = GridSearchCV(Ridge(), how["param_grid"], cv=TimeSeriesSplit(4)).fit(DATA, TARGET)

    assert search.best_score_ == plain.best_score_
    wide, narrow = (np.diff(one.honest_interval_)[0] for one in (search, plain))
    assert wide > narrow
    assert len(np.unique(search._evidence.blocks)) == 10
    np.testing.assert_array_equal(time._evidence.blocks, np.arange(150) // 5)  # 150 ** (1 / 3)
    assert np.isfinite(time.honest_score_)


def test_tuning_is_compared_with_the_own_settings():
    """Where they are a candidate; else there is nothing to say."""
    gained = GridSearchCV(SVC(C=1e-6), {"C": [1e-6, 1.0]}).fit(X, Y)
    nothing = GridSearchCV(SVC(), {"C": [1.0, 1.01, 0.99]}).fit(X, Y)
    apart = GridSearchCV(SVC(), {"C": [2.0, 3.0]}).fit(X, Y)

    assert not gained.overtuning_.alarm
    assert gained.overtuning_.gain.mean > 0.2
    assert nothing.overtuning_.alarm
    with pytest.raises(AttributeError, match="own settings were not among"):
        _ = apart.overtuning_


def test_candidates_have_verdicts():
    """By training and validation scores; there is nothing without the first."""
    tree = DecisionTreeClassifier(random_state=0)
    rng = np.random.default_rng(0)
    noisy = np.where(rng.random(len(Y)) < 0.3, 1 - Y, Y)
    search = GridSearchCV(tree, {"max_depth": [None, 1]}, return_train_score=True).fit(X, noisy)

    assert search.verdicts_[0].verdict == "overfits"
    assert search.verdicts_[1].gap < search.verdicts_[0].gap
    with pytest.raises(AttributeError, match="return_train_score=True"):
        _ = search.set_params(return_train_score=False).fit(X, noisy).verdicts_


def test_there_is_no_figure_without_a_reason():
    """Each of them is named."""
    assert not hasattr(GridSearchCV(NEAR, SPACE), "honest_score_")
    assert not hasattr(GridSearchCV(NEAR, SPACE, honest=False).fit(X, Y), "honest_score_")
    several = GridSearchCV(NEAR, SPACE, scoring=["accuracy", "f1"], refit=False).fit(X, Y)
    assert not hasattr(several, "honest_score_")
    halving = HalvingGridSearchCV(NEAR, SPACE, random_state=0, cv=3).fit(X, Y)
    with pytest.raises(AttributeError, match="different folds"):
        _ = halving.honest_score_


def test_nothing_is_kept_that_was_not_asked_for():
    """Predictions of all candidates cost memory."""
    search = GridSearchCV(NEAR, SPACE, honest=False).fit(X, Y)
    assert "_evidence" not in vars(search)
    bayes = GridSearchCV(GaussianNB(), {"var_smoothing": [1e-9, 1e-3]}, scoring="accuracy")
    kept = bayes.fit(X, Y)._evidence.outcomes
    assert {name for row in kept for fold in row for name in fold["predictions"]} == {"predict"}


@pytest.mark.parametrize("scoring", [metrics.get_scorer("roc_auc"), "accuracy"])
def test_weights_count_in_the_figure(scoring):
    """Rows of no weight have no say."""
    weights = np.where(np.arange(len(Y)) % 3 == 0, 0.0, 1.0)
    wrong = np.where(weights == 0, 1 - Y, Y)
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, scoring=scoring)
    weighted = clone(search).fit(X, wrong, sample_weight=weights)

    assert weighted.honest_score_ > 0.9
    assert search.fit(X, wrong).honest_score_ < 0.8


def test_a_class_that_a_fold_lacks_has_no_probability():
    """Its column is filled with zeros, wherever it stands."""
    wanted = measure("neg_log_loss", np.array(["a", "b", "c"]))
    heard = {"predict_proba": np.array([[0.25, 0.75]]), "classes": np.array(["a", "c"])}

    assert answer(heard, wanted).tolist() == [[0.25, 0.0, 0.75]]
    assert answer(None, wanted) is None
    assert answer({"predict": np.array(["a"])}, wanted) is None


def test_too_few_rows_are_no_error():
    """There is no figure then, and the search is as good as without."""
    search = GridSearchCV(GaussianNB(), {"var_smoothing": [1e-9]}, cv=KFold(2))
    search.fit(X[:4], np.array([0, 1, 0, 1]))

    assert 0 <= getattr(search, "honest_score_", 0.5) <= 1


def test_the_figure_is_the_same_in_every_search_of_the_same_candidates():
    """It depends on the candidates' predictions only, not on how they were found."""
    grid = GridSearchCV(NEAR, SPACE).fit(X, Y)
    again = SearchCV(NEAR, SPACE, trials=4, racing=False, method="grid").fit(X, Y)

    assert again.best_params_ == grid.best_params_
    assert again.honest_score_ == pytest.approx(grid.honest_score_, abs=0.005)
