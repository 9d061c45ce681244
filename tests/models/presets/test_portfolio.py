"""Portfolios: their points fit whatever the estimator's own settings have made of the space."""

import json

import pytest
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from luthier.models.presets import portfolio, preset

POINTS = {
    "SVC": [
        {"C": 30.0, "kernel": "rbf", "gamma": "value", "gamma_value*columns": 0.6},
        {"C": 1.0, "kernel": "rbf", "gamma": "scale"},
        {"kernel": "poly", "degree": 2, "gone": 3},
        {"kernel": "no such kernel"},
    ],
    "Ridge": [{"alpha": 20.0}, {"alpha": 1e-9}],
}


@pytest.fixture(autouse=True)
def ours(monkeypatch):
    monkeypatch.setattr(portfolio, "_chosen", lambda: POINTS)


def test_points_are_complete_and_those_that_say_nothing_new_are_left_out():
    got = preset(SVC(), columns=12).portfolio

    assert got == (
        {"C": 30.0, "kernel": "rbf", "gamma": "value", "gamma_value": pytest.approx(0.05),
         "class_weight": None},
        {"C": 1.0, "kernel": "poly", "gamma": "scale", "degree": 2, "coef0": 0.0,
         "class_weight": None},
    )  # fmt: skip


def test_points_keep_what_they_do_not_name_as_the_user_has_it():
    made = preset(make_pipeline(StandardScaler(), SVC(coef0=1.5, class_weight="balanced")))

    assert made.portfolio[-1]["svc__coef0"] == 1.5
    assert made.portfolio[-1]["svc__class_weight"] == "balanced"
    # Without their number, columns count as 10.
    assert made.portfolio[0]["svc__gamma_value"] == pytest.approx(0.06)


def test_a_number_becomes_a_value_where_the_users_own_is_a_word():
    got = preset(Ridge(alpha=0)).portfolio

    assert got[0] == {"alpha": "value", "alpha_value": 20.0, "fit_intercept": True}
    assert got[1]["alpha_value"] == pytest.approx(1e-5)  # the end of the range


def test_every_point_is_one_of_the_space():
    for estimator in (SVC(gamma=77.0), SVC(kernel=len), Ridge(alpha=3)):
        made = preset(estimator)
        for point in made.portfolio:
            assert made.space.values(made.space.check(point)) == point


def test_an_ensemble_has_no_portfolio():
    for members in ([("a", SVC()), ("b", SVC(kernel="poly"))], [("a", SVC())]):
        assert preset(VotingClassifier(members)).portfolio == ()
    assert preset(RandomForestClassifier()).portfolio == ()


def test_what_is_shipped_can_be_read_and_used():
    shipped = json.loads((portfolio.resources.files(portfolio.__package__) / "portfolios.json")
                         .read_text())["points"]  # fmt: skip

    for points in shipped.values():
        assert len(points) <= 8
        assert all(isinstance(name, str) for point in points for name in point)
