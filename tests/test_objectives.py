import pytest

from luthier.objectives import Constraint, Objective


@pytest.mark.parametrize(
    ("least", "value", "excess"),
    [(False, 12.5, 2.5), (False, 10.0, 0.0), (False, 7.0, -3.0), (True, 7.0, 3.0), (True, 12, -2)],
)
def test_excess_is_above_0_exactly_where_the_bound_is_broken(least, value, excess):
    assert Constraint("ms", least, 10.0).excess(value) == excess


def test_words_say_which_way():
    assert str(Constraint("ms", False, 10.0)) == "ms <= 10"
    assert str(Constraint("recall", True, 0.25)) == "recall >= 0.25"
    assert str(Objective("accuracy", maximize=True)) == "maximize accuracy"


def test_the_sign_turns_what_the_user_reads_into_a_loss_and_back():
    assert [Objective("x", maximize=up).sign * -3.5 for up in (True, False)] == [3.5, -3.5]
