"""Space as a whole: read like a mapping, compared, shown and left as it was."""

import pickle

import numpy as np
import pytest
from spaces import mixed, rows, same_rows, svm

from luthier.errors import SpaceError
from luthier.parameters import Choice, Float, Int
from luthier.space import Space


def test_keys_are_equal_exactly_when_the_parameters_are():
    space = Space(a=Choice(1, 1.0, True, None), b=Float(2, 5))
    raws = [space.check({"a": a, "b": b}) for a in (1, 1.0, True, None) for b in (2.5, 3)]

    assert len({space.key(raw) for raw in raws}) == len(raws)
    assert space.key(raws[0]) == space.key(space.check({"b": 2.5, "a": 1}))


def test_a_space_without_parameters_has_one_empty_point():
    space = Space()

    assert rows(space, 3).shape == (3, 0)
    assert space.decode(rows(space, 3)) == [{}, {}, {}]
    assert space.encode([{}, {}]).shape == (2, 0)
    assert space.repair(np.empty((2, 0))).shape == (2, 0)
    assert space.onehot(np.empty((2, 0))).shape == (2, 0)
    assert space.size == 1
    assert repr(space) == "Space()"


def test_no_rows_go_through_everything():
    space = mixed()
    X = np.empty((0, len(space)))

    assert space.decode(X) == space.decode([]) == []
    assert space.encode([]).shape == space.repair(X).shape == space.snap(X).shape == X.shape
    assert space.rows([]).shape == X.shape
    assert space.onehot(X).shape[0] == 0


def test_arrays_and_dicts_that_are_given_are_not_changed():
    space = mixed()
    X = np.random.default_rng(6).normal(0.5, 1, (20, len(space)))
    X[3:5] = np.nan
    params, raw = {"size": 9, "rate": 0.3}, {"size": 9}
    before = X.copy()

    for act in (
        space.decode,
        space.repair,
        space.snap,
        space.fill,
        space.onehot,
        space.active,
        space.allowed,
    ):
        act(X)
    space.encode([params])
    space.complete(raw, np.random.default_rng(1))

    assert same_rows(X, before)
    assert params == {"size": 9, "rate": 0.3}
    assert raw == {"size": 9}


def test_a_space_is_read_like_a_mapping():
    space = svm()

    assert len(space) == 4
    assert list(space) == list(space.names) == ["C", "kernel", "gamma", "degree"]
    assert "C" in space
    assert "c" not in space
    assert space["degree"] == Int(2, 5, when={"kernel": "poly"})
    assert dict(space.items())["C"] == Float(1e-3, 1e3, log=True)
    with pytest.raises(SpaceError, match=r"no parameter 'gama'. Did you mean 'gamma'"):
        space["gama"]


def test_equal_spaces_are_equal_and_hash_alike():
    assert mixed() == mixed()
    assert hash(mixed()) == hash(mixed())
    assert mixed() != svm()
    assert svm() != svm().forbid({"degree": 4})
    assert svm() != 3
    child = Int(2, 5, when={"a": 1})
    other = Int(2, 5, when={"a": True})
    assert Space(a=Choice(1, True), b=child) != Space(a=Choice(1, True), b=other)


def test_a_space_survives_pickling():
    space = svm().forbid({"kernel": "poly", "degree": 5})

    again = pickle.loads(pickle.dumps(space))

    assert again == space
    assert same_rows(rows(again), rows(space))


def test_names_that_are_no_identifiers_go_into_a_dict():
    space = Space({"svc__C": Float(2, 9), "a b": Int(3, 4)}, lr=Float(3, 5))

    assert space.names == ("svc__C", "a b", "lr")
    assert eval(repr(space)) == space


def test_repr_is_what_one_would_type_and_shows_what_is_forbidden():
    assert eval(repr(svm())) == svm()
    text = repr(svm().forbid({"kernel": "poly", "degree": [4, 5]}, odd=lambda p: False))
    assert "# forbidden: {'kernel': 'poly', 'degree': 4 or 5}; odd" in text
