from importlib.metadata import EntryPoint

import pytest

from luthier import samplers, schedulers
from luthier.errors import StudyError
from luthier.samplers import QMC, Auto, Grid, Random
from luthier.schedulers import Full, Median


@pytest.fixture
def plugged(monkeypatch):
    def entry_points(*, group):
        assert group == "luthier.samplers"
        return [EntryPoint("Spiral", "luthier.samplers.qmc:QMC", group)]

    monkeypatch.setattr("importlib.metadata.entry_points", entry_points)


@pytest.mark.parametrize(
    ("word", "kind"),
    [("auto", Auto), ("grid", Grid), ("qmc", QMC), ("QMC", QMC), ("Random", Random)],
)
def test_a_name_becomes_a_sampler(word, kind):
    assert samplers.sampler(word) == kind()


def test_a_name_becomes_a_scheduler():
    assert schedulers.scheduler("median") == Median()
    assert schedulers.scheduler("full") == Full()


def test_a_part_comes_back_as_it_is():
    given = Grid(points=3)

    assert samplers.sampler(given) is given


def test_a_plug_in_adds_a_name(plugged):
    assert samplers.sampler("Spiral") == QMC()


def test_a_misspelt_name_is_an_error_with_the_nearest(plugged):
    with pytest.raises(StudyError, match=r"none named 'qcm'. Did you mean 'qmc'.*Spiral.*random"):
        samplers.sampler("qcm")


@pytest.mark.parametrize(
    ("word", "ours"),
    [
        ("nsga2", "'genetic'"), ("NSGA-II", "'genetic'"), ("NSGAIISampler", "'genetic'"),
        ("evolution", "'genetic'"), ("bayesian", "'gp'"), ("bo", "'gp'"), ("sobol", "'qmc'"),
        ("cma-es", "'cmaes'"), ("CmaEsSampler", "'cmaes'"), ("TPESampler", "'tpe'"),
        ("grid_search", "'grid'"), ("BOHB", "scheduler='bohb'"), ("transfer", r"Transfer\(studies"),
    ],
)  # fmt: skip
def test_a_sampler_by_another_tools_name_is_an_error_with_ours(word, ours):
    with pytest.raises(StudyError, match=f"none named {word!r}. Write {ours}"):
        samplers.sampler(word)


@pytest.mark.parametrize(
    ("word", "ours"),
    [
        ("pbt", "'population'"), ("PB2", r"Population\(explore='pb2'\)"), ("sha", "'asha'"),
        ("successive_halving", "'asha'"), ("SuccessiveHalvingPruner", "'asha'"),
        ("MedianPruner", "'median'"), ("HyperbandPruner", "'hyperband'"), ("nop", "'full'"),
        ("PatientPruner", "'patience'"), ("WilcoxonPruner", "'race'"), ("none", "'full'"),
    ],
)  # fmt: skip
def test_a_scheduler_by_another_tools_name_is_an_error_with_ours(word, ours):
    with pytest.raises(StudyError, match=f"none named {word!r}. Write {ours}"):
        schedulers.scheduler(word)


@pytest.mark.parametrize("package", [samplers, schedulers])
def test_what_is_written_for_the_words_of_others_is_there(package):
    for word, ours in package.WORDS.items():
        named = [name for name in package.NAMES if f"'{name}'" in ours]

        assert word not in package.NAMES
        assert word == "partialfixed" or "scheduler=" in ours or named or getattr(
            package, ours.partition("(")[0]
        )  # fmt: skip


def test_a_class_in_place_of_an_object_says_how_to_make_one():
    with pytest.raises(StudyError, match=r"Write Grid\(\) to make one"):
        samplers.sampler(Grid)


@pytest.mark.parametrize("given", [None, 7, object(), Full()])
def test_what_is_no_sampler_is_an_error(given):
    with pytest.raises(StudyError, match="expected a name or an object with a method 'ask'"):
        samplers.sampler(given)


def test_every_listed_name_can_be_imported_from_its_package():
    assert samplers.Grid is Grid
    assert schedulers.Median is Median
    for package in (samplers, schedulers):
        for word in package.NAMES:
            find = package.sampler if package is samplers else package.scheduler
            assert find(word) is not None
        with pytest.raises(AttributeError, match="Nothing"):
            package.Nothing  # noqa: B018 - looking it up is the test
