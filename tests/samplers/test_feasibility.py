import numpy as np
import pytest

from luthier import Choice, Float, Space, Study
from luthier.observed import embedding
from luthier.samplers.feasibility import Feasibility

SPACE = Space(x=Float(-3, 9), a=Choice("u", "v"))


def cost(params):
    """Keeps to 2 where x is at most 2, or at most 0 with the option v."""
    return params["x"] + 2 * (params["a"] == "v")


def study(n, bound="<= 2", unit=1.0):
    made = Study(SPACE, constraints={"cost": bound}, sampler="random", seed=1)
    return made.run(lambda t: {"loss": t.params["x"] ** 2, "cost": unit * cost(t.params)}, trials=n)


def chances(made, points):
    measured = embedding(SPACE)
    return np.exp(Feasibility(measured, made.history)(measured(SPACE.encode(points))))


def test_points_within_and_beyond_a_bound_are_told_apart():
    made = study(30)
    inside = [{"x": x, "a": a} for x, a in ((1.0, "u"), (-2.0, "u"), (-1.5, "v"), (1.5, "u"))]
    outside = [{"x": x, "a": a} for x, a in ((3.0, "u"), (8.0, "u"), (1.0, "v"), (6.0, "v"))]

    assert (chances(made, inside) > 0.9).all()
    assert (chances(made, outside) < 0.1).all()


@pytest.mark.slow
def test_units_of_the_metric_do_not_matter():
    points = [{"x": x, "a": "u"} for x in np.linspace(-3, 9, 25)]

    np.testing.assert_allclose(
        chances(study(20), points), chances(study(20, "<= 2e6", 1e6), points), atol=0.02
    )


def test_chances_of_several_constraints_multiply():
    made = Study(SPACE, constraints={"p": "<= 2", "q": ">= 0"}, sampler="random", seed=1)
    made.run(lambda t: {"loss": 0.0, "p": t.params["x"], "q": t.params["x"]}, trials=25)

    within, below, above = chances(made, [{"x": x, "a": "u"} for x in (1.0, -2.0, 5.0)])
    assert within > 0.9
    assert max(below, above) < 0.1


def test_where_every_trial_was_the_same_nothing_breaks():
    made = Study(SPACE, constraints={"cost": "<= 2"}, sampler="gp", seed=1)
    made.run(lambda t: {"loss": t.params["x"] ** 2, "cost": 5.0}, trials=12)

    assert len(made.history) == 12
    assert not made.best.feasible


def test_the_process_goes_along_the_bound():
    """The best within the bound lies on it: at x = 2, where a is u."""
    made = Study(SPACE, constraints={"cost": "<= 2"}, sampler="gp", seed=1)
    made.run(lambda t: {"loss": (t.params["x"] - 6) ** 2, "cost": cost(t.params)}, trials=30)

    assert made.best.feasible
    assert 1.8 < made.best.params["x"] <= 2.0
    assert made.best.params["a"] == "u"
