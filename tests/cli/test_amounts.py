"""What trials of `luthier tune` are given less of."""

import json
from pathlib import Path

import pytest

from luthier import Choice, Int, Space, Study
from luthier.cli.amounts import Amount, check, read, searched
from luthier.errors import StudyError
from luthier.models.catalog import model

TREES = Amount("n_estimators", 4, 36)


def test_rows_are_shares_and_all_else_whole_numbers():
    rows = read("n_samples:0.25:1.0", "asha")

    assert rows == Amount("n_samples", 0.25, 1.0)
    assert (rows.whole, rows.stated(48)) == ({}, ("n_samples", 12, 48))
    assert rows.stated(30) == ("n_samples", 10, 30)  # ten at least
    assert read(" n_estimators:4:36", "auto") == TREES
    assert (TREES.whole, TREES.stated(48)) == ({"n_estimators": 36}, ("n_estimators", 4, 36))
    assert read("", "full") is None


@pytest.mark.parametrize(
    "wrong", ["epochs", "epochs:1", "epochs:9:1", "epochs:0:9", "epochs:0.1:1", "epochs:1:9:27",
              "epochs:-1:9", "n_samples:0:1", "n_samples:10:100", "n_samples:0.1:0.5",
              "n_samples:a:1"]
)  # fmt: skip
def test_what_is_not_written_so_is_refused(wrong):
    with pytest.raises(StudyError, match=r"n_samples:LEAST:1.*n_estimators:10:300"):
        read(wrong, "asha")


@pytest.mark.parametrize(
    ("name", "amount", "said"),
    [
        ("forest", "n_estimator", r"no parameter 'n_estimator' of --model forest.*tors:10:100\."),
        ("knn", "weights", r"'weights' of .*KNeighborsClassifier.* no amount.*n_samples:0.1:1\."),
        ("boosting", "random_state", r"is no amount.*or max_iter:10:100\."),
        ("boosting", "warm_start", r"is no amount"),
        ("linear", "C", r"is no amount.*max_iter:10:1000"),
        ("any", "max_iter", r"--model any chooses between models"),
        ("sklearn.ensemble.BaggingClassifier", "max_iter", r"no parameter.*n_estimators:10:300"),
    ],
)
def test_what_the_model_does_not_take_is_refused_and_the_possible_named(name, amount, said):
    with pytest.raises(StudyError, match=said):
        check(Amount(amount, 1, 9), model(name, "classification"), "classification")


@pytest.mark.parametrize(
    ("name", "amount"),
    [("forest", "n_estimators"), ("mlp", "max_iter"), ("tree", "max_depth"), ("any", "n_samples"),
     ("svm", "degree")],
)  # fmt: skip
def test_whole_numbers_of_the_model_are_taken(name, amount):
    check(Amount(amount, 1, 9), model(name, "classification"), "classification")


def test_what_is_given_is_not_searched():
    space = Space(
        n_estimators=Choice("few", "value"),
        n_estimators_value=Int(3, 9, when={"n_estimators": "value"}),
        max_leaf_nodes=Int(3, 17),
    )

    assert searched(space, TREES, own=False).names == ("max_leaf_nodes",)
    assert searched(space, Amount("n_samples", 0.1, 1), own=True) is space
    assert searched(space, None, own=True) is space
    for both, own in ((space, True), (space.without("max_leaf_nodes"), False)):
        with pytest.raises(StudyError, match="leave it out of one of them"):
            searched(both, TREES, own=own)


@pytest.mark.slow
def test_the_winner_has_all_of_it(call):
    how = ("--model", "forest", "--fidelity", "n_estimators:3:27", "--sampler", "random")
    done = call("tune", "houses.csv", "--target", "price", "--cv", "2", *how, "--trials", 7,
                "--out", "made")  # fmt: skip

    assert done.exit_code == 0, done.stderr
    assert "A point gets n_estimators=3 at first, and up to 27" in done.stderr
    with Study.open("made/study.db") as study:
        assert str(study.history.fidelity) == "n_estimators from 3 to 27"
        assert "n_estimators" not in study.space
        assert set(study.history.step.tolist()) <= {3, 9, 27}
        assert study.history.step.tolist().count(3) >= 3
    told = json.loads(Path("made/best.json").read_text())
    assert told["params"]["n_estimators"] == 27
    assert "n_estimators = 27" in call("best", "made").stdout
    import joblib

    assert joblib.load("made/model.joblib").pipeline["model"].n_estimators == 27
    assert call("resume", "made", "--more", 1).exit_code == 0
