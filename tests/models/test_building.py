"""Points build estimators, and names that mean nothing are refused."""

import pytest

from luthier.errors import SpaceError, StudyError
from luthier.models.building import AnyOf, check_names
from luthier.models.catalog import model
from luthier.space import Choice, Int, Space

TASKS = ("classification", "regression")


@pytest.mark.parametrize("task", TASKS)
def test_any_holds_every_default_under_its_prefix(task):
    chosen = model("any", task)
    space = chosen.space(task)

    for member in chosen.members:
        own = member.space(task).default()
        params = {"model": member.name, **{f"{member.name}__{k}": v for k, v in own.items()}}
        assert space.values(space.check(params)) == params
        assert chosen.chosen(params) == (member, own)
    assert space.default()["model"] == "boosting"


def test_a_misspelt_parameter_is_found_before_anything_runs():
    with pytest.raises(SpaceError, match="Did you mean 'max_depth'"):
        check_names(model("forest", "regression"), Space(max_dept=Int(2, 9)), "regression", ())


def test_a_users_space_may_speak_the_librarys_words():
    space = Space(max_depth=Int(2, 9), criterion=Choice("poisson", "squared_error"))
    chosen = model("forest", "regression")

    check_names(chosen, space, "regression", ())
    built = chosen.build({"max_depth": 4, "criterion": "poisson"}, "regression")

    assert (built.max_depth, built.criterion, built.max_features) == (4, "poisson", 1.0)


def test_parameters_that_the_library_refuses_are_named():
    chosen = model("forest", "regression")

    with pytest.raises(StudyError, match="does not accept"):
        chosen.build({"depth": 4}, "regression")


def test_layers_become_the_sizes_of_the_network():
    chosen = model("mlp", "classification")

    built = chosen.build({"layers": 2, "units_1": 31, "units_2": 9}, "classification")

    assert built.hidden_layer_sizes == (31, 9)
    assert isinstance(model("any", "regression"), AnyOf)
