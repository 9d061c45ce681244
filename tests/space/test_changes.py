"""Spaces that grow, are fixed, lose parameters or meet their script again."""

import numpy as np
import pytest
from sklearn.svm import SVC
from spaces import mixed, relu, rows, same_rows, svm

from luthier.errors import SpaceError
from luthier.parameters import Choice, Float, Int, Label
from luthier.space import Space


def test_fix_leaves_one_value():
    space = svm().fix(kernel="poly", C=2).fix({"degree": 3})

    for params in space.decode(rows(space)):
        assert (params["kernel"], params["C"], params["degree"]) == ("poly", 2.0, 3)


def test_fixing_a_parent_switches_its_children():
    space = svm()

    assert all(list(p) == ["C", "kernel"] for p in space.fix(kernel="linear").decode(rows(space)))
    assert space.fix(kernel="poly").check({"C": 2, "gamma": 0.5, "degree": 3})["degree"] == 3
    layered = Space(n=Int(2, 5), child=Int(3, 9, when={"n": [4, 5]}))
    assert layered.fix(n=2).decode(np.array([[0.9, 0.5]])) == [{"n": 2}]
    assert layered.fix(n=2).size == 1


def test_fix_keeps_the_ids_that_trials_were_logged_with():
    space = svm()
    raw = space.check({"C": 2, "kernel": "poly", "gamma": 0.5, "degree": 3})

    assert space.fix(kernel="poly").values(raw)["kernel"] == "poly"
    assert space.fix(kernel="poly").rows([raw])[0, 1] == 0.5
    assert space.fix(kernel="rbf").rows([raw])[0, 1] > 1


def test_fix_explains_what_does_not_fit():
    with pytest.raises(SpaceError, match=r"'kernle' is not in the space. Did you mean 'kernel'"):
        svm().fix(kernle="rbf")
    with pytest.raises(SpaceError, match="degree: 9 is outside the range 2 to 5"):
        svm().fix(degree=9)
    with pytest.raises(SpaceError, match="none of the options"):
        svm().fix({"kernel": "cubic"})


def test_growing_keeps_every_earlier_trial():
    space = svm()
    raws = [space.raw(x) for x in rows(space)]

    grown = space.grow(
        C=Float(1e-4, 1e4, log=True),
        kernel=Choice("sigmoid", "poly", "rbf", "linear"),
        shrinking=Choice(True, False),
    )

    X = grown.rows(raws)
    assert np.isnan(X[:, -1]).all()
    assert ((X[:, :4] > 0) & (X[:, :4] < 1) | np.isnan(X[:, :4])).all()
    for raw, x in zip(raws, X, strict=True):
        assert grown.values(raw) == space.values(raw)
        assert grown.decode(x)[0] == pytest.approx(space.values(raw))


def test_a_narrower_range_keeps_trials_outside_the_cube():
    space = Space(lr=Float(1e-3, 5, log=True), n=Int(3, 90), r=Float(0.1, 0.9, step=0.1))
    raws = [
        space.check({"lr": 2e-3, "n": 80, "r": 0.9}),
        space.check({"lr": 0.5, "n": 7, "r": 0.4}),
    ]

    X = space.grow(lr=Float(0.1, 1), n=Int(5, 20), r=Float(0.3, 0.6, step=0.1)).rows(raws)

    assert X[0, 0] < 0
    assert (X[0, 1:] > 1).all()
    assert ((X[1] > 0) & (X[1] < 1)).all()


def test_a_removed_option_is_retired_and_gets_its_id_back():
    space = Space(a=Choice("x", "y", relu), n=Int(3, 9))
    old = space.check({"a": "y", "n": 4})

    without = space.grow(a=Choice("x", relu))
    again = without.grow(a=Choice(relu, "new", "y", "x"))

    assert without.rows([old])[0, 0] > 1
    assert without.values(old) == {"a": Label("y"), "n": 4}
    assert without.labels(old) == {"a": "y", "n": 4}
    assert again.values(old) == {"a": "y", "n": 4}
    assert again["a"].ids == (2, 3, 1, 0)
    assert again["a"].retired == ()


def test_reordered_options_keep_their_ids():
    space = Space(a=Choice("x", 1, 1.0, True, "1"))

    grown = space.grow(a=Choice("1", True, 1.0, 1, "x"))

    assert grown["a"].ids == (4, 3, 2, 1, 0)


def test_a_new_option_that_reads_like_an_old_one_is_still_new():
    space = Space(a=Choice("1", "x"))

    assert space.grow(a=Choice(1, "1", "x"))["a"].ids == (2, 0, 1)
    assert space.grow(a=Choice(1, "x"))["a"].ids == (2, 1)


def test_an_option_made_anew_is_known_by_its_label():
    space = Space(a=Choice(SVC(C=2), SVC(C=3)))

    assert space.grow(a=Choice(SVC(C=3), SVC(C=2), SVC(C=4)))["a"].ids == (1, 0, 2)


def test_conditions_outlive_the_options_and_values_they_name():
    space = svm().forbid({"kernel": "poly", "degree": 5})
    raw = space.check({"C": 2, "kernel": "poly", "gamma": 0.5, "degree": 3})

    grown = space.grow(kernel=Choice("linear", "rbf"))
    again = grown.grow(kernel=Choice("linear", "rbf", "poly"))

    assert np.isnan(rows(grown)[:, 3]).all()
    assert again.check(space.values(raw)) == raw
    with pytest.raises(SpaceError, match="forbidden"):
        again.check({"C": 2, "kernel": "poly", "gamma": 0.5, "degree": 5})
    narrow = Space(n=Int(2, 9), child=Int(3, 5, when={"n": [3, 8]})).grow(n=Int(2, 5))
    assert narrow.decode(np.array([[0.4, 0.5]])) == [{"n": 3, "child": 4}]


def test_a_typo_in_a_grown_condition_is_still_an_error():
    space = svm().grow(kernel=Choice("linear", "rbf"))

    with pytest.raises(SpaceError, match="none of the options"):
        space.grow(extra=Int(2, 5, when={"kernel": "poly"}))
    with pytest.raises(SpaceError, match="outside the range"):
        space.grow(extra=Int(2, 5, when={"degree": 9}))


def test_a_parameter_cannot_change_its_type():
    with pytest.raises(SpaceError, match=r"C: was Float.*is now Int.*Use another name"):
        svm().grow(C=Int(2, 9))
    with pytest.raises(SpaceError, match=r"cannot change its type"):
        svm().adopt(Space(kernel=Int(2, 9)))


def test_a_parent_cannot_become_continuous():
    space = Space(r=Float(0.1, 0.9, step=0.1), n=Int(3, 5), forbid=[{"r": 0.2, "n": 4}])

    with pytest.raises(SpaceError, match="'r' is continuous"):
        space.grow(r=Float(0.1, 0.9))


def test_adopting_a_later_script_keeps_ids_and_takes_its_rules():
    stored = Space(a=Choice("x", relu, "y"), n=Int(3, 9), gone=Choice("p", "q"))
    raw = stored.check({"a": "y", "n": 4, "gone": "q"})
    script = Space(n=Int(3, 20), a=Choice("y", "new", relu), forbid=[{"a": "new", "n": 4}])

    space = stored.adopt(script)

    assert space.names == ("n", "a")
    assert space["a"].ids == (2, 3, 1)
    assert space.values(raw) == {"a": "y", "n": 4, "gone": "q"}
    assert space.labels(raw)["gone"] == "q"
    with pytest.raises(SpaceError, match="forbidden"):
        space.check({"a": "new", "n": 4})
    assert space.adopt(Space(gone=Choice("q", "r")))["gone"].ids == (1, 2)


def test_changing_a_space_leaves_it_as_it_was():
    space = mixed()
    before, rows_before = space.to_json(), rows(space)

    space.forbid({"size": 9})
    space.grow(grade=Choice("mid"), size=Int(2, 90), extra=Int(3, 4))
    space.fix(size=9)
    space.adopt(Space(size=Int(9, 11)))

    assert space == mixed()
    assert space.to_json() == before
    assert same_rows(rows(space), rows_before)


def test_without_leaves_out_parameters_and_what_is_forbidden_with_them():
    space = Space({"a": Choice("x", "y"), "b": Choice("x", "y"), "c": Choice("x", "y")})
    space = space.forbid({"a": "x", "b": "y"}, {"b": "x", "c": "x"})

    left = space.without("a")

    assert list(left) == ["b", "c"]
    assert left.size == 3
    with pytest.raises(SpaceError, match="d"):
        space.without("d")
