"""What users write for a parameter, and what they are told where it is none."""

import numpy as np
import pytest
from spaces import relu, rows

from luthier.errors import SpaceError
from luthier.parameters import Float, Int
from luthier.space import Space


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Space([Float(2, 3)]), r"expected a dict from names to parameters"),
        (lambda: Space({3: Float(2, 3)}), r"name must be a string.*got 3"),
        (lambda: Space({"": Float(2, 3)}), r"must be a string that is not empty"),
        (lambda: Space(a=[2, 3]), r"a: got a list.*Write Choice\(\*options\)"),
        (lambda: Space(a=(2, 3)), r"a: got a tuple.*Write Int\(2, 3\) for a range, Choice"),
        (lambda: Space(a=(2, 0.5)), r"Write Float\(2, 0.5\) for a range"),
        (lambda: Space(a=(2, "b")), r"a: got a tuple.*Write Choice\(\*options\)"),
        (lambda: Space(a=Float), r"a: got the class Float itself"),
        (lambda: Space(a=relu), r"a: expected Float, Int, Choice or a constant, got relu"),
        (lambda: Space(forbid=Float(2, 3)), r"Space\(\{\"forbid\": ...\}\)"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_explained(make, message):
    with pytest.raises(SpaceError, match=message):
        make()


def test_a_scipy_distribution_as_a_parameter_names_the_converter():
    from scipy.stats import loguniform

    with pytest.raises(SpaceError, match=r"a: got a SciPy distribution. Use Space.from_sklearn"):
        Space(a=loguniform(1e-3, 5))


def test_plain_values_are_constants():
    space = Space(a=3, b=2.5, c="word", d=None, e=True, f=np.int64(7), x=Int(2, 4))

    params = space.decode(rows(space, 1))[0]

    assert {**params, "x": 0} == {
        "a": 3,
        "b": 2.5,
        "c": "word",
        "d": None,
        "e": True,
        "f": 7,
        "x": 0,
    }
    assert type(params["f"]) is int
    assert space.size == 3
