"""A threshold that comes with the search."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_wine, make_classification
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import FixedThresholdClassifier, KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from luthier.errors import StudyError
from luthier.estimate import Honest
from luthier.sklearn import SearchCV
from luthier.sklearn.deciding import corrected

pytestmark = pytest.mark.slow  # whole searches

X, y = make_classification(
    3000, n_features=6, weights=[0.88], flip_y=0.1, class_sep=0.7, random_state=3
)
Y = np.array(["no", "yes"])[y]
LEARN, NEW = slice(0, 600), slice(600, None)
MODEL = make_pipeline(StandardScaler(), LogisticRegression())
SPACE = {"logisticregression__C": [0.01, 0.1, 1.0]}
F1 = make_scorer(f1_score, pos_label="yes")


def search(model=MODEL, space=SPACE, **how):
    how = {"method": "grid", "scoring": F1, "threshold": True, "cv": 4, **how}
    return SearchCV(model, space, **how)


def test_the_threshold_is_chosen_on_the_winner_s_folds_and_predict_uses_it():
    found = search().fit(X[LEARN], Y[LEARN])

    chances = cross_val_predict(
        clone(MODEL).set_params(**found.best_params_), X[LEARN], Y[LEARN], cv=4,
        method="predict_proba",
    )[:, 1]  # fmt: skip
    told = {
        cut: f1_score(y[LEARN], chances >= cut)
        for cut in [*np.quantile(chances, np.linspace(0.02, 0.98, 99)), found.threshold_.value]
    }
    assert told[found.threshold_.value] >= max(told.values()) - 0.003
    assert found.threshold_.value < 0.4
    assert found.best_score_ < told[found.threshold_.value]
    expected = np.where(found.predict_proba(X[NEW])[:, 1] >= found.threshold_.value, "yes", "no")
    assert (found.predict(X[NEW]) == expected).all()
    assert isinstance(found.best_estimator_, FixedThresholdClassifier)
    assert found.best_estimator_.threshold == found.threshold_.value
    assert found.n_features_in_ == 6
    assert (pickle.loads(pickle.dumps(found)).predict(X[NEW]) == expected).all()


def test_the_honest_score_is_that_of_predicting_with_the_threshold():
    found = search().fit(X[LEARN], Y[LEARN])

    truth = found.score(X[NEW], Y[NEW])
    assert found.honest_interval_[0] < truth < found.honest_interval_[1]
    assert found.honest_score_ == found.threshold_.honest.score > found.best_score_
    assert "Predict the second class from" in found.threshold_.words
    assert "The second class is predicted from" in found.summary()


def test_what_the_choice_of_the_classifier_flatters_is_taken_off():
    told = Honest(0.5, 0.4, 0.6, 0.9, 0.55, 3, 40, "predictions")
    plain = Honest(0.3, 0.2, 0.4, 0.9, 0.45, 0, 9, "predictions")

    made = corrected(told, plain, 0.3)

    assert (made.score, made.low, made.high) == pytest.approx((0.35, 0.3, 0.45))
    assert corrected(told, Honest(0.3, 0.2, 0.4, 0.9, 0.2, 0, 9, "predictions"), 0.0) == told


def test_decision_functions_have_thresholds_too():
    found = search(RidgeClassifier(), {"alpha": [0.1, 10.0]}).fit(X[LEARN], Y[LEARN])

    scores = found.decision_function(X[NEW])
    assert found.threshold_.value < 0
    assert ((scores >= found.threshold_.value) == (found.predict(X[NEW]) == "yes")).all()


def test_a_resumed_search_has_the_same_threshold(tmp_path):
    how = {"store": str(tmp_path / "log.db"), "honest": False}

    first, again = (search(**how).fit(X[LEARN], Y[LEARN]) for _ in range(2))

    assert first.threshold_ == again.threshold_
    assert len(again.study_) == 3


class Mute(LogisticRegression):
    """A classifier that gives labels and nothing else."""

    predict_proba = property()
    decision_function = property()

    def predict(self, X):
        return self.classes_[(X @ self.coef_[0] + self.intercept_[0] > 0).astype(int)]


def test_without_probabilities_the_usual_threshold_stays():
    with pytest.warns(UserWarning, match="so the usual threshold stays") as told:
        found = search(Mute(), {"C": [0.1, 1.0]}).fit(X[LEARN], Y[LEARN])

    assert told[0].filename == __file__
    assert type(found.best_estimator_) is Mute
    assert not hasattr(found, "threshold_")


def test_what_has_no_threshold_is_refused_at_once():
    with pytest.raises(StudyError, match="Leave threshold= out"):
        search(scoring="roc_auc").fit(X[LEARN], Y[LEARN])
    with pytest.raises(StudyError, match="There are 3 classes"):
        search(scoring="accuracy").fit(*load_wine(return_X_y=True))
    with pytest.raises(StudyError, match="give one of them"):
        search(ensemble=True).fit(X[LEARN], Y[LEARN])
    with pytest.raises(StudyError, match="with refit"):
        search(refit=False).fit(X[LEARN], Y[LEARN])
    with pytest.raises(StudyError, match="reshuffle"):
        search(cv="reshuffle").fit(X[LEARN], Y[LEARN])


def test_rows_in_no_test_fold_or_in_several_do_no_harm():
    splits = [*KFold(3).split(X[:500]), *KFold(3, shuffle=True, random_state=1).split(X[:500])]

    found = search(cv=splits).fit(X[LEARN], Y[LEARN])

    assert 0 < found.threshold_.value < 0.5
