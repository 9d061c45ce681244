import math

import pytest

from luthier import Choice, Float, Int, Space, Study
from luthier.errors import SpaceError

SPACE = Space(
    rate=Float(1e-5, 0.5, log=True),
    kernel=Choice("linear", "rbf", "poly"),
    degree=Int(2, 5, when={"kernel": "poly"}),
    coef=Float(-3, 9, when={"degree": [3, 4]}),
    solver=Choice("p", "q"),
    forbid=[{"kernel": "rbf", "solver": "q"}],
)


def loss(trial):
    return abs(math.log10(trial.params["rate"]) + 2) + (trial.params["kernel"] != "poly")


@pytest.mark.parametrize("sampler", ["random", "tpe", "gp", "qmc", "narrow"])
def test_fixed_parameters_keep_their_values_and_others_are_searched(sampler):
    study = Study(SPACE, sampler=sampler, seed=3).run(loss, trials=5)

    study.run(loss, more=8, fixed={"kernel": "poly", "rate": 0.02})
    study.run(loss, more=5)

    held, after = study.results[5:13], study.results[13:]
    assert {(r.params["kernel"], r.params["rate"]) for r in held} == {("poly", 0.02)}
    assert len({r.params["degree"] for r in held}) > 1
    assert len({r.params["rate"] for r in after}) == 5


def test_a_fixed_child_has_its_value_where_it_is_active():
    study = Study(SPACE, sampler="random", seed=3).run(loss, trials=30, fixed={"degree": 4})

    kernels = {r.params["kernel"] for r in study.results}
    assert kernels == {"linear", "rbf", "poly"}
    assert all(r.params.get("degree", 4) == 4 for r in study.results)
    assert any("degree" in r.params for r in study.results)


def test_ask_takes_fixed_values_for_these_trials_only():
    study = Study(SPACE, sampler="random", seed=3)

    held, free = study.ask(4, fixed={"solver": "p", "rate": 0.02}), study.ask(4)

    assert {t.params["rate"] for t in held} == {0.02}
    assert 0.02 not in {t.params["rate"] for t in free}


@pytest.mark.parametrize(
    ("fixed", "words"),
    [
        ({"kernel": "linear", "degree": 3}, "'degree' is never active while 'kernel' is 'linear'"),
        ({"kernel": "rbf", "coef": 2.5}, "'coef' is never active while 'kernel' is 'rbf'"),
        ({"degree": 2, "coef": 2.5}, "'coef' is never active while 'degree' is 2"),
        ({"kernel": "rbf", "solver": "q"}, "forbidden together, by {'kernel': 'rbf'"),
        ({"kernal": "rbf"}, "Did you mean 'kernel'"),
        ({"rate": 2}, "outside the range"),
    ],
)
def test_values_that_cannot_be_kept_are_an_error_before_anything_runs(fixed, words):
    study = Study(SPACE, sampler="random")
    for call in (lambda: study.run(loss, trials=3, fixed=fixed), lambda: study.ask(fixed=fixed)):
        with pytest.raises(SpaceError, match=words):
            call()

    assert len(study) == 0


def test_a_run_ends_when_all_points_with_the_fixed_values_were_tried():
    space = Space(a=Int(1, 4), b=Int(2, 6))
    study = Study(space, sampler="random", seed=1)

    study.run(lambda t: t.params["b"], trials=50, fixed={"a": 3})

    assert sorted(r.params["b"] for r in study.results) == [2, 3, 4, 5, 6]
    assert "all 5 points were tried" in study.ended
    study.run(lambda t: t.params["b"], trials=50)
    assert len(study) == 20


def test_queued_configurations_keep_what_they_say_and_get_the_fixed_value_else():
    study = Study(SPACE, sampler="random")
    study.enqueue({"kernel": "linear", "rate": 0.3})
    study.enqueue({"kernel": "linear"})

    study.run(loss, trials=2, fixed={"rate": 0.02})

    assert [r.params["rate"] for r in study.results] == [0.3, 0.02]


def test_the_value_is_kept_where_the_space_is_defined_by_running():
    def objective(trial):
        x, kind = trial.float("x", -3, 9), trial.choice("kind", "a", "b")
        return x**2 + (kind == "b")

    study = Study(sampler="random", seed=1).run(objective, trials=4, fixed={"kind": "b"})
    study.run(objective, more=4, fixed={"x": 2.5})

    assert {r.params["kind"] for r in study.results[:4]} == {"b"}
    assert {r.params["x"] for r in study.results[4:]} == {2.5}


def test_a_study_that_is_killed_goes_on_as_a_whole_one(tmp_path):
    whole = Study(SPACE, sampler="tpe", seed=3).run(loss, trials=12, fixed={"solver": "p"})
    for n in (3, 7, 12):
        with Study(SPACE, sampler="tpe", seed=3, store=tmp_path / "a.db") as part:
            part.run(loss, trials=n, fixed={"solver": "p"})

    assert [r.params for r in part.results] == [r.params for r in whole.results]
