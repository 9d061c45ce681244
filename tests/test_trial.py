"""Trial: define-by-run, Optuna's names, folders, seeds."""

from __future__ import annotations

import numpy as np
import pytest

from luthier import Float, Space, Study
from luthier.samplers import GP, Mixed, Narrow, Startup


def test_a_space_is_defined_by_asking_for_it():
    def objective(trial):
        lr = trial.float("lr", 1e-5, 1e-1, log=True)
        layers = trial.int("layers", 1, 3)
        units = [trial.int(f"units_{i}", 4, 64, log=True) for i in range(layers)]
        kind = trial.choice("kind", "adam", "sgd")
        return lr + sum(units) + (trial.float("momentum", 0.5, 0.9) if kind == "sgd" else 0)

    study = Study(seed=2).run(objective, trials=25)

    names = study.space.names
    assert names[:2] == ("lr", "layers")
    assert set(names) == {"lr", "layers", "units_0", "units_1", "units_2", "kind", "momentum"}
    for row, result in enumerate(study.results):
        asked = {name for name, u in zip(names, study.history.X[row], strict=True) if u == u}
        assert asked == set(result.params)
        assert ("momentum" in result.params) == (result.params["kind"] == "sgd")
        assert ("units_2" in result.params) == (result.params["layers"] == 3)


def test_a_new_name_is_drawn_from_its_name_whatever_the_order_of_calls():
    one = Study(sampler="random", seed=4).ask()[0]
    two = Study(sampler="random", seed=4).ask()[0]

    a = (one.float("a", 1, 3), one.float("b", 1, 3))
    b = (two.float("b", 1, 3), two.float("a", 1, 3))

    assert a == (b[1], b[0])
    assert a[0] != a[1]


def test_a_study_defined_by_running_resumes_as_if_uninterrupted(tmp_path):
    def objective(trial):
        x = trial.float("x", -3, 9)
        return x if trial.choice("neg", True, False) else x + trial.int("n", 1, 9)

    whole = Study(seed=2).run(objective, trials=12)
    for trials in (1, 4, 5, 12):
        with Study(seed=2, store=tmp_path / "s.db") as part:
            part.run(objective, trials=trials)

    with Study.open(tmp_path / "s.db") as again:
        assert [r.params for r in again.results] == [r.params for r in whole.results]


def test_a_trial_that_ends_early_takes_no_parameter_away():
    def objective(trial):
        x = trial.float("x", -3, 9)
        if trial.number == 5:
            raise RuntimeError("before it asked for y")
        return x + trial.float("y", 1, 2)

    study = Study(sampler="random").run(objective, trials=8)

    assert set(study[5].params) == {"x", "y"}
    assert not np.isnan(study.history.X[5]).any()


def test_a_wider_range_widens_the_column_and_each_call_keeps_its_own():
    seen = []

    def objective(trial):
        high = 3 if trial.number % 2 else 30
        seen.append((high, trial.float("x", 1, high)))
        return 0.0

    study = Study(sampler="random").run(objective, trials=40)

    assert study.space["x"] == Float(1, 30)
    assert all(1 <= x <= high for high, x in seen)
    assert max(x for high, x in seen) > 3
    assert [r.params["x"] for r in study.results] == [x for _, x in seen]


def test_new_options_are_added_and_each_call_gets_one_of_its_own():
    def objective(trial):
        options = ["a", "b"] if trial.number < 10 else ["c", "b"]
        return trial.float("x", 1, 3) + options.index(trial.choice("k", options))

    study = Study(sampler="random").run(objective, trials=40)

    assert study.space["k"].options == ("a", "b", "c")
    assert {r.params["k"] for r in study.results[10:]} == {"b", "c"}
    assert study.history.counts[1] == 40


def test_options_made_anew_in_every_call_are_the_same_options():
    def objective(trial):
        f = trial.choice("f", [abs, lambda x: x * x])
        return f(trial.float("x", -3, 9))

    study = Study(sampler="random").run(objective, trials=10)

    assert study.space["f"].cells == 2
    assert study.history.counts[1] == 10


def test_another_type_under_the_same_name_fails_the_trial_with_that_word():
    def objective(trial):
        return trial.int("x", 1, 5) if trial.number else trial.float("x", 1, 5)

    study = Study().run(objective, trials=2)

    assert study[1].state == "FAILED"
    assert "keeps its type" in study[1].error["message"]


def test_asking_twice_gives_the_same_value_and_refuses_another_range():
    trial = Study().ask()[0]
    x = trial.float("x", 1, 5)

    assert trial.float("x", 1, 5) == x
    with pytest.raises(ValueError, match="asked for twice"):
        trial.float("x", 6, 9)


def test_names_beyond_a_given_space_may_be_asked_for_too():
    study = Study(Space(x=Float(1, 3)), sampler="random")

    study.run(lambda t: t.params["x"] + t.float("x", 1, 3) + t.float("y", 5, 7), trials=3)

    assert study.space.names == ("x", "y")
    assert set(study[0].params) == {"x", "y"}


def test_a_study_that_began_by_running_may_go_on_with_a_declared_space(tmp_path):
    with Study(store=tmp_path / "s.db") as study:
        study.run(lambda t: t.float("x", 1, 3), trials=3)

    with Study(Space(x=Float(1, 3)), store=tmp_path / "s.db") as study:
        study.run(lambda t: t.params["x"], trials=6)
        assert [r.state for r in study.results] == ["DONE"] * 6


def test_an_ordinary_optuna_objective_runs_unchanged():
    class TrialPruned(Exception):  # as Optuna's own: it is known by its name
        pass

    def objective(trial):
        x = trial.suggest_float("x", -3, 9)
        n = trial.suggest_int("n", 1, 64, log=True)
        kind = trial.suggest_categorical("kind", ["plain", None])
        trial.set_user_attr("who", "me")
        assert trial.user_attrs == {"who": "me"}
        for step in range(3):
            trial.report(x**2 + step, step)
            if trial.should_prune() or trial.number == 4:
                raise TrialPruned
        return x**2 + n + (kind is None)

    study = Study(scheduler="median").run(objective, trials=12)

    assert study[4].state == "STOPPED"
    assert study[0].facts == {"who": "me"}
    assert study.space["n"].log


def test_queued_values_reach_names_that_nobody_has_asked_for_yet():
    study = Study()
    study.enqueue({"x": 2.5, "k": "b"})

    study.run(lambda t: t.float("x", 1, 3) + len(t.choice("k", "a", "b")), trials=1)

    assert study[0].params == {"x": 2.5, "k": "b"}


def test_an_objective_that_asks_for_nothing_runs_too():
    study = Study().run(lambda trial: float(trial.number), trials=4)

    assert [r.value for r in study.results] == [0.0, 1.0, 2.0, 3.0]


def test_a_report_needs_a_whole_step():
    trial = Study().ask()[0]

    with pytest.raises(ValueError, match=r"whole number, got 1\.5"):
        trial.report(0.1, 1.5)


def test_who_was_stopped_after_a_report_has_what_it_asked_for():
    def objective(trial):
        x = trial.float("x", 2, 9)
        for step in (1, 2, 3):
            trial.report(x, step)
            if trial.should_stop():
                return None
        return x + trial.float("late", 2, 5)

    study = Study(sampler="random", scheduler="asha", fidelity=("steps", 1, 3), seed=2)
    study.enqueue({"x": 5.0, "late": 3.0})  # the whole, so that both names are known
    study.run(objective, trials=20)

    history = study.history
    stopped = np.flatnonzero(history.stopped)
    went_on = np.flatnonzero(history.done & (history.parent >= 0))
    assert len(stopped) > 5 < len(went_on) + 3
    assert {tuple(study[row].params) for row in stopped.tolist()} == {("x",)}
    for row in went_on.tolist():
        parent = int(history.parent[row])
        assert study[row].params["late"] == history.asked(parent)[-1]["late"]


def test_the_first_trial_has_defaults_and_what_is_usual():
    def objective(trial):
        trial.choice("optimizer", "sgd", "adam")
        trial.float("learning_rate", 1e-5, 1.0, log=True)
        trial.int("strange", 5, 9)
        trial.float("own", 0.0, 1.0, default=0.75)
        trial.float("believed", 0.0, 1.0, likely=(0.1, 0.2))
        return 1.0

    first = [Study(seed=i).run(objective, trials=1)[0].params for i in range(4)]
    drawn = [Study(seed=i, sampler="random").run(objective, trials=1)[0].params for i in range(4)]

    plain = {"optimizer": "adam", "learning_rate": 0.001, "strange": 7, "own": 0.75}
    for params in first:
        believed = params.pop("believed")
        assert params == pytest.approx(plain)
    assert believed != 0.5
    assert all(len({params[name] for params in drawn}) > 1 for name in plain)


@pytest.mark.parametrize(
    ("sampler", "usual"),
    [(name, True) for name in ("gp", "tpe", "forest", "cmaes", "differential", "genetic")]
    + [(name, False) for name in ("random", "qmc", GP(usual=False), Startup(), Narrow("random"))]
    + [(made, True) for made in (Narrow("tpe"), Startup("tpe"), Mixed([("qmc", 1), ("tpe", 1)]))],
    ids=repr,
)
def test_samplers_that_begin_with_what_is_usual_do_so_before_a_name_is_known(sampler, usual):
    (trial,) = Study(sampler=sampler, seed=3).ask()

    assert (trial.float("x", 0, 1) == 0.5) == usual


def test_new_names_of_later_branches_begin_so_too_but_not_side_by_side():
    study = Study(seed=3)
    one, other = study.ask()[0], study.ask()[0]
    assert one.float("x", 0, 1) == 0.5
    assert other.float("x", 0, 1) != 0.5
    study.tell(one, 1.0)
    study.tell(other, 2.0)

    (third,) = study.ask()

    assert third.float("x", 0, 1) != 0.5
    assert third.float("new", 0, 1) == 0.5


def test_a_retry_gets_the_same_new_names():
    study = Study(seed=3)
    first = study.ask()[0]
    study.enqueue({"x": 0.3})
    study.driver.lose(first.number, "Lost", "gone")

    again, queued = study.ask()[0], study.ask()[0]

    assert (again.parent, again.float("x", 0, 1)) == (first.number, 0.5)
    assert queued.float("x", 0, 1) == 0.3
