import math
import pickle

import numpy as np
import pytest

from luthier import Choice, Float, Int, Space, Study
from luthier.errors import StoreError, StudyError
from luthier.numerics.gaussian import Hyper, Posterior
from luthier.samplers import Mixed, Narrow, Random, Startup, Transfer
from luthier.samplers.gp import embedding
from luthier.samplers.transfer import MOST, Past, _Ensemble, _models, _portfolio, _rows, weights
from luthier.testing import SamplerContract
from luthier.testing.histories import history

SPACE = Space(
    rate=Float(1e-5, 0.5, log=True),
    n=Int(2, 40),
    x=Float(-3, 9),
    kind=Choice("a", "b", "c"),
)


def problem(shift=0.0, sign=1.0):
    """A bowl whose middle moves with the shift, in other units than the test's other problems."""

    def loss(trial):
        p = trial.params
        rate, n = math.log10(p["rate"]) + 2.5 - shift, (p["n"] - 25 - 4 * shift) / 10
        bowl = rate**2 + n**2 + (p["x"] - 5 - shift) ** 2 / 9
        return sign * (bowl + {"a": 0.0, "b": 0.6, "c": 1.5}[p["kind"]]) - 7

    return loss


def noise(seed):
    rng = np.random.default_rng(seed)
    return lambda trial: float(rng.standard_normal())


def study(loss, trials, seed=9, sampler="tpe", **settings):
    return Study(SPACE, sampler=sampler, seed=seed, **settings).run(loss, trials=trials)


SIMILAR = study(problem(), 60, name="similar")
NOISE = study(noise(4), 60, sampler="random", name="noise")
MISLEADING = study(problem(sign=-1), 60, name="misleading")
MIXED = Study(
    Space(
        x=Float(-3, 9), a=Choice("u", "v", default="v"), n=Int(2, 6), kernel=Choice("rbf", "poly")
    ),
    sampler="random",
    seed=1,
).run(lambda trial: trial.params["x"] ** 2 + trial.params["n"], trials=12)


class TestTransfer(SamplerContract):
    sampler = Transfer([MIXED, NOISE], "random")
    seeds = 8

    def test_losses_are_put_to_use(self):
        """Earlier studies of other problems are of no use; see the tests below."""


# -- weights ---------------------------------------------------------------------------------------


def weight(sources, n, seed):
    """The weights after n random trials of the problem without shift."""
    past = study(problem(), n, seed, "random").history
    earlier = _models(SPACE, Transfer(sources).studies)
    return _Ensemble(earlier, SPACE, past).weights


@pytest.mark.slow
def test_a_study_of_the_same_problem_soon_has_weight():
    got = [weight([SIMILAR], 5, seed)[0] for seed in range(6)]

    assert np.median(got) > 0.5
    assert min(got) > 0.3


@pytest.mark.slow
@pytest.mark.parametrize("source", [NOISE, MISLEADING], ids=["noise", "misleading"])
def test_a_study_that_has_nothing_to_say_has_none(source):
    assert all(weight([source], 20, seed)[0] < 0.1 for seed in range(6))


@pytest.mark.slow
def test_among_several_the_one_that_agrees_has_the_weight():
    got = weight([NOISE, SIMILAR, MISLEADING], 6, 3)

    assert got.sum() == pytest.approx(1)
    assert got[1] > 0.5
    assert got[2] == 0


@pytest.mark.slow
def test_weights_depend_on_ranks_alone():
    other = study(lambda trial: 1e3 * problem()(trial) + 40, 60)
    assert [r.params for r in other.results] == [r.params for r in SIMILAR.results]

    np.testing.assert_allclose(weight([other], 6, 3), weight([SIMILAR], 6, 3))


def test_weights_count_pairs_in_the_wrong_order():
    space = Space(x=Float(0, 4))
    measured = embedding(space)
    points = measured(np.array([[0.1], [0.35], [0.6], [0.95]]))
    y = np.array([-3.0, -1.0, 0.5, 2.0])
    hyper = Hyper(np.array([0.3]), 1.0, 0.5, 1e-6)
    sure, wrong = (Posterior(points, s * y, measured.block, hyper) for s in (1, -1))

    got = weights([sure, wrong], sure, points, y, np.random.default_rng(1))

    assert got[0] > 0.5  # always right, while its own model may err on points it has not seen
    assert got[1] == 0


def test_before_three_results_no_study_has_weight():
    assert weight([SIMILAR], 2, 1).tolist() == [0.0, 1.0]


# -- what is taken from a study --------------------------------------------------------------------


def test_parameters_are_matched_by_name_and_the_rest_gets_its_default():
    old = Study(
        Space(x=Float(-30, 90), gone=Int(1, 3), kind=Choice("b", "z", "a")), sampler="random"
    )
    for x, kind in ((50.0, "a"), (3.0, "b"), (4.0, "z")):
        old.enqueue({"x": x, "kind": kind, "gone": 2})
    old.run(lambda trial: trial.params["x"], trials=3)
    space = Space(
        x=Float(-3, 9),
        kind=Choice("a", "b"),
        new=Float(2, 5, default=3),
        other=Int(1, 9),
        sub=Float(2, 5, default=4, when={"kind": "b"}),
    )

    X, kept = _rows(space, Past.of(old))

    # The best is x=3, then x=4 with an option that is unknown now, then x=50 beyond the range.
    assert kept.tolist() == [0, 2]
    assert space.decode(X) == [
        {"x": 3.0, "kind": "b", "new": 3.0, "other": 5, "sub": 4.0},
        {"x": 9.0, "kind": "a", "new": 3.0, "other": 5},
    ]
    assert X[1, 0] == pytest.approx(53 / 12)


def test_of_a_long_study_the_best_half_and_some_of_the_rest_are_kept():
    long = study(problem(), 3 * MOST, sampler="random")
    losses = sorted(r.value for r in long.results)

    got = Past.of(long).losses

    assert len(got) == MOST
    assert list(got[: MOST // 2]) == losses[: MOST // 2]
    assert got[-1] == losses[-1]


def test_the_first_configurations_serve_each_study():
    low = study(lambda t: (t.params["x"] + 2) ** 2, 25, name="low")
    high = study(lambda t: (t.params["x"] - 8) ** 2, 25, name="high")
    again = study(lambda t: (t.params["x"] - 8) ** 2 + 1, 25, 5, name="again")

    X = _portfolio(SPACE, Transfer([low, high, again]).studies)
    x = [p["x"] for p in SPACE.decode(X)]

    assert len(x) == 3
    assert abs(x[0] - 8) < 2, "good for two of three"
    assert abs(x[1] + 2) < 2
    new = Study(SPACE, sampler=Transfer([low, high, again], "random")).run(problem(), trials=3)
    assert [r.params["x"] for r in new.results] == pytest.approx(x)


def test_a_study_without_a_common_parameter_is_passed_over():
    other = Space(z=Float(-3, 9))
    sampler = Transfer([SIMILAR], "random")

    got = sampler.ask(other, history(other), 4, np.random.default_rng(1)).X

    np.testing.assert_array_equal(
        got, Random().ask(other, history(other), 4, np.random.default_rng(1)).X
    )
    assert "No earlier study has a parameter of this one" in sampler.explain(other, history(other))


# -- whether it helps ------------------------------------------------------------------------------


def reached(sampler, threshold, seeds=6, trials=25):
    """How many trials it takes to come below a threshold, on the problem that is shifted."""
    made = []
    for seed in range(seeds):
        values = [r.value for r in study(problem(0.4), trials, seed, sampler).results]
        made.append(next((i for i, v in enumerate(values, 1) if v < threshold), trials + 1))
    return np.array(made)


@pytest.mark.slow
def test_a_similar_study_saves_trials():
    with_it, without = reached(Transfer([SIMILAR], "tpe"), -6.7), reached("tpe", -6.7)

    assert (with_it < without).all()  # by chance once in 64 times
    assert np.median(with_it) < np.median(without) / 2


@pytest.mark.slow
def test_a_misleading_study_does_little_harm():
    threshold = -6.0
    with_it = reached(Transfer([MISLEADING], "gp"), threshold, seeds=4)
    without = reached("gp", threshold, seeds=4)

    assert np.median(with_it) <= np.median(without) + 5


@pytest.mark.slow
def test_it_says_what_weights_it_gives():
    new = Study(SPACE, sampler=Transfer([SIMILAR, NOISE], "tpe"), seed=2)
    assert "The start" in new.explain()

    new.run(problem(), trials=6)
    words = new.explain()
    assert "Weights of earlier studies: similar " in words
    assert "Else: TPE(usual=True)" in words


# -- the copy in the log ---------------------------------------------------------------------------


def test_the_new_study_goes_on_with_its_copy_whatever_becomes_of_the_earlier_one(tmp_path):
    old = study(problem(), 12, name="old")
    whole = study(problem(0.4), 9, 3, Transfer([old], "tpe"))
    with study(problem(0.4), 4, 3, Transfer([old], "tpe"), store=tmp_path / "new.db"):
        old.run(problem(), more=5)

    with study(problem(0.4), 6, 3, Transfer([old], "tpe"), store=tmp_path / "new.db") as part:
        assert len(part.sampler.studies[0].losses) == 12
    with Study.open(tmp_path / "new.db") as part:
        part.run(problem(0.4), trials=9)

    assert [r.params for r in part.results] == [r.params for r in whole.results]


def test_stored_studies_are_read_by_path_url_and_name(tmp_path):
    old = tmp_path / "old.db"
    for name, loss in (("good", problem()), ("bad", noise(4))):
        study(loss, 12, name=name, store=old).close()
    study(problem(), 12, name="alone", store=tmp_path / "one.db").close()
    opened = [Study.open(old, "good"), Study.open(tmp_path / "one.db"), Study.open(old, "bad")]
    given = [(old, "good"), str(tmp_path / "one.db"), (f"sqlite:///{old}", "bad")]

    whole = study(problem(0.4), 7, 3, Transfer(opened, "random"))
    made = study(problem(0.4), 7, 3, Transfer(given, "random"), store=tmp_path / "new.db")

    assert [past.name for past in made.sampler.studies] == ["good", "alone", "bad"]
    assert [r.params for r in made.results] == [r.params for r in whole.results]
    again = study(problem(0.4), 8, 3, Transfer(given, "random"), store=tmp_path / "new.db")
    assert len(again) == 8


def test_a_transfer_inside_another_sampler_reads_its_studies_too(tmp_path):
    study(problem(), 12, name="old", store=tmp_path / "old.db").close()
    transfer = Transfer(tmp_path / "old.db", "random")

    for outer in (Startup("random", 2, transfer), Mixed([(transfer, 1.0)]), Narrow(transfer)):
        assert len(study(problem(0.4), 5, 3, outer)) == 5


def test_reading_a_stored_study_does_not_change_it(tmp_path):
    with study(problem(), 12, name="old", store=tmp_path / "old.db") as old:
        old.ask()
    before = Study.open(tmp_path / "old.db").history.counts

    Study(SPACE, sampler=Transfer([tmp_path / "old.db"]))

    assert Study.open(tmp_path / "old.db").history.counts == before


def test_a_store_that_cannot_be_read_is_named(tmp_path):
    for name in ("a", "b"):
        study(problem(), 3, name=name, store=tmp_path / "two.db").close()

    with pytest.raises(StudyError, match=r"two\.db' holds 2 studies: 'a', 'b'\. Give a pair"):
        Study(SPACE, sampler=Transfer([tmp_path / "two.db"]))
    with pytest.raises(StoreError, match=r"none\.db"):
        Study(SPACE, sampler=Transfer([tmp_path / "none.db"]))
    with pytest.raises(StoreError, match="'c'"):
        Study(SPACE, sampler=Transfer([(tmp_path / "two.db", "c")]))
    with pytest.raises(StudyError, match=r"two\.db.* was not read yet"):
        Transfer([str(tmp_path / "two.db")]).ask(SPACE, history(SPACE), 1, np.random.default_rng(1))


def test_another_earlier_study_is_another_sampler(tmp_path):
    study(problem(), 4, 3, Transfer([SIMILAR], "random"), store=tmp_path / "new.db").close()

    with pytest.raises(StudyError, match="the store has it with sampler Transfer") as caught:
        Study(SPACE, sampler=Transfer([NOISE], "random"), seed=3, store=tmp_path / "new.db")
    assert len(str(caught.value)) < 1500


def test_it_is_a_value():
    sampler = Transfer([SIMILAR], "tpe")

    assert sampler == Transfer(SIMILAR, "tpe")
    assert pickle.loads(pickle.dumps(sampler)) == sampler


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], r"Give some: Transfer\("),
        ([3.5], r"got 3\.5 of type float\. Give a Study, the path or URL"),
        ([("old.db", 7)], r"got \('old.db', 7\) of type tuple"),
        ([Study(SPACE)], "has 0 results"),
        ([Study(SPACE, minimize=("a", "b"), sampler="tpe")], "has 2 objectives"),
    ],
)
def test_what_cannot_be_learned_from_is_an_error(given, words):
    with pytest.raises(StudyError, match=words):
        Transfer(given)
