import math

import numpy as np
import pytest

from luthier import Choice, Float, Int, Space, Study
from luthier.samplers import GP, TPE, Auto
from luthier.space.usual import beliefs, usual

NETWORK = {
    "lr": Float(1e-5, 1.0, log=True),
    "batch_size": Int(8, 512, log=True),
    "n_units_l0": Int(16, 400),
    "dropout_2": Float(0.0, 0.7),
    "weird": Float(-3, 9),
}


def told(space):
    """Usual values by name, as the parameters give them."""
    return {name: space[name].value(space[name].from_unit(u)) for name, u in space.usual.items()}


def test_a_network_begins_with_what_its_parameters_usually_are():
    got = told(Space(NETWORK))

    assert got == {
        "lr": pytest.approx(1e-3),
        "batch_size": 32,
        "n_units_l0": 128,
        "dropout_2": pytest.approx(0.2),
    }


@pytest.mark.parametrize(
    ("company", "rate"),
    [
        ({"batch_size": Int(8, 512)}, 1e-3),
        ({"batch_size": Int(8, 512), "momentum": Float(0.1, 0.99)}, 1e-2),
        ({"n_estimators": Int(7, 900)}, 0.1),
        ({"x": Float(-3, 9)}, None),
    ],
)
def test_the_company_says_what_a_learning_rate_is(company, rate):
    got = told(Space({"net__learning_rate": Float(1e-6, 2.0, log=True), **company}))

    assert got.get("net__learning_rate") == (None if rate is None else pytest.approx(rate))


def test_depth_is_another_one_for_trees_than_for_networks():
    depth = Int(1, 20)

    assert told(Space(depth=depth, lr=Float(0.01, 0.5), subsample=Float(0.1, 1)))["depth"] == 6
    assert told(Space(depth=depth, lr=Float(0.01, 0.5), units=Int(2, 300)))["depth"] == 2
    assert "depth" not in told(Space(depth=depth))


@pytest.mark.parametrize(
    "p",
    [
        Float(40, 90),  # 32 is not in it
        Int(2, 16, default=4),
        Int(2, 90, likely=(2, 9)),
        Choice("small", "large"),
        Choice(8, "many"),
        Choice(64, 128),
    ],
)
def test_nothing_is_usual_where_something_else_is_said_or_it_is_not_there(p):
    assert not Space(batch_size=p).usual


def test_options_are_words_or_the_nearest_number():
    space = Space(
        batch_size=Choice(8, 24, 40, 300, ordered=True),
        optimizer=Choice("sgd", "AdamW", "lion"),
        momentum=Choice(0.1, 0.95),
    )

    assert told(space) == {"batch_size": 40, "optimizer": "AdamW", "momentum": 0.95}
    # Words are no place on a scale, nor are numbers without order.
    assert list(beliefs(space.items())) == [0]


def test_names_are_read_without_prefix_and_number():
    known = ["svc__C", "a.momentum", "beta_1", "n_units_12", "units3", "layers/dropout_l2"]

    found = usual([(name, Float(1e-3, 900)) for name in [*known, "x1", "3"]])

    assert sorted(found) == [0, 1, 2, 3, 4, 5]


def test_a_usual_value_is_a_number_of_the_space():
    space = Space(n_estimators=Int(10, 1000, log=True), n_neighbors=Int(1, 41, step=7))

    assert told(space)["n_estimators"] == 100
    assert (told(space)["n_neighbors"] - 1) % 7 == 0


def test_draws_around_it_hold_two_thirds_within_a_fifth_of_the_range():
    space = Space(NETWORK)
    X = space.sample(2000, np.random.default_rng(5), usual=True)

    near = np.abs(X[:, 0] - space.usual["lr"]) < 0.2
    assert 0.6 < near.mean() < 0.75
    assert abs(np.median(X[:, 4]) - 0.5) < 0.05  # of "weird" nothing is known


NAMES = ["auto", "cmaes", "differential", "forest", "genetic", "gp", "tpe"]


@pytest.mark.parametrize("name", NAMES)
def test_samplers_begin_with_it(name):
    study = Study(Space(NETWORK), sampler=name, seed=3)

    params = study.ask(1)[0].params

    assert params["lr"] == pytest.approx(1e-3)
    assert (params["batch_size"], params["n_units_l0"]) == (32, 128)


@pytest.mark.parametrize("sampler", [Auto(usual=False), GP(usual=False), TPE(usual=False)])
def test_they_can_be_told_not_to(sampler):
    named = Study(Space(NETWORK), sampler=sampler, seed=3)
    plain = Study(
        Space({f"x{i}": p for i, p in enumerate(NETWORK.values())}), sampler=type(sampler)(), seed=3
    )

    for _ in range(9):
        (one,), (other,) = named.ask(), plain.ask()
        assert list(one.params.values()) == list(other.params.values())
        for study, trial in ((named, one), (plain, other)):
            study.tell(trial, math.log(next(iter(trial.params.values()))) ** 2)


def test_the_default_configuration_comes_before_it():
    space = Space(lr=Float(1e-5, 1.0, log=True, default=0.3), units=Int(2, 300, default=7))

    assert Study(space, seed=3).ask(1)[0].params == {"lr": 0.3, "units": 7}


def test_the_middle_of_what_is_unknown_comes_with_it():
    assert Study(Space(NETWORK), seed=3).ask(1)[0].params["weird"] == 3.0


def test_explain_names_it():
    assert "lr, batch_size, n_units_l0 and 1 more" in Study(Space(NETWORK)).explain()
    assert "the centre" in Study(Space(x=Float(-3, 9))).explain()


def test_what_is_conditional_begins_with_it_in_its_branch():
    space = Space(
        model=Choice("svm", "trees"),
        C=Float(1e-3, 1e3, log=True, when={"model": "svm"}),
        n_estimators=Int(10, 1000, log=True, when={"model": "trees"}),
    )
    study = Study(space, seed=3)

    first = {}
    for trial in study.ask(5):
        first.setdefault(trial.params["model"], trial.params)

    assert first["svm"]["C"] == pytest.approx(1.0)
    assert first["trees"]["n_estimators"] == 100


def test_a_space_defined_by_running_begins_with_its_second_trial():
    def objective(trial):
        seen.append(trial.float("lr", 1e-5, 1.0, log=True))
        return abs(trial.int("batch_size", 8, 512) - 100) + trial.float("weird", -3, 9)

    seen = []
    study = Study(seed=5).run(objective, trials=2)

    assert seen[1] == pytest.approx(1e-3)
    assert study.history.params(1)["batch_size"] == 32
    assert study.history.params(1)["weird"] == 3.0
