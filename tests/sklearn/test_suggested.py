"""Searches of default spaces begin with what did well on other data, given what is seen here."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, make_classification
from sklearn.model_selection import KFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVR

from luthier.models import preset
from luthier.models.presets import Preset
from luthier.sklearn import RandomizedSearchCV, SearchCV

CV = KFold(4, shuffle=True, random_state=3)


@pytest.fixture(scope="module")
def data():
    return make_classification(300, 5, n_redundant=0, flip_y=0.2, random_state=4)


def searched(data, **given):
    given = {"trials": 11, "cv": CV, "honest": False, "refit": False, "racing": False, **given}
    return SearchCV(KNeighborsClassifier(), method="random", **given).fit(*data)


def points(search):
    history = search.study_.history
    return [history.params(number) for number in range(len(history))]


def test_ten_candidates_are_those_that_the_preset_suggests(data):
    search = searched(data)
    made = preset(KNeighborsClassifier(), rows=300, columns=5, classes=2)

    scores = search.cv_results_["mean_test_score"].tolist()
    tried = []
    for point, score in zip(points(search)[:10], scores, strict=False):
        assert point == made.suggest(tried)
        tried.append((point, -score))
    assert made.suggest(tried) is None
    assert len(scores) == 11


def test_dropped_candidates_count_by_what_they_lost_on_their_folds(data, monkeypatch):
    told = []
    monkeypatch.setattr(
        Preset, "suggest",
        lambda self, tried: told.append(list(tried))
        or [self.default, *self.portfolio, None][len(tried)],
    )  # fmt: skip
    search = searched(data, racing=True, trials=8, cv=KFold(20))

    S = np.array([search.cv_results_[f"split{k}_test_score"] for k in range(20)]).T
    last = told[-1]
    assert np.isnan(S[: len(last)]).any()  # some were dropped
    assert last[0][1] == 0
    for scores, (_, loss) in zip(S, last, strict=False):
        assert loss == pytest.approx(np.nanmean(S[0] - scores))


def test_a_search_that_goes_on_suggests_what_it_would_have(data, tmp_path):
    whole = searched(data)
    store = tmp_path / "s.db"
    searched(data, trials=6, store=store)

    again = searched(data, store=store)

    assert points(again) == points(whole)


@pytest.mark.slow
def test_several_at_once_differ(data):
    search = SearchCV(
        KNeighborsClassifier(), trials=9, cv=[next(CV.split(*data))], n_jobs=3, honest=False,
        racing=False, refit=False,
    ).fit(*data)  # fmt: skip

    assert len({str(point) for point in points(search)}) == 9


def test_a_space_of_ones_own_begins_with_its_default_only(data):
    search = SearchCV(
        KNeighborsClassifier(), {"n_neighbors": [3, 5, 8, 11]}, trials=3, cv=CV, honest=False
    ).fit(*data)

    assert points(search)[0] == {"n_neighbors": 5}
    assert len(points(search)) == 3
    with pytest.raises(TypeError):
        RandomizedSearchCV(KNeighborsClassifier())


def test_the_spread_of_the_target_is_told():
    X, y = load_diabetes(return_X_y=True)

    search = SearchCV(SVR(), trials=2, cv=3, honest=False).fit(X, 100 * y)

    assert search.study_.space["C"].high == pytest.approx(1e4 * 100 * np.std(y), rel=0.2)
