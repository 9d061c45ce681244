"""Experience: what was seen of some settings tells which other to try."""

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC, SVR, LinearSVC, NuSVR
from sklearn.tree import DecisionTreeRegressor

from luthier import LuthierError
from luthier.models.presets import experience, preset
from luthier.models.presets.experience import Experience, recorded

# Two kinds of tables: on the first the settings 1 and 2 are good, on the second 3 and 4.
KINDS = np.array([
    [0.5, 0.3, 0.1, 0.9, 1.0], [0.6, 0.2, 0.0, 0.9, 0.8], [0.5, 0.3, 0.1, 0.8, 0.9],
    [0.5, 0.9, 1.0, 0.3, 0.1], [0.4, 0.8, 0.9, 0.2, 0.0],
])  # fmt: skip


def asked(losses, taken=()):
    return Experience(KINDS).next(np.array(losses), np.isin(np.arange(5), taken))


def test_the_next_one_is_good_where_those_that_were_good_here_are():
    unknown = np.nan

    assert asked([7.5, 7.3, unknown, unknown, unknown], [0, 1]) == 2
    assert asked([7.5, 7.9, unknown, unknown, unknown], [0, 1]) == 4
    assert asked([7.5, 7.3, unknown, unknown, unknown], [0, 1, 2]) in (3, 4)


def test_without_losses_the_lowest_mean_comes_first_and_at_the_end_there_is_none():
    unknown = [np.nan] * 5

    assert asked(unknown) == np.argmin(KINDS.mean(axis=0))
    assert asked(unknown, range(5)) is None


def test_level_and_unit_of_losses_do_not_matter():
    losses = np.array([0.51, 0.33, np.nan, 0.87, np.nan])

    plain = Experience(KINDS).improvement(losses)
    other = Experience(KINDS).improvement(70 * losses - 9)

    assert other == pytest.approx(70 * plain, rel=1e-6)


def test_the_improvement_is_that_of_draws(monkeypatch):
    monkeypatch.setattr(experience, "SCALES", np.ones(1))
    known, losses = [0, 1], np.array([2.0, 2.4, np.nan, np.nan, np.nan])
    of = Experience(KINDS)
    rng = np.random.default_rng(5)

    got = of.improvement(losses)

    # The middle of the differences is 0.4, so that is the scale, and the regrets seen are 0 and 1.
    S, draws = of.covariance, 100_000
    inverse = np.linalg.inv(S[np.ix_(known, known)])
    W = S[:, known] @ inverse
    mean = of.mean + W @ (np.array([0.0, 1.0]) - of.mean[known])
    sd = np.sqrt(np.maximum(np.diag(S - W @ S[known]), 0))
    gains = np.maximum(0, -(mean + sd * rng.standard_normal((draws, 5)))) * 0.4
    error = gains.std(axis=0) / np.sqrt(draws)
    assert (np.abs(got - gains.mean(axis=0))[2:] < 5 * error[2:] + 1e-9).all()


# -- what is shipped -------------------------------------------------------------------------------


def test_what_is_shipped_has_a_regret_for_each_point_on_each_table():
    assert len(recorded()) > 20
    for known in recorded().values():
        regrets = np.array(known["regrets"])

        assert regrets.shape[1] == len(known["points"]) <= 32
        assert regrets.min() >= 0
        assert regrets.max() == 100
        assert len(regrets) >= 12


def test_the_first_recorded_point_is_the_default():
    for estimator in (SVC(), SVR(), KNeighborsClassifier(), DecisionTreeRegressor()):
        made = preset(estimator, rows=400, columns=8, spread=3.0)

        assert made.elsewhere is not None
        assert made.elsewhere[0][0] == made.default


def followed(made, loss, count):
    tried = []
    for _ in range(count):
        point = made.suggest(tried)
        if point is None:
            break
        tried.append((point, loss(point)))
    return [point for point, _ in tried]


def test_suggestions_begin_with_the_portfolio_and_then_follow_what_was_seen():
    made = preset(KNeighborsClassifier(), rows=400, columns=8)

    near = followed(made, lambda p: p["n_neighbors"], 20)
    far = followed(made, lambda p: -p["n_neighbors"], 20)

    assert near[:5] == far[:5] == [made.default, *made.portfolio[:4]]
    assert len(near) == len(far) == 10
    assert len({str(point) for point in near}) == 10
    assert np.mean([p["n_neighbors"] for p in near[5:]]) < np.mean(
        [p["n_neighbors"] for p in far[5:]]
    )


def test_what_has_no_loss_is_not_suggested_again():
    made = preset(KNeighborsClassifier(), rows=400, columns=8)

    found = followed(made, lambda p: None, 20)

    assert len({str(point) for point in found}) == 10


def test_points_of_others_count_and_foreign_ones_are_refused():
    made = preset(KNeighborsClassifier(), rows=400, columns=8)
    own = [({**made.default, "n_neighbors": n}, 1.0) for n in range(30, 39)]

    assert made.suggest(own) == made.default
    assert made.suggest([*own, (made.default, 1.0)]) == made.portfolio[0]
    with pytest.raises(LuthierError, match="n_neighbours"):
        made.suggest([({"n_neighbours": 3}, 1.0)])


def test_where_nothing_was_recorded_only_the_default_is_suggested():
    for estimator in (LinearSVC(), VotingClassifier([("a", SVC())])):
        made = preset(estimator)

        assert made.suggest([]) == made.default
        assert made.suggest([(made.default, 0.5)]) is None


# -- the spread of the target ----------------------------------------------------------------------


def test_penalty_and_tube_go_with_the_spread_of_the_target():
    space = preset(SVR(), spread=4213.0).space

    assert (space["C"].low, space["C"].high) == (1.0, 4e7)  # the default is 1
    assert (space["epsilon"].low, space["epsilon"].high) == (0.1, 4000.0)
    assert preset(NuSVR(), spread=0.02).space["C"].high == 200.0
    assert preset(SVR()).space["epsilon"].high == 100.0


def test_the_spread_is_unknown_inside_of_what_transforms_the_target():
    made = preset(TransformedTargetRegressor(SVR()), spread=4213.0)

    assert made.space["regressor__C"].high == 1e4


def test_recorded_points_go_with_the_spread_of_the_target():
    one, other = (preset(SVR(), columns=5, spread=spread).portfolio[0] for spread in (2.0, 600.0))

    assert other["C"] == pytest.approx(300 * one["C"])
    assert preset(LinearRegression(), spread=2.0).elsewhere is None
