import math
import pickle

import numpy as np
import pytest

from luthier import Choice, Float, Int, Space, Study
from luthier.errors import NothingFinished, StudyError
from luthier.history import History
from luthier.importance import Importance, importance
from luthier.testing import history

ADDITIVE = Space({f"x{i}": Float(2, 7) for i in range(4)}, c=Choice("a", "b", "c"), k=3)
ISHIGAMI = Space({f"x{i}": Float(-math.pi, math.pi) for i in range(3)})
CONDITIONAL = Space(kind=Choice("u", "v"), C=Float(1, 3), g=Float(-1, 5, when={"kind": "v"}))


def additive(p):
    return 4 * p["x0"] + 2 * p["x1"] + p["x2"] + {"a": 0, "b": 5, "c": 10}[p["c"]]


def ishigami(p):
    """Ishigami and Homma (1990), a = 7, b = 0.1."""
    return math.sin(p["x0"]) * (1 + 0.1 * p["x2"] ** 4) + 7 * math.sin(p["x1"]) ** 2


def conditional(p):
    return 3 * p["C"] + (1.5 * p["g"] if p["kind"] == "v" else 9)


def exact(parts):
    whole = sum(parts.values())
    return {name: part / whole for name, part in parts.items()}


# A uniform number of range r has the variance r^2 / 12.
SHARES = {
    "additive": exact(
        {"x0": 16 * 25 / 12, "x1": 4 * 25 / 12, "x2": 25 / 12, "x3": 0, "c": np.var([0, 5, 10])}
    ),
    "ishigami": exact(
        {
            "x0": 0.5 * (1 + 0.1 * math.pi**4 / 5) ** 2,
            "x1": 7**2 / 8,
            "x2": 0,
            ("x0", "x2"): 0.1**2 * math.pi**8 * 8 / 225,
        }
    ),
    # The mean is 9 or 3 by kind; g varies in half of the trials.
    "conditional": exact({"kind": 9, "C": 9 * 4 / 12, "g": 0.5 * 1.5**2 * 36 / 12}),
}
CASES = {
    "additive": (ADDITIVE, additive),
    "ishigami": (ISHIGAMI, ishigami),
    "conditional": (CONDITIONAL, conditional),
}


def seen(space, value, n, seed=3, states=(), **more) -> History:
    params = space.decode(space.sample(n, np.random.default_rng(seed)))
    return history(space, params, [value(p) for p in params], states, seed=seed, **more)


@pytest.fixture(scope="module")
def told():
    return {
        name: importance(seen(space, value, 300), pairs=name == "ishigami")
        for name, (space, value) in CASES.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_shares_agree_with_those_by_the_formula_within_their_intervals(told, name):
    got, want = told[name], SHARES[name]

    assert {each: got[each] for each in want} == pytest.approx(want, abs=0.08)
    for part in got.parts:
        if part.name in want:
            assert part.low - 0.01 <= want[part.name] <= part.high + 0.01, part
            assert part.low <= part.share <= part.high


def test_two_that_act_together_are_told_from_two_that_do_not(told):
    got = told["ishigami"]

    assert got["x2", "x0"] == got["x0", "x2"] > 0.15
    assert max(got["x0", "x1"], got["x1", "x2"]) < 0.05


def test_what_switches_a_parameter_on_is_its_parents_part(told):
    assert told["conditional"]["kind"] > 2 * told["conditional"]["g"] > 0.3


def test_parameters_with_one_value_are_left_out(told):
    assert set(told["additive"]) == {"x0", "x1", "x2", "x3", "c"}


def test_the_model_says_how_good_it_is(told):
    noise = np.random.default_rng(1)
    blind = importance(seen(ADDITIVE, lambda p: noise.standard_normal(), 60))

    assert told["additive"].explained > 0.9
    assert blind.explained < 0.2
    assert "too little to rely on" in repr(blind)
    assert "too little to rely on" not in repr(told["additive"])


@pytest.mark.slow
@pytest.mark.parametrize("d", [50, 100])
def test_five_that_matter_are_found_among_many(d):
    space = Space({f"x{i}": Float(-3, 9) for i in range(d)})
    matter = [f"x{i}" for i in (3, 8, 21, 34, 47)]
    noise = np.random.default_rng(1)

    def value(p):
        u = [(p[name] + 3) / 12 for name in matter]
        told = 9 * (u[0] - 0.3) ** 2 + 2 * u[1] + math.sin(6 * u[2]) + 3 * abs(u[3] - 0.6)
        return told + 3 * u[4] * u[0] + 0.1 * noise.standard_normal()

    got = importance(seen(space, value, 200))

    assert set(list(got)[:5]) == set(matter)


@pytest.mark.parametrize("method", ["fanova", "ped-anova"])
def test_what_does_not_matter_gets_next_to_nothing(method):
    got = importance(seen(ADDITIVE, additive, 200), method)

    assert next(iter(got)) == "x0"
    assert got["x3"] < got["x0"] / 5


def test_ped_anova_tells_what_sets_the_best_apart():
    """Kind decides between bad and worse; among the best there is only one kind, and x."""
    space = Space(kind=Choice("u", "v", "w"), x=Float(-3, 9), y=Float(2, 7))

    got = importance(seen(space, lambda p: abs(p["x"] - 1) + (p["kind"] == "u"), 200), "ped-anova")

    assert next(iter(got)) == "x"
    assert got["x"] > 0.5 > got["y"]
    assert math.isnan(got.explained)


def test_the_same_log_gives_the_same_shares():
    one, other = (importance(seen(CONDITIONAL, conditional, 40)) for _ in range(2))

    assert one == other
    assert pickle.loads(pickle.dumps(one)).parts == one.parts


def test_units_and_signs_of_the_objective_do_not_matter():
    one = importance(seen(CONDITIONAL, conditional, 60))
    scaled = importance(seen(CONDITIONAL, lambda p: 64 * conditional(p), 60))
    turned = importance(seen(CONDITIONAL, lambda p: -conditional(p), 60))

    assert dict(scaled) == pytest.approx(dict(one), abs=1e-9)
    assert dict(turned) == pytest.approx(dict(one), abs=0.04)  # options come in another order


def test_a_loss_that_diverged_does_not_hide_the_others():
    params = CONDITIONAL.decode(CONDITIONAL.sample(80, np.random.default_rng(3)))
    losses = [1e300 if i == 7 else conditional(p) for i, p in enumerate(params)]

    got = importance(history(CONDITIONAL, params, losses))

    assert got["C"] > 0.03


def test_equal_losses_leave_nothing_to_share():
    got = importance(seen(CONDITIONAL, lambda p: -2.5, 20))

    assert set(got.values()) == {0.0}


@pytest.mark.parametrize("method", ["fanova", "ped-anova"])
def test_rows_from_before_the_space_changed_are_survived(method):
    before = Space(x=Float(-3, 9), a=Choice("u", "v", "w"))
    past = seen(before, lambda p: p["x"], 40)
    past.dress(before.grow(x=Float(-1, 20), a=Choice("w", "u"), y=Int(1, 5, when={"a": "w"})))

    got = importance(past, method)

    assert next(iter(got)) == "x"


# -- ends of ranges --------------------------------------------------------------------------------


def test_an_end_that_the_best_trials_lie_at_is_named():
    space = Space(x=Float(-3, 9), n=Int(1, 8), y=Float(0.1, 0.7))
    crowded = [{"x": 9 - i**2 / 900, "n": 1 + i % 8, "y": 0.3} for i in range(100)]

    x = importance(history(space, crowded, [-p["x"] for p in crowded]))
    n = importance(seen(space, lambda p: p["n"], 200))

    assert len(x.pressed) == len(n.pressed) == 1
    assert x.pressed[0].startswith("x: 10 of the 10 best trials lie at the upper end of its range")
    assert "lower end of its range, 1." in n.pressed[0]
    assert x.pressed[0] in repr(x)


def test_a_best_in_the_middle_is_not_named():
    got = importance(seen(ADDITIVE, lambda p: (p["x0"] - 4) ** 2, 100))

    assert got.pressed == ()


# -- the result ------------------------------------------------------------------------------------


def test_it_is_a_mapping_sorted_by_share_that_prints_as_a_table(told):
    got = told["additive"]

    assert isinstance(got, Importance)
    assert list(got.values()) == sorted(got.values(), reverse=True)
    assert len(got) == 5
    lines = repr(got).splitlines()
    assert "from 300 trials" in lines[0]
    assert lines[1].split()[0] == "x0"
    assert f"{got['x0']:.0%}" in lines[1]
    with pytest.raises(KeyError):
        got["nothing"]


def test_it_becomes_a_frame(told):
    frame = told["ishigami"].frame()

    assert list(frame) == ["name", "share", "low", "high", "trials"]
    assert "x0 × x2" in list(frame["name"])


def test_trials_are_counted_where_the_parameter_is_active(told):
    trials = {part.name: part.trials for part in told["conditional"].parts}

    assert trials["C"] == 300
    assert 110 < trials["g"] < 190  # half of them, give or take 4 standard deviations


def test_of_several_objectives_one_is_told():
    params = CONDITIONAL.decode(CONDITIONAL.sample(40, np.random.default_rng(3)))
    past = history(CONDITIONAL, params, [(conditional(p), p["C"]) for p in params], objectives=2)

    assert importance(past).objective == "loss"
    assert next(iter(importance(past, objective="loss_1"))) == "C"
    with pytest.raises(StudyError, match=r"Give one of loss, loss_1"):
        importance(past, objective="los")


def test_the_study_tells_it():
    study = Study(CONDITIONAL, sampler="random", seed=2)
    study.run(lambda trial: conditional(trial.params), trials=30)

    assert study.importance() == importance(study.history)
    assert study.importance("ped-anova").method == "ped-anova"


# -- errors ----------------------------------------------------------------------------------------


def test_too_few_trials_are_an_error_that_says_how_many_it_takes():
    past = seen(ADDITIVE, additive, 15, states=["DONE"] * 9 + ["FAILED"] * 6)

    with pytest.raises(NothingFinished, match=r"9 trials .* at least 10"):
        importance(past)


def test_an_unknown_method_and_pairs_without_a_model_are_errors():
    past = seen(ADDITIVE, additive, 15)

    with pytest.raises(StudyError, match="Give one of fanova, ped-anova"):
        importance(past, "fannova")
    with pytest.raises(StudyError, match="Drop one of the two"):
        importance(past, "ped-anova", pairs=True)
