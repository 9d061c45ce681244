"""Spaces as plain data: the JSON round trip, and objects that only a script brings back."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.svm import SVC
from spaces import PLAIN, relu

from luthier.errors import SpaceError
from luthier.parameters import Choice, Float, Int, Label
from luthier.space import Space


def there_and_back(space):
    return Space.from_json(json.loads(json.dumps(space.to_json())))


# -- round trip -----------------------------------------------------------------------------------


@pytest.mark.parametrize("make", PLAIN)
def test_a_space_comes_back_equal_from_json(make):
    space = make()

    again = there_and_back(space)

    assert again == space
    assert again.to_json() == space.to_json()
    assert again.names == space.names


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=4)
options = scalars | st.floats(allow_nan=False, allow_infinity=False)
options = options | st.lists(options, max_size=2) | st.dictionaries(st.text(max_size=2), options)


@given(st.lists(options, min_size=1, max_size=6, unique_by=repr), st.booleans())
def test_any_plain_options_come_back_with_their_types(given_options, ordered):
    try:
        choice = Choice(*given_options, ordered=ordered, default=given_options[-1])
    except SpaceError:  # 0.0 and -0.0 are the same, and a lone list is taken for a mistake
        return
    space = Space(x=choice)

    again = there_and_back(space)

    assert repr(again) == repr(space)
    assert again == space


@given(st.floats(1e-9, 1e9), st.floats(0, 1e9), st.booleans(), st.none() | st.floats(1e-2, 50))
def test_any_number_comes_back_exactly(low, width, log, step):
    space = Space(x=Float(low, low + width, log=log, step=step), n=Int(-7, 3 + int(width)))

    again = there_and_back(space)

    assert again == space
    x = space.snap(np.full((1, 2), 0.37))
    assert again.decode(x) == space.decode(x)


@pytest.mark.slow
def test_the_order_of_a_set_does_not_reach_the_log():
    code = (
        "from luthier.space import *; import json\n"
        "s = Space(a=Choice(*'xyzuvw', frozenset('pqrst')), n=Int(2, 3, when={'a': {*'xyzu'}}),"
        " forbid=[{'a': {*'xyzu'}, 'n': 2}])\n"
        "print(json.dumps(s.to_json()))"
    )

    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }

    assert len(said) == 1


# -- objects that are not stored ------------------------------------------------------------------


def objects():
    other = lambda x: -x  # noqa: E731
    return Space(
        f=Choice(relu, lambda x: x, other, None, default=other),
        svc=Choice(SVC(C=2), SVC(C=2), np.array([3, 4])),
        n=Int(3, 9, when={"f": [relu, other]}),
        forbid=[{"f": other, "n": [4, 5]}],
    ).forbid(odd=lambda p: p.get("n", 0) == 9)


def test_options_that_json_cannot_hold_are_shown_by_label():
    again = there_and_back(objects())

    assert again.without_values()
    assert not objects().without_values()
    assert again["f"].options[0] == Label("relu")
    assert again["f"].labels == objects()["f"].labels
    assert again["f"].default == again["f"].options[2]
    assert again["svc"].labels == ("SVC(C=2)", "SVC(C=2) (SVC)", "array([3, 4])")
    assert "<relu>" in repr(again)


def test_a_space_known_by_labels_reads_the_log():
    space = objects()
    raw = space.check({"f": relu, "svc": space["svc"].options[1], "n": 8})

    again = there_and_back(space)

    assert again.labels(raw) == space.labels(raw)
    assert again.values(raw) == {"f": Label("relu"), "svc": Label("SVC(C=2) (SVC)"), "n": 8}
    np.testing.assert_array_equal(again.rows([raw]), space.rows([raw]))
    assert again.to_json() == space.to_json()


def test_the_script_brings_the_objects_back():
    space, script = objects(), objects()
    stored = there_and_back(space)

    for again in (stored.adopt(script), stored.dressed(script)):
        assert not again.without_values()
        assert again["f"].options == script["f"].options
        assert again["f"].ids == space["f"].ids
        assert again["f"].default is script["f"].default
        assert again.to_json() == space.to_json()
        assert again.check({"f": relu, "svc": script["svc"].options[0], "n": 3})["n"] == 3
        with pytest.raises(SpaceError, match="forbidden by 'odd'"):
            again.check({"f": relu, "svc": script["svc"].options[0], "n": 9})


def test_a_lost_rule_says_what_to_give_again():
    again = there_and_back(Space(n=Int(3, 9)).forbid(odd=lambda p: p["n"] % 2))

    assert again.without_values()
    assert "odd" in repr(again)
    with pytest.raises(
        SpaceError, match=r"forbid 'odd': its function is not stored.*forbid\(odd=..."
    ):
        again.sample(2, np.random.default_rng(3))


def test_rules_and_clauses_keep_their_order():
    space = Space(n=Int(3, 9), forbid=[{"n": 4}, relu_rule, {"n": 5}])

    assert there_and_back(space).to_json()["forbid"] == [{"n": [4]}, "relu_rule", {"n": [5]}]


def relu_rule(params):
    return params["n"] > 8


def test_data_of_another_shape_is_refused():
    with pytest.raises(SpaceError, match="must be a table of parameters, got 3"):
        Space.from_json(3)
