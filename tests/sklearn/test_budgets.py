"""Searches that give candidates less than the whole at first."""

import pickle
import warnings
from dataclasses import dataclass, replace

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from luthier import Float, Int, Study
from luthier.errors import SpaceError, StudyError
from luthier.estimate.promoted import carried
from luthier.models.splits import spread
from luthier.samplers import Random
from luthier.schedulers import ASHA, Hyperband, Median, Population
from luthier.sklearn import BayesSearchCV, SearchCV
from luthier.sklearn.budgets import Budgets, ranks

X, Y = load_iris(return_X_y=True)
X, Y = X[::2], Y[::2]
TREE = DecisionTreeClassifier(random_state=0)
LEAVES = {"ccp_alpha": Float(1e-4, 0.6, log=True), "min_samples_leaf": Int(1, 12)}
ROWS = ("n_samples", 0.15, 1.0)  # 9, 27 and 60 of the rows of a fold


class Seeing(DecisionTreeClassifier):
    """Notes the rows that it is fitted to, by their sum."""

    seen: list[np.ndarray] = []  # noqa: RUF012

    def fit(self, X, y):
        Seeing.seen.append(X[:, 0] * 1000 + X[:, 2])
        return super().fit(X, y)


def boosted(**settings):
    return GradientBoostingClassifier(max_depth=1, random_state=0, **settings)


# -- which rows, and in which order ---------------------------------------------------------------


def test_every_beginning_has_its_share_of_each_label():
    labels = np.repeat([7, 3, 5], [50, 30, 4])
    order = spread(labels, np.random.default_rng(1))

    assert sorted(order) == list(range(84))
    assert len(set(labels[order[:3]])) == 3
    for n in range(3, 85):
        for label in (7, 3, 5):
            share = (labels == label).mean()
            assert abs((labels[order[:n]] == label).sum() - n * share) < 3  # one for each label


def test_who_was_given_more_ranks_first():
    """Equals share a rank; what is not known comes last."""
    given = np.array([9, 60, 60, 27, 60, 9, 60])
    means = np.array([0.99, 0.5, np.nan, 0.9, 0.7, 0.99, 0.7])

    assert ranks(given, means).tolist() == [5, 3, 7, 4, 1, 5, 1]


def test_a_fit_sees_the_rows_that_it_is_given():
    """More rows hold the fewer ones; the refit has all."""
    Seeing.seen = []
    search = SearchCV(
        Seeing(random_state=0), {"min_samples_leaf": Int(1, 12)}, fidelity=ROWS, trials=5,
        scheduler="asha", method="random", racing=False,
    ).fit(X, Y)  # fmt: skip

    given = np.repeat(search.cv_results_["n_resources"], 5)
    assert set(given) == {9, 27, 60}
    assert [len(rows) for rows in Seeing.seen] == [*given, 75]
    few, most = ({tuple(r) for r, n in zip(Seeing.seen, given, strict=False) if n == k}
                 for k in (9, 60))  # fmt: skip
    assert len(few) == len(most) == 5  # one set of rows for each fold, whoever is judged
    assert all(any(set(a) <= set(b) for b in most) for a in few)


def test_of_a_time_series_the_latest_rows_come_first():
    Seeing.seen = []
    order = np.arange(75.0)[:, None].repeat(3, axis=1)
    SearchCV(
        Seeing(), {"min_samples_leaf": Int(1, 12)}, fidelity=("n_samples", 0.5, 1.0), trials=1,
        cv=TimeSeriesSplit(3), scheduler="asha", method="random", refit=False, honest=False,
    ).fit(order, np.tile([0, 1, 2], 25))  # fmt: skip

    ends = [rows.max() / 1001 for rows in Seeing.seen]
    assert ends == pytest.approx([20, 38, 56])
    assert all(np.ptp(rows) / 1001 == pytest.approx(len(rows) - 1) for rows in Seeing.seen)


# -- who is given more -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def raced():
    return SearchCV(TREE, LEAVES, fidelity=ROWS, trials=20, scheduler="asha", method="random").fit(
        X, Y
    )


def test_only_the_whole_wins(raced):
    results, best = raced.cv_results_, raced.best_index_
    given, means = results["n_resources"], results["mean_test_score"]

    assert given[best] == 60
    assert raced.best_score_ == np.nanmax(means[given == 60])
    assert results["rank_test_score"][best] == 1
    ran = (given == 60) & np.isfinite(means)
    assert results["rank_test_score"][given < 60].min() == ran.sum() + 1


def test_each_trial_is_a_row(raced):
    """As in a study, who goes on does so as another trial."""
    history, given = raced.study_.history, raced.cv_results_["n_resources"]

    assert len(history) == len(given) > 20
    assert np.minimum(history.budget, 60).tolist() == given.tolist()
    assert (history.budget[history.parent[history.parent >= 0]] < 60).all()
    assert history.fidelity.name == "n_samples"
    params = raced.cv_results_["params"]
    for row in np.flatnonzero(history.parent >= 0):
        assert params[row] == params[history.parent[row]]


@pytest.mark.parametrize("scheduler", [None, "asha", "median", ASHA(promote=False)])
@pytest.mark.parametrize("trials", [3, 7])
def test_trials_are_what_so_many_are_given_with_the_whole(scheduler, trials):
    """Every amount counts as its share of the whole, whether a trial or a part of one."""
    search = SearchCV(
        TREE, LEAVES, fidelity=ROWS, scheduler=scheduler, trials=trials, method="random", cv=2,
    ).fit(X, Y)  # fmt: skip

    history = search.study_.history
    given = sum(history.curve(row)[0].sum() for row in range(len(history)))
    whole = search.cv_results_["n_resources"].max()
    assert whole == 37
    watched = 61 if scheduler is not None and scheduler != "asha" else 37  # 6, 18 and 37 rows
    assert trials * whole - watched <= given <= trials * whole
    assert search.ended_ == f"all {trials} whole trials were spent"


def test_a_sampler_is_asked_once_for_each_point():
    """What a trial will be given is known without it."""
    asked = []

    @dataclass(frozen=True)
    class Counting:
        def ask(self, space, history, k, rng):
            asked.append(k)
            return Random().ask(space, history, k, rng)

    search = SearchCV(
        TREE, LEAVES, fidelity=ROWS, scheduler="asha", trials=3, method=Counting()
    ).fit(X, Y)  # fmt: skip

    assert len(asked) == (search.study_.history.parent < 0).sum() - 1  # the last one is the leader


def test_candidates_race_on_the_whole_alone(raced):
    """Nobody is dropped for being behind the best where the better part goes on."""
    given, ran = raced.cv_results_["n_resources"], raced.cv_results_["n_folds"]

    assert (ran[given < 60] == 5).all()


def test_the_honest_figure_is_of_those_on_the_whole(raced):
    given = raced.cv_results_["n_resources"]

    assert (given[raced._evidence.rows] == 60).all()
    assert raced.honest_.score == raced.honest_score_


def test_the_honest_figure_knows_that_candidates_were_chosen_with_less():
    """What that was worth is taken off, from the gain too; the default owes nothing."""
    noise = np.random.default_rng(2).permutation(Y)
    tree = DecisionTreeClassifier(random_state=0, ccp_alpha=0.6)  # a third of the rows is right
    search = SearchCV(
        tree, LEAVES, fidelity=ROWS, trials=12, scheduler="asha", method="random", racing=False,
    ).fit(X, noise)  # fmt: skip
    results, rungs = search.cv_results_, {9: {}, 27: {}, 60: {}}
    for row, params in enumerate(results["params"]):
        scores = [results[f"split{k}_test_score"][row] for k in range(5)]
        rungs[results["n_resources"][row]][str(params)] = np.array(scores)
    path = [n for n in rungs if str(search.best_params_) in rungs[n]]
    evidence = replace(search._evidence, earlier=0.03)
    plain, told = replace(evidence, earlier=0.0).figure(), evidence.figure()

    assert len(path) > 1
    assert search._evidence.earlier == pytest.approx(carried(rungs, path))
    assert told.score == pytest.approx(plain.score - 0.03)
    assert told.gain.mean == pytest.approx(plain.gain.mean - 0.03)
    assert told.optimism == pytest.approx(plain.optimism + 0.03)
    assert "0.03 was taken off because the candidates had been chosen with less" in told.note
    assert not plain.note


@pytest.mark.slow
def test_who_was_dropped_is_not_tried_again():
    """With the whole, every candidate was at most once."""
    Y2 = np.random.default_rng(0).permutation(Y)  # nothing to learn: many are dropped
    search = SearchCV(
        TREE, LEAVES, fidelity=("n_samples", 0.5, 1.0), trials=30, scheduler=ASHA(eta=2),
        method="random", cv=8, racing="forgiving",
    ).fit(X, Y2)  # fmt: skip

    results = search.cv_results_
    given = results["n_resources"]
    whole = [str(results["params"][row]) for row in np.flatnonzero(given == given.max())]
    assert (results["n_folds"] < 8).any()
    assert len(whole) == len(set(whole)) > 5


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["asha", "hyperband", "bohb", "dehb", "pasha", "auto", "median", ASHA(promote=False)]
)
def test_every_scheduler_finds_a_winner_on_the_whole(name):
    search = BayesSearchCV(
        boosted(), {"learning_rate": Float(0.001, 2, log=True)}, fidelity=("n_estimators", 1, 9),
        scheduler=name, trials=14, cv=3, method="random",
    ).fit(X, Y)  # fmt: skip

    given = search.cv_results_["n_resources"]
    assert set(given) <= {1, 3, 9}
    assert given[search.best_index_] == 9
    assert len(set(given)) > 1
    assert [p["n_estimators"] for p in search.cv_results_["params"]] == given.tolist()


def test_a_scheduler_that_watches_sees_more_and_more():
    """One trial with all the amounts up to where it was stopped."""
    search = SearchCV(
        TREE, LEAVES, fidelity=ROWS, scheduler=Median(startup=3), trials=12, racing=False,
        method="random",
    ).fit(X, Y)  # fmt: skip

    history, given = search.study_.history, search.cv_results_["n_resources"].tolist()
    assert min(given) < max(given) == 60
    for row, most in enumerate(given):
        assert history.curve(row)[0].tolist() == [n for n in (9, 27, 60) if n <= most]
    assert (history.done == (np.array(given) == 60)).all()


@pytest.mark.slow
def test_an_iteration_may_be_of_a_step_of_a_pipeline():
    """The winner is fitted to all rows with all of it."""
    pipeline = make_pipeline(StandardScaler(), SGDClassifier(tol=None, random_state=0))
    space = {"sgdclassifier__alpha": Float(1e-5, 1, log=True)}
    search = SearchCV(
        pipeline, space, fidelity=("sgdclassifier__max_iter", 5, 50), trials=12, method="random"
    ).fit(X, Y)

    assert search.best_params_["sgdclassifier__max_iter"] == 50
    assert search.best_estimator_[-1].max_iter == 50
    assert set(search.cv_results_["n_resources"]) <= {5, 15, 45, 50}


def test_the_last_trial_is_the_leaders():
    """So that there is a winner on the whole, where the scheduler has not come so far."""
    search = SearchCV(TREE, LEAVES, fidelity=ROWS, scheduler="asha", trials=2, method="random").fit(
        X, Y
    )

    given, means = search.cv_results_["n_resources"], search.cv_results_["mean_test_score"]
    assert given.tolist() == [9, 9, 9, 27, 60]
    leader = 3
    assert search.cv_results_["params"][4] == search.cv_results_["params"][leader]
    assert search.best_index_ == 4
    assert np.isfinite(means).all()


def test_the_last_trial_is_for_who_is_better_with_less():
    """A bracket of Hyperband may begin with the whole, and badly."""
    search = SearchCV(
        TREE, {"ccp_alpha": Float(0.2, 0.9)}, fidelity=ROWS, scheduler=Hyperband(), trials=4,
        method="random", random_state=0,
    ).fit(X, Y)  # fmt: skip

    given, means = search.cv_results_["n_resources"], search.cv_results_["mean_test_score"]
    whole = given[:-1] == 60
    assert whole.any()
    assert given[-1] == 60
    assert means[-1] > means[:-1][whole].max()


def test_a_search_that_was_cut_off_takes_the_furthest():
    search = SearchCV(
        boosted(), {"subsample": Float(0.3, 0.8)}, fidelity=("n_estimators", 1, 99),
        time_limit=1e-9, method="random",
    )  # fmt: skip
    with pytest.warns(UserWarning, match=r"no candidate was given the whole, 99 .*time_limit"):
        search.fit(X, Y)

    assert search.cv_results_["n_resources"].max() < 99
    assert search.best_params_["n_estimators"] == search.best_estimator_.n_estimators == 99
    assert not hasattr(search, "honest_score_")


@pytest.mark.slow
def test_what_else_decides_sees_the_whole_alone():
    """The simplest good one, the finalists, an ensemble, patience."""
    settings = {"fidelity": ROWS, "trials": 30, "method": "random", "racing": False}
    simple = SearchCV(TREE, LEAVES, refit="one_se", **settings).fit(X, Y)
    final = SearchCV(TREE, LEAVES, finalists=3, **settings).fit(X, Y)
    blend = SearchCV(TREE, LEAVES, ensemble=True, **settings).fit(X, Y)
    short = SearchCV(TREE, LEAVES, patience=1, **settings).fit(X, Y)

    for search in (simple, final):
        assert search.cv_results_["n_resources"][search.best_index_] == 60
    assert (blend.cv_results_["n_resources"][list(blend.ensemble_.members)] == 60).all()
    assert "1 trials brought nothing better" in short.ended_
    assert (short.cv_results_["n_resources"] == 60).sum() >= 2


@pytest.mark.slow
def test_who_fails_does_not_go_on():
    class Odd(DecisionTreeClassifier):
        def fit(self, X, y):
            if self.min_samples_leaf % 2:
                raise ValueError("odd")
            return super().fit(X, y)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = SearchCV(Odd(random_state=0), LEAVES, fidelity=ROWS, trials=20).fit(X, Y)

    history = search.study_.history
    assert history.failed.sum() > 2
    assert not set(history.parent) & set(np.flatnonzero(history.failed))


def test_a_shipped_space_leaves_the_fidelity_out():
    """Its first point is given the whole; other good ones have to earn it."""
    search = SearchCV(boosted(), fidelity=("n_estimators", 2, 6), trials=4, cv=3).fit(X, Y)

    assert "n_estimators" not in search.study_.space
    assert search.cv_results_["n_resources"].tolist()[:3] == [6, 2, 2]
    assert search.cv_results_["params"][0]["n_estimators"] == 6
    assert len(search.study_.history.queue) > 2


# -- the same again --------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_number_of_workers_changes_nothing():
    one, two = (
        SearchCV(TREE, LEAVES, fidelity=ROWS, trials=14, racing=False, n_jobs=n).fit(X, Y)
        for n in (1, 2)
    )

    assert one.cv_results_["params"] == two.cv_results_["params"]
    for name in ("n_resources", "mean_test_score", "rank_test_score"):
        np.testing.assert_array_equal(one.cv_results_[name], two.cv_results_[name])


@pytest.mark.slow
def test_a_stored_search_goes_further(tmp_path):
    """With more trials; with fewer, everything that is stored is there, and nothing is fitted."""
    settings = {"fidelity": ROWS, "method": "random", "store": tmp_path / "s.db"}
    SearchCV(TREE, LEAVES, trials=20, **settings).fit(X, Y)
    more = SearchCV(TREE, LEAVES, trials=30, **settings).fit(X, Y)
    Seeing.seen = []
    fewer = SearchCV(TREE, LEAVES, trials=10, **settings).fit(X, Y)
    once = SearchCV(TREE, LEAVES, fidelity=ROWS, method="random", trials=30).fit(X, Y)

    for search in (fewer, once):
        for name in ("n_resources", "mean_test_score", "rank_test_score", "n_folds"):
            np.testing.assert_array_equal(search.cv_results_[name], more.cv_results_[name])
        assert search.honest_ == more.honest_
    with pytest.raises(StudyError, match="fidelity"):
        SearchCV(TREE, LEAVES, trials=10, **settings | {"fidelity": None}).fit(X, Y)


@pytest.mark.parametrize(("judged", "steps"), [(27, [27, 60]), (60, [60])])
def test_a_lost_trial_is_asked_again_whether_to_stop(judged, steps):
    """Unless it had begun with more already: then it was told to go on."""
    study = Study(LEAVES, sampler="random", scheduler="median", fidelity=("rows", 9, 60))
    (trial,) = study.ask()
    for step in (9, 27):
        trial.report(-0.5, step=step)
    study.driver.lose(trial.number, "Lost", "killed")
    budgets = object.__new__(Budgets)
    budgets.scheduler, budgets.most = study.scheduler, 60

    assert budgets.steps(study.ask()[0], study.history, lambda row: judged) == steps


@pytest.mark.slow
@pytest.mark.parametrize("scheduler", ["asha", "median", "auto"])
def test_a_killed_search_goes_on(story, scheduler):
    """kill -9, three times: no fold runs twice, and the result is that of one search."""
    search = {"searched": "min_samples_leaf", "trials": 5, "method": "random",
              "fidelity": ["n_samples", 0.3, 1.0], "scheduler": scheduler}  # fmt: skip

    for at in (4, 9, 6):
        story("a.db", at, **search)
    rest, result = story("a.db", 0, **search)
    every, whole = story("b.db", 0, **search)
    assert result == whole
    assert int(rest) == int(every) - 3 - 8 - 5


# -- what it says ----------------------------------------------------------------------------------


def test_it_says_what_was_saved(raced, tmp_path):
    """Rows that were fitted, in shares of what all candidates on the whole would have had."""
    results = raced.cv_results_
    taken = (results["n_resources"] * results["n_folds"]).sum() / (60 * 5)
    candidates = len({str(p) for p in results["params"]})

    words, trials = raced.summary(), len(results["params"])
    said = f"{candidates} candidates were tried in {trials} trials, with n_samples from 9 to 60"
    assert said in words
    assert f"took {taken / candidates:.0%} of what" in words
    assert raced.study_.spent().saved > 0
    for search in (raced, pickle.loads(pickle.dumps(raced))):
        assert "took" in search.report(tmp_path / "report.md").read_text()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fidelity": None}, r"not said of what. Write fidelity=\('n_samples', 0.1, 1.0\)"),
        ({"fidelity": ("n_samples", 0.1)}, "a name and two numbers"),
        ({"fidelity": ("n_samples", 10, 50)}, "10 is no share"),
        ({"fidelity": ("n_samples", 0.1, 0.5)}, "must be 1.0, all rows"),
        ({"fidelity": ("max_iter", 1, 9)}, "'max_iter' is no parameter of GradientBoosting"),
        ({"fidelity": ("n_estimators", 0.1, 1.0)}, "0.1 is no whole number"),
        ({"fidelity": ("loss", 1, 9)}, "'loss' of .* is 'log_loss', and no whole .*'n_estimators'"),
        ({"fidelity": ("learning_rate", 1, 9)}, "is 0.1, and no whole number that there can be"),
        ({"fidelity": ("tol", 1, 9)}, "no whole number"),
        ({"fidelity": ("random_state", 1, 9)}, "no whole number"),
        ({"fidelity": ("warm_start", 1, 9)}, "is False, and no whole"),
        ({"fidelity": ("n_estimators", 9, 3)}, "least <= most"),
        ({"scheduler": Population()}, "a search fits anew. With a fidelity take 'asha'"),
        ({"scheduler": "race"}, "racing= does here"),
        ({"scheduler": "full"}, "every candidate the whole"),
        ({"scheduler": "none"}, "there is none named 'none'"),
        ({"cv": "reshuffle"}, "other test rows"),
        (
            {"early_stopping": True, "space": {"learning_rate": Float(0.1, 1)}},
            "what early_stopping= finds",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(settings, message):
    told = {"space": {"subsample": Float(0.5, 1)}, "scheduler": "asha",
            "fidelity": ("n_estimators", 2, 9)} | settings  # fmt: skip
    with pytest.raises(StudyError, match=message):
        SearchCV(boosted(), **told).fit(X, Y)


def test_a_parameter_is_searched_or_given():
    with pytest.raises(SpaceError, match="is in the space too"):
        SearchCV(
            boosted(), {"n_estimators": Int(1, 9)}, fidelity=("n_estimators", 2, 9)
        ).fit(X, Y)  # fmt: skip


@pytest.mark.slow
def test_growing_goes_with_rows():
    """Iterations stop by themselves in each fold, with few rows and with many."""
    search = SearchCV(
        boosted(n_estimators=20), {"learning_rate": Float(0.3, 1)}, fidelity=ROWS,
        early_stopping=0.3, trials=4, cv=3, method="random",
    ).fit(X, Y)  # fmt: skip

    assert search.cv_results_["n_resources"][search.best_index_] == 50
    assert "mean_n_estimators" in search.cv_results_
