"""What tells data, candidates and searches apart."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler

from luthier import Float, Space, Study
from luthier.errors import StudyError
from luthier.sklearn.fingerprints import check, digest, key

X, Y = load_iris(return_X_y=True)
X, Y = X[::2], Y[::2]


def test_candidates_have_names_that_stay():
    """By what they hold; the order of names does not matter."""
    assert key({"a": 1, "b": StandardScaler()}) == key({"b": StandardScaler(), "a": 1})
    assert key({"a": 1}) != key({"a": 1.0})
    assert key({"a": 1}) != key({"b": 1})
    assert key({"a": lambda x: x})  # what cannot be pickled has a name too


def test_data_have_names_that_tell_them_apart():
    """Values, types and shapes; not the memory that they are in."""
    names = [
        digest(data)
        for data in (X, X[:-1], X.astype("f4"), X.T, sp.csr_matrix(X), X.tolist(), Y, None)
    ]
    assert len(set(names)) == len(names)
    assert digest(X) == digest(np.asfortranarray(X)) == digest(X.copy())
    changed = X.copy()
    changed[3, 1] += 1e-9
    assert digest(changed) != digest(X)
    assert digest(np.array(["a", None], dtype=object)) == digest(np.array(["a", None], object))


def test_another_search_is_refused():
    """Each difference is named; shuffled folds get a hint."""
    made = Study(Space(a=Float(-3, 9)), sampler="random")
    check(made, {"search": "A", "data": "1", "folds": "x"})
    check(made, {"search": "A", "data": "1", "folds": "x"})
    with pytest.raises(StudyError, match=r"another search and other data\. Give study="):
        check(made, {"search": "B", "data": "2", "folds": "x"})
    with pytest.raises(StudyError, match="shuffles a random_state"):
        check(made, {"search": "A", "data": "1", "folds": "y"})
