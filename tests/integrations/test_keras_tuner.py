"""`build(hp)` functions of KerasTuner ask a trial."""

import pytest

from luthier import Study
from luthier.errors import SpaceError
from luthier.integrations.keras_tuner import HyperParameters


def search(build, trials=30, seed=3):
    """What a build function was answered, trial by trial, and the study."""
    asked = []

    def objective(trial):
        hp = HyperParameters(trial)
        asked.append((build(hp), dict(hp.values), dict(trial.params)))
        return float(len(asked))

    return asked, Study(sampler="random", seed=seed).run(objective, trials=trials)


def test_every_kind_of_parameter_is_within_its_range():
    def build(hp):
        return {
            "units": hp.Int("units", min_value=32, max_value=100, step=32),
            "width": hp.Int("width", 4, 64, step=2, sampling="log"),
            "rate": hp.Float("rate", 1e-4, 1e-1, sampling="log"),
            "drop": hp.Float("drop", 0.1, 0.5, step=0.2, default=0.3),
            "act": hp.Choice("act", ["relu", "tanh"]),
            "norm": hp.Boolean("norm"),
            "kept": hp.Fixed("kept", 7.5),
        }

    asked, study = search(build)
    seen = {name: {answer[name] for answer, _, _ in asked} for name in asked[0][0]}

    assert seen["units"] == {32, 64, 96}
    assert seen["width"] == {4, 8, 16, 32, 64}
    assert min(seen["rate"]) < 1e-3 < 1e-2 < max(seen["rate"])
    assert {round(value, 6) for value in seen["drop"]} == {0.1, 0.3, 0.5}
    assert seen["act"] == {"relu", "tanh"}
    assert seen["norm"] == {False, True}
    assert "kept" not in study.space
    assert study.space["rate"].log


def test_names_in_a_scope_are_parameters_only_where_its_condition_holds():
    def build(hp):
        kind = hp.Choice("kind", ["plain", "deep"])
        with hp.conditional_scope("kind", ["deep"]):
            depth = hp.Int("depth", 2, 5)
        rate = hp.Float("rate", 0.25, 0.75, parent_name="kind", parent_values="plain")
        with hp.name_scope("top"):
            units = hp.Int("units", 3, 9)
            assert hp.get("units") == units
        assert hp["top/units"] == units
        assert "top/units" in hp
        assert "units" not in hp
        return kind, depth, rate

    asked, _ = search(build)

    for (kind, depth, rate), values, params in asked:
        assert ("depth" in params) == (kind == "deep")
        assert ("rate" in params) == (kind == "plain")
        assert depth == 2 or kind == "deep"
        assert rate == 0.25 or kind == "plain"
        assert values["depth"] == depth
    assert {kind for (kind, _, _), _, _ in asked} == {"plain", "deep"}


def test_a_name_that_was_not_asked_for_has_no_value():
    [trial] = Study(seed=3).ask()

    with pytest.raises(SpaceError, match=r"hp.get\('units'\): it has not been asked for"):
        HyperParameters(trial).get("units")


@pytest.mark.frameworks
def test_keras_tuner_answers_the_same_calls_with_values_of_the_same_sets():
    theirs = pytest.importorskip("keras_tuner").HyperParameters

    def build(hp):
        found = [
            hp.Int("units", 32, 100, step=32),
            hp.Int("width", 4, 70, step=2, sampling="log"),
            hp.Choice("batch", [16, 32, 64], default=32),
            hp.Boolean("norm", default=True),
        ]
        for i in range(hp.Int("layers", 1, 3)):
            with hp.name_scope(f"layer_{i}"):
                found.append(hp.Choice("act", ["relu", "tanh"]))
        with hp.conditional_scope("norm", [False]):
            found.append(hp.Int("only", 5, 8))
        return found

    hp = theirs()
    build(hp)
    asked, study = search(build, trials=60)
    names = set(study.space.names)

    assert names >= {parameter.name for parameter in hp.space if len(set(parameter.values)) > 1}
    for parameter in hp.space:
        own = {values[parameter.name] for _, values, _ in asked}
        assert own <= set(parameter.values), parameter.name


def test_defaults_that_are_given_come_first_where_they_can_be_met():
    def build(hp):
        return {
            "units": hp.Int("units", 32, 128, step=32, default=96),
            "between": hp.Int("between", 32, 128, step=32, default=50),
            "width": hp.Int("width", 4, 64, step=2, sampling="log", default=16),
            "rate": hp.Float("rate", 1e-4, 1e-1, sampling="log", default=0.02),
            "beyond": hp.Float("beyond", 1.0, 2.0, default=7.0),
            "act": hp.Choice("act", ["relu", "tanh", "gelu"], default="gelu"),
        }

    def first(seed):
        found = []
        study = Study(seed=seed)
        study.run(lambda trial: float(not found.append(build(HyperParameters(trial)))), trials=1)
        return found[0]

    for seed in range(3):
        given = first(seed)
        assert 1.0 <= given.pop("beyond") <= 2.0
        assert given.pop("between") in {32, 64, 96, 128}
        assert given == pytest.approx({"units": 96, "width": 16, "rate": 0.02, "act": "gelu"})
