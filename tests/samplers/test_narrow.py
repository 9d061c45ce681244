import math
import pickle

import numpy as np
import pytest

from luthier import Choice, Float, Int, Space, Study
from luthier.errors import SpaceError
from luthier.report import Report
from luthier.samplers import TPE, Narrow, Random
from luthier.samplers.narrow import CHANCE, cuts
from luthier.testing import SamplerContract
from luthier.testing.histories import history

SPACE = Space(
    rate=Float(1e-5, 0.5, log=True),
    n=Int(2, 40),
    kind=Choice("a", "b", "c"),
    flat=Float(-3, 9),
    child=Float(-3, 9, when={"kind": "b"}),
)


class TestNarrow(SamplerContract):
    sampler = Narrow("random")


@pytest.mark.slow
class TestNarrowTPE(SamplerContract):
    sampler = Narrow("tpe")
    seeds = 8


def loss(p):
    return abs(math.log10(p["rate"]) + 3) + abs(p["n"] - 30) / 20 + 3 * (p["kind"] == "c")


def told(trial):
    return loss(trial.params)


def seen(n, seed=5, losses=loss):
    params = SPACE.decode(SPACE.sample(n, np.random.default_rng(seed)))
    return history(SPACE, params, [losses(p) for p in params])


def test_it_cuts_what_matters_and_says_why():
    made = cuts(SPACE, seen(150))

    assert {"rate", "n", "kind"} <= {cut.name for cut in made}
    words = next(str(cut) for cut in made if cut.name == "kind")
    assert "a, b, c → a, b, as none of the" in words
    assert "trials with c is among the" in words


def test_the_best_trials_stay_inside():
    past = seen(101)
    X = Narrow(Random()).ask(SPACE, past, 400, np.random.default_rng(1)).X
    best = past.X[past.best(5)]

    narrow = X[:300]  # the first rows come from the part, the last from the whole space
    assert narrow[:, 0].min() < best[:, 0].min()
    assert narrow[:, 0].max() > best[:, 0].max()
    assert np.ptp(narrow[:, 0]) < 0.7
    assert {p["kind"] for p in SPACE.decode(narrow)} == {"a", "b"}


def test_a_tenth_of_the_proposals_comes_from_the_whole_space():
    k = 4000
    X = Narrow(Random()).ask(SPACE, seen(101), k, np.random.default_rng(1)).X

    # Of those from the whole space, a third has the option that is left out of the part.
    share = np.mean([p["kind"] == "c" for p in SPACE.decode(X)])
    assert abs(share - 0.1 / 3) < 5 * math.sqrt(0.1 / 3 / k)


def test_cuts_are_a_function_of_the_trials_until_then():
    params = SPACE.decode(SPACE.sample(150, np.random.default_rng(5)))
    losses = [loss(p) for p in params]
    part = cuts(SPACE, history(SPACE, params[:70], losses[:70]))
    whole = cuts(SPACE, history(SPACE, params, losses))

    assert part == [cut for cut in whole if cut.trials <= 70] != whole


def test_nothing_is_cut_before_twenty_trials_and_the_sampler_is_asked_as_it_is():
    past, rng = seen(19), np.random.default_rng(4)

    got = Narrow(TPE()).ask(SPACE, past, 2, rng).X

    np.testing.assert_array_equal(got, TPE().ask(SPACE, past, 2, np.random.default_rng(4)).X)
    assert cuts(SPACE, past) == []
    assert "the next look is after 20 trials" in Narrow(TPE()).explain(SPACE, past)


def test_chance_alone_is_rarely_cut():
    seeds, looks = 60, 3
    noise = np.random.default_rng(8)
    pasts = [seen(45, seed, lambda p: noise.random()) for seed in range(seeds)]
    made = [cut for past in pasts for cut in cuts(SPACE, past)]

    judged = seeds * looks * len(SPACE)
    wrong = sum("none of the" in cut.reason for cut in made)
    assert wrong < CHANCE * judged + 5 * math.sqrt(CHANCE * (1 - CHANCE) * judged)


def test_a_range_widens_again_where_the_best_lie_at_its_edge():
    space = Space(x=Float(-3, 9))
    first = [{"x": 6.0 + 0.05 * i} for i in range(6)] + [{"x": -3 + 0.5 * i} for i in range(14)]
    later = [{"x": 5.9 - 0.3 * i} for i in range(10)]
    losses = [abs(p["x"] - 6.2) for p in first] + [-1.0 - i for i in range(10)]

    made = cuts(space, history(space, first + later, losses))

    assert [cut.trials for cut in made] == [20, 30]
    assert "the best lie at its lower edge, or beyond" in made[1].reason


def test_an_option_that_was_left_out_comes_back_when_it_is_good():
    space = Space(kind=Choice("a", "b"), x=Float(-3, 9))
    first = [{"kind": "b" if i % 2 else "a", "x": 0.1 * i} for i in range(20)]
    later = [{"kind": "b" if i > 7 else "a", "x": 3 + 0.1 * i} for i in range(10)]
    losses = [float(p["kind"] == "b") * 5 + p["x"] for p in first]
    losses += [-5.0 if p["kind"] == "b" else 3.0 for p in later]

    made = [cut for cut in cuts(space, history(space, first + later, losses)) if cut.name == "kind"]

    assert [(cut.before, cut.after) for cut in made] == [("a, b", "a"), ("a", "a, b")]
    assert "a trial of the whole space with b" in made[1].reason


def test_a_conditional_or_forbidden_space_may_lose_options_that_conditions_name():
    space = Space(
        kind=Choice("a", "b", "c"),
        x=Float(-3, 9),
        y=Float(2, 5, when={"kind": ["b", "c"]}),
        forbid=[{"kind": "c"}],
    )
    params = [{"kind": "a", "x": 0.1}, {"kind": "b", "x": 4.0, "y": 3.0}] * 20
    past = history(space, params, [float(i % 2) * 9 + i for i in range(40)])

    X = Narrow(Random()).ask(space, past, 200, np.random.default_rng(2)).X

    assert space.allowed(X).all()
    assert np.mean([p["kind"] == "a" for p in space.decode(X)]) > 0.9


# -- beyond the range ------------------------------------------------------------------------------


def beyond(trial):
    return 5 * abs(math.log10(trial.params["rate"]) + 1.5) + abs(trial.params["n"] - 15)


EXTENDED = Space(rate=Float(1e-6, 1e-2, log=True, extend=True), n=Int(2, 12, extend=(2, 14)))


def test_a_range_grows_where_the_best_lie_at_its_end_and_no_further_than_its_limits(tmp_path):
    with Study(EXTENDED, sampler=Narrow("random"), seed=2, store=tmp_path / "a.db") as study:
        study.run(beyond, trials=60)
        assert 1e-2 < study.space["rate"].high <= 0.27 * (1 + 1e-9)
        assert study.space["rate"].low == 1e-6
        assert (study.space["n"].low, study.space["n"].high) == (2, 14)
        assert max(r.params["rate"] for r in study.results) > 1e-2
        grown = study.space

    with Study(EXTENDED, sampler=Narrow("random"), seed=2, store=tmp_path / "a.db") as study:
        assert study.space == grown, "the script declares what it began with"
        text = Report(study.history, name="a").markdown()
        assert "at an end of what you gave" in text


@pytest.mark.slow
def test_an_interrupted_study_grows_as_a_whole_one(tmp_path):
    whole = Study(EXTENDED, sampler=Narrow("tpe"), seed=2).run(beyond, trials=30)
    for n in range(1, 31):
        with Study(EXTENDED, sampler=Narrow("tpe"), seed=2, store=tmp_path / "a.db") as part:
            part.run(beyond, trials=n)

    assert [r.params for r in part.results] == [r.params for r in whole.results]
    assert whole.space != EXTENDED


def test_without_extend_a_range_stays():
    space = Space(rate=Float(1e-6, 1e-2, log=True), n=Int(2, 12))
    study = Study(space, sampler=Narrow("random"), seed=2).run(beyond, trials=40)

    assert study.space == space


@pytest.mark.parametrize(
    ("p", "low", "high"),
    [
        (Float(-3, 9, extend=True), -6, 12),
        (Float(2, 10, extend=True), 0, 12),
        (Float(2, 10, extend=(1, 11)), 1, 11),
        (Float(0.1, 0.9, step=0.1, extend=True), 0.0, 1.1),
        (Float(1e-3, 10, log=True, extend=True), 1e-3 / 3, 30),
        (Int(2, 10, extend=True), 0, 12),
        (Int(1, 10, log=True, extend=True), 1, 30),
        (Int(5, 25, step=10, extend=True), 5, 35),
        (Float(-3, 9), -3, 9),
    ],
)
def test_a_range_is_widened_by_a_quarter_or_threefold_and_stays_positive(p, low, high):
    assert p.widened("low").low == pytest.approx(low)
    assert p.widened("high").high == pytest.approx(high)
    wide = p
    for _ in range(9):
        wide = wide.widened("low").widened("high")
    if p.extend:
        assert (wide.low, wide.high) == pytest.approx(p.extend)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Float(-3, 9, extend=(0, 10)), "Move its ends outwards"),
        (lambda: Float(1, 9, log=True, extend=(0, 10)), "hold the range and be positive"),
        (lambda: Float(-3, 9, extend=2), "Write for example extend=True"),
    ],
)
def test_limits_that_do_not_fit_are_an_error(make, words):
    with pytest.raises(SpaceError, match=words):
        make()


def test_it_is_made_again_from_the_log(tmp_path):
    Study(SPACE, sampler=Narrow(TPE()), store=tmp_path / "a.db").close()

    with Study.open(tmp_path / "a.db") as study:
        assert study.sampler == Narrow("tpe") == pickle.loads(pickle.dumps(study.sampler))


def test_it_handles_what_the_other_sampler_does():
    assert Narrow("tpe").many_objectives
    assert not Narrow("forest").many_objectives
    assert not Narrow("random").uses_losses
    study = Study(SPACE, minimize=("a", "b"), sampler=Narrow("tpe"), seed=1)
    study.run(lambda t: {"a": loss(t.params), "b": t.params["flat"]}, trials=50)
    assert len(study) == 50


@pytest.mark.slow
def test_it_helps_random_search():
    wins = 0
    for seed in range(12):
        best = [
            Study(SPACE, sampler=s, seed=seed).run(told, trials=100).best.value
            for s in (Narrow("random"), "random")
        ]
        wins += best[0] < best[1]

    assert wins >= 10  # by chance once in 50 times
