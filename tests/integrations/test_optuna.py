"""LuthierSampler keeps Optuna's own contract for samplers, and luthier's."""

import math
import pickle
import subprocess
import sys
import threading

import pytest

optuna = pytest.importorskip("optuna", reason="pip install 'luthier[optuna]'")

from optuna.testing.pytest_samplers import (  # noqa: E402
    BasicSamplerTestCase,
    MultiObjectiveSamplerTestCase,
    RelativeSamplerTestCase,
    SingleOnlySamplerTestCase,
)

from luthier.errors import StudyError  # noqa: E402
from luthier.history import State  # noqa: E402
from luthier.integrations.optuna import LuthierSampler, _Mirror  # noqa: E402
from luthier.parts import Proposal  # noqa: E402

optuna.logging.set_verbosity(optuna.logging.WARNING)


class Anything(BasicSamplerTestCase, RelativeSamplerTestCase):
    """What Optuna asks of every sampler that proposes names jointly."""


@pytest.mark.slow
class TestAuto(Anything, MultiObjectiveSamplerTestCase):
    @pytest.fixture
    def sampler(self):
        return lambda: LuthierSampler(seed=3)


class TestTPE(Anything, MultiObjectiveSamplerTestCase):
    @pytest.fixture
    def sampler(self):
        return lambda: LuthierSampler("tpe", seed=3)


class TestRandom(Anything, MultiObjectiveSamplerTestCase):
    @pytest.fixture
    def sampler(self):
        return lambda: LuthierSampler("random", seed=3)


@pytest.mark.slow
class TestGP(Anything, MultiObjectiveSamplerTestCase):
    @pytest.fixture
    def sampler(self):
        return lambda: LuthierSampler("gp", seed=3)


class TestForest(Anything, SingleOnlySamplerTestCase):
    @pytest.fixture
    def sampler(self):
        return lambda: LuthierSampler("forest", seed=3)


# -- what the sampler sees -------------------------------------------------------------------------


class Watch:
    """A sampler that keeps what it was shown, and tags what it proposes."""

    def __init__(self):
        self.shown = []

    def ask(self, space, history, k, rng):
        told = {
            "names": space.names,
            "X": history.X.copy(),
            "Y": history.Y.copy(),
            "state": [State(state).name for state in history.state],
            "tag": history.tag.tolist(),
            "curves": [history.curve(row)[1][:, 0].tolist() for row in range(len(history))],
            "proposals": history.proposals,
        }
        self.shown.append(told)
        return Proposal(space.sample(k, rng), tag=7)


def branching(trial):
    kind = trial.suggest_categorical("kind", ["tree", "svm"])
    if kind == "svm":
        return math.log10(trial.suggest_float("C", 1e-3, 1e3, log=True)) ** 2
    return 1 + trial.suggest_int("depth", 2, 9) / 10


def test_a_branch_that_was_not_taken_is_inactive_in_the_history():
    watch = Watch()
    study = optuna.create_study(sampler=LuthierSampler(watch, seed=1))

    study.optimize(branching, n_trials=12)

    last = watch.shown[-1]
    column = dict(zip(last["names"], last["X"].T, strict=True))
    assert list(last["names"]) == ["C", "depth", "kind"]
    for row, trial in enumerate(study.trials[:-1]):
        assert math.isnan(column["C"][row]) == ("C" not in trial.params)
        assert math.isnan(column["depth"][row]) == ("depth" not in trial.params)


def test_losses_are_minimised_whatever_the_direction():
    watch = Watch()
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=LuthierSampler(watch))

    study.optimize(lambda trial: (trial.suggest_float("x", -3, 9), 5.0), n_trials=3)

    assert watch.shown[-1]["Y"].tolist() == [[-t.values[0], 5.0] for t in study.trials[:2]]


def test_every_state_of_a_trial_is_told_apart():
    watch = Watch()
    study = optuna.create_study(sampler=LuthierSampler(watch, seed=1))
    wanted = {"x": optuna.distributions.FloatDistribution(-3, 9)}
    study.tell(study.ask(wanted), 2.0)
    study.tell(study.ask(wanted), state=optuna.trial.TrialState.FAIL)
    pruned = study.ask(wanted)
    pruned.report(4.5, step=2)
    pruned.report(3.5, step=5)
    study.tell(pruned, state=optuna.trial.TrialState.PRUNED)
    study.tell(study.ask(wanted), math.inf)
    broken = study.ask(wanted)
    broken.set_constraint("memory", 0.5)
    study.tell(broken, 1.0)
    study.ask(wanted)
    study.ask(wanted)

    last = watch.shown[-1]

    assert last["state"] == ["DONE", "FAILED", "STOPPED", "FAILED", "FAILED", "RUNNING"]
    assert last["curves"][2] == [4.5, 3.5]
    assert last["Y"][0, 0] == 2.0
    assert last["tag"] == [0, 7, 7, 7, 7, 7]  # the first trial's names were not known yet


def test_a_proposal_that_a_thread_has_yet_to_ask_for_is_pending():
    watch = Watch()
    study = optuna.create_study(sampler=LuthierSampler(watch, seed=1))
    study.tell(study.ask({"x": optuna.distributions.FloatDistribution(-3, 9)}), 2.0)
    one, other = study.ask(), study.ask()

    assert one.relative_params
    assert other.relative_params
    place = (one.relative_params["x"] + 3) / 12
    assert watch.shown[-1]["X"][1, 0] == pytest.approx(place)
    assert watch.shown[-1]["proposals"] == other.number


def test_what_a_running_trial_asks_for_later_is_seen():
    watch = Watch()
    study = optuna.create_study(sampler=LuthierSampler(watch, seed=1))
    study.tell(study.ask({"x": optuna.distributions.FloatDistribution(-3, 9)}), 2.0)
    late = study.ask()
    assert late.number == 1  # it has not asked for anything, nor was anything proposed to it
    other = optuna.load_study(
        study_name=study.study_name, storage=study._storage, sampler=LuthierSampler(watch, seed=1)
    )
    assert other.ask().relative_params  # another process, which sees a trial without parameters
    before = watch.shown[-1]["X"][1, 0]

    x = late.suggest_float("x", -3, 9)
    assert other.ask().relative_params

    assert math.isnan(before)
    assert watch.shown[-1]["X"][1, 0] == pytest.approx((x + 3) / 12)


def test_a_trial_that_fails_keeps_what_was_proposed_and_a_done_one_what_it_asked_for():
    watch = Watch()
    study = optuna.create_study(sampler=LuthierSampler(watch, seed=1))
    study.tell(study.ask({"x": optuna.distributions.FloatDistribution(-3, 9)}), 2.0)
    for end in ({"state": optuna.trial.TrialState.FAIL}, {"values": 1.5}):
        trial = study.ask()
        assert trial.relative_params
        study.tell(trial, **end)
    assert study.ask().relative_params

    cells = watch.shown[-1]["X"][:, 0]

    assert cells[1] == pytest.approx(
        (study.trials[1].system_attrs["luthier"]["params"]["x"] + 3) / 12
    )
    assert math.isnan(cells[2])


def test_trials_that_wait_do_not_hold_others_up():
    watch = Watch()
    study = optuna.create_study(sampler=LuthierSampler(watch, seed=1))
    study.enqueue_trial({"x": 8.5})
    study.optimize(lambda trial: trial.suggest_float("x", -3, 9), n_trials=2)
    study.add_trial(optuna.create_trial(state=optuna.trial.TrialState.WAITING))
    trial = study._storage.create_new_trial(study._study_id)

    study.sampler.sample_relative(
        study,
        study._storage.get_trial(trial),
        {"x": optuna.distributions.FloatDistribution(-3, 9)},
    )

    assert watch.shown[-1]["X"][0, 0] == pytest.approx(11.5 / 12)
    assert len(watch.shown[-1]["X"]) == 2
    assert watch.shown[-1]["proposals"] == 3


def test_each_trial_is_read_into_the_history_once():
    seen = []

    class Counted(_Mirror):
        def _enter(self, place, trial, number):
            seen.append(place)
            return super()._enter(place, trial, number)

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    study.optimize(branching, n_trials=30)
    mirror = Counted(study.directions, 1)
    for number in range(30, 40):
        mirror.update(study.get_trials(deepcopy=False), number)

    assert seen == list(range(30))


# -- ranges ----------------------------------------------------------------------------------------


def ranges(sampler, *bounds):
    """The range proposed in after trials that asked for these."""
    study = optuna.create_study(sampler=sampler)
    for distribution in bounds:
        study.tell(study.ask({"x": distribution}), 1.5)
    trial = study.ask()
    return study.sampler.infer_relative_search_space(study, trial._cached_frozen_trial)["x"]


def test_ranges_that_vary_are_joined():
    Number, Whole = optuna.distributions.FloatDistribution, optuna.distributions.IntDistribution
    sampler = LuthierSampler("random", seed=1)

    assert ranges(sampler, Number(-3, 4), Number(-2, 9)) == Number(-3, 9)
    assert ranges(sampler, Number(2, 4, step=0.5), Number(3, 9, step=0.5)) == Number(2, 9, step=0.5)
    assert ranges(sampler, Number(2, 4, step=0.5), Number(2.2, 9.2, step=0.5)) == Number(2, 9.2)
    assert ranges(sampler, Whole(2, 8, step=2), Whole(5, 20, step=3)) == Whole(2, 20)
    assert ranges(sampler, Whole(2, 64, log=True), Whole(4, 99, log=True)) == Whole(2, 99, log=True)


def test_a_range_that_was_changed_once_replaces_the_earlier():
    Number = optuna.distributions.FloatDistribution
    sampler = LuthierSampler("random", seed=1)

    assert ranges(sampler, Number(-3, 4), *[Number(5, 6)] * 9) == Number(-3, 6)
    assert ranges(sampler, Number(-3, 4), *[Number(5, 6)] * 10) == Number(5, 6)


# -- chance ----------------------------------------------------------------------------------------


def bowl(trial):
    x = trial.suggest_float("x", -3, 9)
    return (x - 2) ** 2 + trial.suggest_int("n", 2, 30, log=True)


@pytest.mark.parametrize("name", ["auto", "tpe", "random"])
def test_the_same_seed_gives_the_same_study(name):
    made = []
    for seed in (4, 4, 5):
        study = optuna.create_study(sampler=LuthierSampler(name, seed=seed))
        study.optimize(bowl, n_trials=15)
        made.append([trial.params for trial in study.trials])

    assert made[0] == made[1]
    assert made[0] != made[2]


@pytest.mark.parametrize("name", ["auto", "tpe"])
def test_a_sampler_fresh_from_the_storage_goes_on_as_a_used_one(name):
    used = optuna.create_study(sampler=LuthierSampler(name, seed=4))
    used.optimize(bowl, n_trials=15)
    fresh = optuna.create_study(sampler=LuthierSampler(name, seed=4))
    fresh.add_trials(used.trials[:9])
    fresh.sampler.reseed_rng()
    fresh.optimize(bowl, n_trials=3)
    fresh.sampler = pickle.loads(pickle.dumps(fresh.sampler))
    fresh.optimize(bowl, n_trials=3)

    assert [t.params for t in fresh.trials] == [t.params for t in used.trials]


def test_samplers_without_a_seed_differ():
    drawn = set()
    for _ in range(2):
        study = optuna.create_study(sampler=LuthierSampler("random"))
        study.optimize(bowl, n_trials=1)
        drawn.add(study.trials[0].params["x"])

    assert len(drawn) == 2


def test_no_point_is_tried_twice_and_a_used_up_space_goes_on():
    study = optuna.create_study(sampler=LuthierSampler(seed=4))

    study.optimize(lambda t: t.suggest_int("n", 2, 6) + t.suggest_int("k", 1, 2), n_trials=13)

    tried = [tuple(sorted(t.params.items())) for t in study.trials]
    assert len(set(tried[:10])) == 10
    assert len(tried) == 13


def test_threads_share_one_sampler():
    barrier = threading.Barrier(2, timeout=30)

    def objective(trial):
        value = bowl(trial)
        if trial.number < 2:
            barrier.wait()  # both have their parameters before one of them ends
        return value

    study = optuna.create_study(sampler=LuthierSampler("tpe", seed=4))
    study.optimize(objective, n_trials=20, n_jobs=2)

    assert sum(t.state == optuna.trial.TrialState.COMPLETE for t in study.trials) == 20
    assert len({t.params["x"] for t in study.trials}) == 20


def test_a_pruner_that_splits_the_study_gets_its_trials():
    def objective(trial):
        x = trial.suggest_float("x", -3, 9)
        for step in range(1, 10):
            trial.report(x**2 / step, step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return x**2

    pruner = optuna.pruners.HyperbandPruner(min_resource=1, max_resource=9)
    study = optuna.create_study(sampler=LuthierSampler("tpe", seed=4), pruner=pruner)
    study.optimize(objective, n_trials=20)

    assert any(t.state == optuna.trial.TrialState.PRUNED for t in study.trials)
    assert study.best_value < 81


def test_auto_finds_a_minimum_that_random_search_misses():
    found = {}
    for name in ("auto", "random"):
        study = optuna.create_study(sampler=LuthierSampler(name, seed=4))
        study.optimize(
            lambda t: sum((t.suggest_float(f"x{j}", -3, 9) - 2) ** 2 for j in range(4)),
            n_trials=40,
        )
        found[name] = study.best_value

    assert found["auto"] < found["random"] / 10


# -- errors ----------------------------------------------------------------------------------------


def test_a_sampler_for_one_objective_says_so():
    study = optuna.create_study(directions=["minimize"] * 2, sampler=LuthierSampler("forest"))

    with pytest.raises(StudyError, match="Use another sampler, such as 'auto' or 'tpe'"):
        study.optimize(lambda trial: (trial.suggest_float("x", -3, 9), 1.0), n_trials=1)


def test_an_unknown_sampler_is_an_error_at_once():
    with pytest.raises(StudyError, match="Did you mean 'tpe'"):
        LuthierSampler("tpee")


def test_a_distribution_of_an_unknown_kind_is_an_error():
    study = optuna.create_study(sampler=LuthierSampler("random"))
    trial = study.ask()._cached_frozen_trial

    with pytest.raises(StudyError, match="Ask for it by suggest_float"):
        study.sampler.sample_independent(study, trial, "x", object())


def test_without_optuna_the_error_names_the_install():
    code = (
        "import sys; sys.modules['optuna'] = None\n"
        "from luthier.errors import MissingExtra\n"
        "try:\n"
        "    import luthier.integrations.optuna\n"
        "except MissingExtra as error:\n"
        "    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert "LuthierSampler needs optuna" in done.stdout, done.stderr
    assert "pip install 'luthier[optuna]'" in done.stdout


def branches(trial):
    """Only one of the optimizers has a momentum."""
    kind = trial.suggest_categorical("optimizer", ["adam", "sgd"])
    rate = trial.suggest_float("rate", 2, 9)
    return rate + (trial.suggest_float("momentum", 0.1, 0.7) if kind == "sgd" else 0)


def test_what_a_branch_does_not_ask_for_is_no_longer_proposed():
    study = optuna.create_study(sampler=LuthierSampler("random", seed=3))
    study.optimize(branches, n_trials=24)

    proposed = [trial.system_attrs["luthier"]["params"] for trial in study.trials[12:]]
    assert ["momentum" in raw for raw in proposed] == [
        trial.params["optimizer"] == "sgd" for trial in study.trials[12:]
    ]


def test_trials_that_were_pruned_after_a_report_show_what_they_asked_for():
    def pruned(trial):
        trial.report(branches(trial), 1)
        raise optuna.TrialPruned

    study = optuna.create_study(sampler=LuthierSampler("random", seed=3))
    study.optimize(pruned, n_trials=24)

    proposed = [trial.system_attrs["luthier"]["params"] for trial in study.trials[12:]]
    assert {"momentum" in raw for raw in proposed} == {True, False}


def test_new_names_begin_with_what_is_usual_unless_other_trials_run():
    study = optuna.create_study(sampler=LuthierSampler(seed=3))
    one, other = study.ask(), study.ask()

    one.suggest_categorical("optimizer", ["sgd", "adam"])
    assert one.suggest_float("learning_rate", 1e-5, 1.0, log=True) == pytest.approx(0.001)
    assert one.suggest_float("x", 0, 1) == 0.5
    assert other.suggest_float("x", 0, 1) != 0.5
    drawn = optuna.create_study(sampler=LuthierSampler("random", seed=3)).ask()
    assert drawn.suggest_float("x", 0, 1) != 0.5
