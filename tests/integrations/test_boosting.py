"""Boosting libraries: stopped, killed and resumed; the number of trees is chosen on rows aside."""

from importlib import import_module, util

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from luthier import Float, Space, Study
from luthier.errors import StudyError
from luthier.integrations.boosting import Stages, kept_aside
from luthier.integrations.steps import newest

QUIET = {
    "lightgbm": {"verbosity": -1, "n_jobs": 1, "num_leaves": 7},
    "xgboost": {"verbosity": 0, "n_jobs": 1, "max_depth": 3, "eval_metric": "logloss"},
    "catboost": {"verbose": False, "thread_count": 1, "depth": 3},
}
CLASSIFIER = {"lightgbm": "LGBM", "xgboost": "XGB", "catboost": "CatBoost"}
LIBRARIES = [
    pytest.param(
        name,
        marks=[
            pytest.mark.skipif(util.find_spec(name) is None, reason=f"pip install luthier[{name}]"),
            *([] if name == "lightgbm" else [pytest.mark.frameworks]),
        ],
    )
    for name in QUIET
]


@pytest.fixture(params=LIBRARIES)
def library(request):
    return request.param


@pytest.fixture(scope="module")
def cells():
    X, y = load_breast_cancer(return_X_y=True)
    return train_test_split(X, y, test_size=0.4, random_state=5, stratify=y)


def fitted(library, trial, cells, trees=60, **settings):
    module = import_module(f"luthier.integrations.{library}")
    kind = getattr(import_module(library), f"{CLASSIFIER[library]}Classifier")
    own = {"n_estimators": trees, "learning_rate": 0.2, **QUIET[library]}
    own |= settings.pop("own", {})
    X, X_scored, y, y_scored = cells
    settings = {"every": 10, "patience": 1000, **settings}
    return module.fit(trial, kind(**own), X, y, scored=(X_scored, y_scored), **settings)


def test_the_value_is_that_of_the_model_that_is_handed_back(library, trial_of, cells):
    trial = trial_of()

    stages = fitted(library, trial, cells)

    chances = stages.model.predict_proba(cells[1])[:, 1]
    assert stages.value == pytest.approx(log_loss(cells[3], chances), rel=1e-4)
    assert trial.line.reports[-1] == (60, pytest.approx(stages.value))
    assert [step for step, _ in trial.line.reports] == [10, 20, 30, 40, 50, 60]
    assert len(stages.aside) == len(stages.scored) == 60


def test_the_number_of_trees_is_chosen_on_rows_that_the_score_does_not_see(
    library, trial_of, cells
):
    X, X_scored, y, y_scored = cells
    turned = X, X_scored, y, 1 - y_scored  # the scored rows now say the contrary

    plain = fitted(library, trial_of(0), cells)
    other = fitted(library, trial_of(1), turned)

    assert plain.best == other.best > 1
    assert plain.aside == pytest.approx(other.aside)
    assert other.value > 1 > plain.value


def test_it_ends_when_more_trees_do_no_good(library, trial_of, cells):
    trial = trial_of()

    stages = fitted(library, trial, cells, trees=2000, patience=7)

    assert len(stages.aside) == stages.best + 7 < 2000
    assert trial.line.reports[-1][0] == len(stages.aside)


def test_a_stopped_trial_goes_on_where_it_stopped(library, trial_of, cells):
    parent = trial_of(0, stop_at=20)
    assert len(fitted(library, parent, cells).aside) == 20
    child = trial_of(1, parent=parent)

    stages = fitted(library, child, cells)

    assert [step for step, _ in child.line.reports] == [30, 40, 50, 60]
    assert len(stages.aside) == 60
    # As good as in one go: bagging apart, what goes on is the same.
    whole = fitted(library, trial_of(2), cells)
    assert stages.aside[:20] == pytest.approx(whole.aside[:20])
    assert stages.aside == pytest.approx(whole.aside, rel=0.2, abs=0.02)


def test_a_child_with_nothing_left_still_has_a_model(library, trial_of, cells):
    parent = trial_of(0)
    first = fitted(library, parent, cells)

    again = fitted(library, trial_of(1, parent=parent), cells)

    assert (again.value, again.best) == (first.value, first.best)
    expected = first.model.predict_proba(cells[1])
    assert again.model.predict_proba(cells[1]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_killed_in_mid_training_no_saved_tree_is_grown_twice(library, killed_and_resumed):
    body = f"""
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from luthier.integrations import boosting
from {library} import {CLASSIFIER[library]}Classifier as Model
from luthier.integrations.{library} import fit

end = boosting.Stages.end
def counted(self, *given):
    tick(len(self.aside) + 1)
    return end(self, *given)
boosting.Stages.end = counted

X, X_scored, y, y_scored = train_test_split(*load_breast_cancer(return_X_y=True), random_state=5)
space, settings = Space(learning_rate=Float(0.05, 0.3)), {{}}

def objective(trial):
    model = Model(n_estimators=50, **trial.params, **{QUIET[library]!r})
    return fit(trial, model, X, y, scored=(X_scored, y_scored), every=10, patience=99).value
"""
    first, second = killed_and_resumed(body, kill_at=30)

    assert first[:20] == list(range(1, 21))
    assert max(first) == 30
    assert second == list(range(21, 51))


def test_a_metric_by_name_and_the_study_agree_on_what_is_good(library, trial_of, cells):
    name = {"catboost": "AUC"}.get(library, "auc")

    stages = fitted(library, trial_of(0, maximize="auc"), cells, metric=name)

    assert stages.value > 0.95
    assert stages.best == np.argmax(stages.aside) + 1
    with pytest.raises(StudyError, match="good where it is large, but the study is to minimize"):
        fitted(library, trial_of(1), cells, metric=name)
    with pytest.raises(StudyError, match="good where it is small, but the study is to maximize"):
        fitted(library, trial_of(2, maximize="score"), cells)
    if library == "lightgbm":  # the others say themselves that they do not know it
        with pytest.raises(StudyError, match="'mape_' was not computed; there is binary_logloss"):
            fitted(library, trial_of(3), cells, metric="mape_")


def test_a_regressor_too_and_the_scheduler_stops_some(library, tmp_path):
    module = import_module(f"luthier.integrations.{library}")
    kind = getattr(import_module(library), f"{CLASSIFIER[library]}Regressor")
    X, X_scored, y, y_scored = train_test_split(*load_diabetes(return_X_y=True), random_state=5)
    quiet = {name: value for name, value in QUIET[library].items() if name != "eval_metric"}

    def objective(trial):
        model = kind(n_estimators=40, **trial.params, **quiet)
        return module.fit(trial, model, X, y, scored=(X_scored, y_scored), every=5).value

    space = Space(learning_rate=Float(1e-4, 0.5, log=True))
    study = Study(space, sampler="random", scheduler="median", seed=3, folder=tmp_path)
    study.run(objective, trials=12)

    history = study.history
    assert history.stopped.sum() >= 2
    for row in np.flatnonzero(history.stopped):
        stopped_at = history.step[history.owner == row].max()
        assert newest(study.folder_of(row)).name == f"step-{stopped_at:08d}"
    assert study.best.value < np.median([loss for (loss,) in history.Y[history.done]])


@pytest.mark.parametrize("library", LIBRARIES[:2])
def test_the_callback_works_with_the_librarys_own_train(library, trial_of, cells):
    module, theirs = import_module(f"luthier.integrations.{library}"), import_module(library)
    X, X_scored, y, y_scored = cells

    def grown(trial):
        report = module.Report(trial, 30, every=5)
        if library == "lightgbm":
            learn = theirs.Dataset(X, y, free_raw_data=False)
            booster = theirs.train(
                {"objective": "binary", "verbosity": -1, "num_leaves": 7},
                learn,
                report.left,
                valid_sets=[learn.create_valid(X_scored, y_scored)],
                init_model=report.saved,
                callbacks=[report],
            )
            return booster.current_iteration(), report.value
        booster = theirs.train(
            {"objective": "binary:logistic", "max_depth": 3},
            theirs.DMatrix(X, y),
            report.left,
            evals=[(theirs.DMatrix(X_scored, y_scored), "scored")],
            xgb_model=report.saved,
            callbacks=[report],
            verbose_eval=False,
        )
        return booster.num_boosted_rounds(), report.value

    parent = trial_of(0, stop_at=15)
    assert grown(parent) == (15, parent.line.reports[-1][1])
    child = trial_of(1, parent=parent)

    assert grown(child) == (30, child.line.reports[-1][1])
    assert [step for step, _ in child.line.reports] == [20, 25, 30]


def test_rows_aside_are_the_same_in_a_retry_and_hold_every_class(trial_of, cells):
    X, _, y, _ = cells

    (learn, _), (aside, y_aside) = kept_aside(trial_of(0), X, y, 0.25, classes=True)
    again = kept_aside(trial_of(7), X, y, 0.25, classes=True)[1][0]

    assert np.array_equal(aside, again)
    assert len(learn) + len(aside) == len(X)
    assert abs(y_aside.mean() - y.mean()) < 1 / len(y_aside)
    with pytest.raises(StudyError, match="between 0 and 1, got 25"):
        kept_aside(trial_of(0), X, y, 25, classes=True)


@pytest.mark.parametrize("wrong", [{"patience": 0}, {"every": 0}, {"patience": 2.5}])
def test_stages_are_counted_in_whole_numbers(trial_of, wrong):
    with pytest.raises(StudyError, match="must be a whole number >= 1"):
        Stages(trial_of(0), 4, **{"every": 2, "patience": 9, **wrong})


def test_what_is_reported_is_the_score_at_the_best_stage_so_far(trial_of):
    trial = trial_of(0, maximize="accuracy")
    stages = Stages(trial, 4, every=2, patience=9)
    for aside, scored in [(0.5, 0.1), (0.8, 0.2), (0.7, 0.9), (0.6, 0.95)]:
        stages.end(aside, scored, lambda folder: None)

    assert (stages.best, stages.value) == (2, 0.2)
    assert trial.line.reports == [(2, -0.2), (4, -0.2)]
