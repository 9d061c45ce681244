"""Keywords that a function does not have, by what other tools call them."""

import inspect
import pickle
from dataclasses import replace

import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge

from luthier import Float, Limit, Space, Study, samplers, schedulers, tune
from luthier.errors import StudyError, UnknownArgument
from luthier.keywords import ATTRIBUTES, WORDS
from luthier.samplers import CMAES, GP, TPE, Genetic, Random
from luthier.schedulers import ASHA, Hyperband, Median, Patience, Population, Threshold
from luthier.sklearn import BayesSearchCV, SearchCV

SPACE = Space(x=Float(-3, 9))


def every_part():
    for module in (samplers, schedulers):
        found = (getattr(module, name) for name in module.__all__)
        yield from (kind for kind in found if isinstance(kind, type))


def loss(trial):
    raise TypeError("got an unexpected keyword argument 'n_trials'")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"n_trials": 10}, r"Study.run: there is no argument 'n_trials'. Write trials="),
        ({"n_jobs": 2}, "Write jobs="),
        ({"timeout": 60}, "Write seconds="),
        ({"time_limit": 60}, "Write seconds="),
        ({"patiense": 6}, "Did you mean 'patience'"),
        ({"seed": 3}, "Give Study seed="),
        ({"memory": "2GB"}, r"Write limit=Limit\(memory='2GB'\)"),
        ({"num_gpus": 1}, r"Write limit=Limit\(gpus=1\)"),
        ({"zzz": 3}, "The arguments are cpu_hours, executor, fixed, jobs"),
    ],
)
def test_a_run_says_the_word_that_is_meant(given, said):
    study = Study(SPACE)

    with pytest.raises(UnknownArgument, match=said):
        study.run(loss, **given)
    with pytest.raises(TypeError, match=said):
        study.run(loss, trials=3, **given)
    assert len(study) == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"direction": "maximize"}, "Study: .*Write minimize= or maximize=, with what the obj"),
        ({"pruner": "median"}, "Write scheduler="),
        ({"storage": "runs.db", "study_name": "a"}, "Write store="),
        ({"random_state": 3}, "Write seed="),
        ({"trials": 20}, "Give Study.run trials="),
        ({"n_trials": 20}, "Give Study.run trials=, how many"),
        ({"sampelr": "gp"}, "Did you mean 'sampler'"),
    ],
)
def test_a_study_says_the_word_that_is_meant(given, said):
    with pytest.raises(UnknownArgument, match=said):
        Study(SPACE, **given)


def test_tune_takes_the_words_of_both_and_says_them():
    with pytest.raises(UnknownArgument, match=r"tune: .*'n_trials'. Write trials="):
        tune(loss, SPACE, n_trials=20)
    with pytest.raises(UnknownArgument, match="Write minimize= or"):
        tune(loss, SPACE, direction="maximize")
    assert tune(lambda trial: trial.params["x"], SPACE, sampler="random", trials=2).seed == 0


def test_a_stored_study_is_opened_with_the_right_word(tmp_path):
    with pytest.raises(StudyError, match=r"Study.open: .*Write name="):
        Study.open(tmp_path / "runs.db", study_name="a")


@pytest.mark.parametrize("kind", [SearchCV, BayesSearchCV])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"n_iter": 20}, "Write trials="),
        ({"param_grid": {}}, "Write space="),
        ({"timeout": 60}, "Write time_limit="),
        ({"seed": 3}, "Write random_state="),
        ({"sampler": "gp"}, "Write method="),
        ({"jobs": 4}, "Write n_jobs="),
    ],
)
def test_a_search_says_the_word_that_is_meant(kind, given, said):
    with pytest.raises(UnknownArgument, match=said):
        kind(Ridge(), **given)


def test_a_search_is_cloned_as_before():
    copy = clone(SearchCV(Ridge(), {"alpha": Float(0.1, 9)}, trials=7))

    assert copy.trials == 7
    assert list(inspect.signature(SearchCV).parameters)[:2] == ["estimator", "space"]


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_what_optunas_studies_have_leads_to_what_there_is(name):
    study = Study(SPACE, sampler="random").run(lambda trial: trial.params["x"], trials=2)
    ours = ATTRIBUTES[name].partition("(")[0]

    with pytest.raises(AttributeError, match=rf"no attribute '{name}'. Write study.{ours}"):
        getattr(study, name)
    for part in ours.split("."):
        study = getattr(study, part)


def test_another_attribute_is_pythons_error():
    assert not hasattr(Study(SPACE), "bests")
    with pytest.raises(AttributeError, match="has no attribute 'bests'"):
        Study(SPACE).bests  # noqa: B018 - looking it up is the test


def test_an_error_inside_a_property_is_not_hidden(monkeypatch):
    monkeypatch.setattr("luthier.study.result", lambda history, i: [].nothing)
    study = Study(SPACE, sampler="random").run(lambda trial: trial.params["x"], trials=2)

    with pytest.raises(AttributeError, match="'list' object has no attribute 'nothing'"):
        study.best  # noqa: B018 - looking it up is the test


def test_an_objective_may_raise_what_it_likes():
    study = Study(SPACE).run(loss, trials=1)

    assert study[0].error["kind"] == "TypeError"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"timeout": 60}, "Limit: there is no argument 'timeout'. Write seconds="),
        ({"mem": "2GB"}, "Write memory='2GB'"),
        ({"num_cpus": 2}, "Write cores="),
        ({"secondes": 60}, "Did you mean 'seconds'"),
    ],
)
def test_a_limit_says_the_word_that_is_meant(given, said):
    with pytest.raises(UnknownArgument, match=said):
        Limit(**given)
    assert pickle.loads(pickle.dumps(Limit(seconds=60))) == Limit(60)


@pytest.mark.parametrize("word", WORDS)
def test_each_word_of_others_leads_to_a_keyword_that_there_is(word):
    kinds = (Study, Study.run, SearchCV, Limit, *every_part())
    takes = [set(inspect.signature(kind).parameters) for kind in kinds]
    meant = {phrase.partition("=")[0] for phrase in WORDS[word]}

    assert any(meant & names and word not in names for names in takes)


@pytest.mark.parametrize(
    ("part", "given", "said"),
    [
        (TPE, {"n_startup_trials": 10}, r"TPE: there is no .*Startup\(first, trials, then\)"),
        (TPE, {"multivariate": True}, "The sampler sees to that by itself"),
        (TPE, {"seed": 3}, r"Give Study seed=\."),
        (GP, {"kernel": None}, "The sampler sees to that by itself"),
        (GP, {"wrap": True}, "Did you mean 'warp'"),
        (CMAES, {"popsize": 9}, "Write population="),
        (Genetic, {"population_size": 9}, "Write population="),
        (Random, {"odd": 9}, "There are none"),
        (ASHA, {"min_resource": 1}, "Write least="),
        (ASHA, {"reduction_factor": 4}, "Write eta="),
        (ASHA, {"max_t": 81}, r"Give Study fidelity=\('epochs', 1, 81\)"),
        (Hyperband, {"min_resource": 1}, "Give Study fidelity="),
        (Median, {"n_startup_trials": 5}, "Write startup="),
        (Median, {"n_warmup_steps": 5}, "Write warmup="),
        (Patience, {"patience": 5}, "Write steps="),
        (Patience, {"min_delta": 0.1}, "Write least_gain="),
        (Threshold, {"upper": 0.1}, "Write worst="),
        (Population, {"population_size": 9}, "Write members="),
    ],
)
def test_a_part_says_the_word_that_is_meant(part, given, said):
    with pytest.raises(UnknownArgument, match=said):
        part(**given)


@pytest.mark.parametrize("kind", list(every_part()))
def test_every_part_explains_and_is_what_it_was(kind):
    with pytest.raises(UnknownArgument, match=f"^{kind.__name__}: there is no argument 'zzz'"):
        kind(zzz=3)
    if kind is not samplers.Transfer:  # it needs earlier studies
        assert kind() == kind() == pickle.loads(pickle.dumps(kind()))
        assert replace(kind()) == kind()
    assert str(inspect.signature(kind)).endswith("-> None")


def test_what_is_wrong_with_a_value_is_said_as_before():
    with pytest.raises(StudyError, match="eta must be") as raised:
        ASHA(eta=1)
    assert raised.value.__cause__ is None
    with pytest.raises(TypeError, match="takes from 1 to 2 positional"):
        TPE(True, 3)
