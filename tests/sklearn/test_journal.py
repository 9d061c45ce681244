"""The log of a search: what is written comes back."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from luthier import Float, Space, Study
from luthier.history import State
from luthier.sklearn import GridSearchCV, SearchCV
from luthier.sklearn.journal import (
    NOT_SET,
    SCORE,
    TRACE,
    Journal,
    Listed,
    cause,
    score,
    space_of,
    study_of,
)

X, Y = load_iris(return_X_y=True)
X, Y = X[::2], Y[::2]
TREE = DecisionTreeClassifier(random_state=0)


def outcome(value, **more):
    return {
        "fit_error": None,
        "test_scores": value,
        "fit_time": 0.25,
        "score_time": 0.125,
        "n_test_samples": 7,
        "predictions": None,
    } | more


def study(path=None, **how):
    return Study(Space(a=Float(-3, 9)), maximize=SCORE, sampler="random", store=path, **how)


def reopened(path):
    return Journal(study(path), "b", files=True)


HEARD = {
    "predict": np.array(["x", "yy"], dtype=object),
    "predict_proba": np.array([[0.25, 0.75], [1.0, 0.0]]),
    "classes": np.array(["x", "yy"]),
}


def test_what_is_written_comes_back(tmp_path):
    """Scores of several metrics, training scores, errors and predictions, from the file."""
    told = outcome({"a": 0.5, "b": -2.0}, train_scores={"a": 1.0, "b": -1.0}, predictions=HEARD)
    journal = reopened(tmp_path / "s.db")
    trial = journal.study.ask()[0]
    journal.fold(trial, 2, told)
    journal.fold(trial, 0, outcome({"a": np.nan, "b": np.nan}, fit_error="z" * 5000))
    journal.end(trial, [outcome({"a": 1.0, "b": value}) for value in (-2.0, -4.0)])
    again = reopened(tmp_path / "s.db")
    first, second, third = again.known(0, 3)

    assert second is None
    assert np.isnan(first["test_scores"]["b"])
    assert first["fit_error"] == "z" * 2000
    assert {name: third[name] for name in told if name != "predictions"} == {
        name: value for name, value in told.items() if name != "predictions"
    }
    for name, value in HEARD.items():
        np.testing.assert_array_equal(third["predictions"][name], value)
    assert again.study.best.value == -3.0


def test_a_single_score_comes_back_as_one():
    """Not as a dict."""
    journal = Journal(study(), None, files=False)
    trial = journal.study.ask()[0]
    journal.fold(trial, 0, outcome(0.5))

    assert journal.known(0, 1)[0] == outcome(0.5)


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ([0.5, 0.25], State.DONE),
        ([0.5, np.nan], State.FAILED),
        ([np.nan, None], State.FAILED),
        ([0.5, None], State.STOPPED),
    ],
)
def test_how_a_candidate_ends(values, state):
    """With all folds, with one that failed and may have ended it, or dropped before the last."""
    journal = Journal(study(), None, files=False)
    trial = journal.study.ask()[0]
    journal.end(trial, [None if value is None else outcome(value) for value in values])

    assert journal.study.history.state[0] == state


class Cold(DecisionTreeClassifier):
    def fit(self, X, y):
        raise ValueError(f"too cold\nby {self.max_depth}")


@pytest.mark.filterwarnings("ignore")
def test_a_failed_candidate_has_the_error_of_its_fold(tmp_path):
    """As a trial of `Study.run` has, so that reports can tell one cause from another."""
    search = SearchCV(Cold(), {"max_depth": [3, 5]}, trials=2, store=tmp_path / "s.db")
    with pytest.raises(ValueError, match="too cold"):
        search.fit(X, Y)

    error = search.study_[0].error
    assert (error["kind"], error["message"]) == ("ValueError", "too cold")
    assert "in fit" in error["traceback"]


@pytest.mark.parametrize(
    ("text", "kind", "message", "trace"),
    [
        ("MemoryLimit: took 3 GB\nthe last: words", "MemoryLimit", "took 3 GB", "the last: words"),
        (f"{TRACE}  at\nOSError: no\n\n{TRACE}    at\na.b.<locals>.E\n", "E", "", None),
        ("the process was killed: why?", "Error", "the process was killed: why?", ""),
    ],
)
def test_kind_and_message_are_read_from_the_text_of_an_error(text, kind, message, trace):
    told = cause(text)

    assert told == {
        "kind": kind, "message": message, "traceback": text if trace is None else trace
    }  # fmt: skip


def test_lost_candidates_go_on(tmp_path):
    """Each is found by what it is, also where two are the same."""
    candidates = [{"a": 1}, {"a": 2}, {"a": 1}]

    def listed():
        made = Study(
            space_of(candidates), maximize=SCORE, sampler="random", store=tmp_path / "s.db"
        )
        return Listed(Journal(made, None, files=False), candidates.__getitem__)

    log = listed()
    for row, value in enumerate((0.25, 0.5, 0.75)):
        log.fold(row, 0, outcome(value))
    log.fold(1, 1, outcome(0.125))
    log.end(1, [outcome(0.5), outcome(0.125)])
    log.close()
    again = listed()
    stored = [again.stored(row, 2) for row in range(3)]

    found = [[None if o is None else o["test_scores"] for o in row] for row in stored]
    assert found[1] == [0.5, 0.125]
    assert sorted(row[0] for row in (found[0], found[2])) == [0.25, 0.75]
    assert found[0][1] is None


def test_a_space_holds_all_candidates():
    """Of any type; what one leaves alone is an option of its own."""
    scaler = StandardScaler()
    candidates = [{"a": 3, "b": scaler}, {"a": 1, "b": None}, {"a": 2}, {"a": np.int64(3)}, {}]
    space = space_of(candidates)

    assert space["a"].options == (3, 1, 2, NOT_SET)
    assert space["b"].options[0] is scaler
    assert len(space_of([{"c": value} for value in (3, 1, 2)])["c"].options) == 3
    assert space_of([{}]).names


def test_scores_that_count():
    """The named metric, or the only one."""
    assert score(outcome(0.5), "b") == 0.5
    assert score(outcome({"a": 1.0, "b": 2.0}), "b") == 2.0
    assert score(outcome({"a": 1.0}), None) == 1.0


@pytest.mark.parametrize("racing", [False, True])
def test_a_fitted_search_becomes_a_study(racing):
    """With its candidates, its folds and its best."""
    search = GridSearchCV(TREE, {"max_depth": [1, 2, 3, 4, None]}, racing=racing).fit(X, Y)
    made = study_of(search)

    done = made.history.state == State.DONE
    complete = np.isfinite(search.cv_results_["mean_test_score"])
    np.testing.assert_array_equal(done, complete)
    assert made.best.value == pytest.approx(search.best_score_)
    assert made.best.params == search.best_params_
    counts = search.cv_results_.get("n_folds", np.full(5, 5))
    assert [len(made.history.curve(row)[0]) for row in range(5)] == counts.tolist()


def test_a_raced_candidate_that_ended_just_before_the_crash_is_not_run_again(tmp_path, monkeypatch):
    """All its folds are in the store, but not that it ended."""
    how = {"trials": 2, "store": tmp_path / "s.db", "random_state": 0, "cv": 2}
    real = Journal.end

    def crash(self, trial, outcomes):
        raise KeyboardInterrupt

    monkeypatch.setattr(Journal, "end", crash)
    with pytest.raises(KeyboardInterrupt):
        SearchCV(SVC(), {"C": [1.0, 2.0, 3.0]}, **how).fit(X, Y)
    monkeypatch.setattr(Journal, "end", real)
    search = SearchCV(SVC(), {"C": [1.0, 2.0, 3.0]}, **how).fit(X, Y)

    params = search.cv_results_["params"]
    assert len(params) == 2
    assert params[0] != params[1]
