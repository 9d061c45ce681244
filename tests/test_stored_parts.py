import json

import pytest

from luthier import samplers, schedulers
from luthier.errors import StudyError
from luthier.named import find
from luthier.objectives import Fidelity
from luthier.samplers import GP, QMC, Mixed, Startup
from luthier.schedulers import ASHA, Hyperband, Population
from luthier.stored_parts import described, in_words, made_again


def again(part, kind="sampler"):
    names = samplers.CLASSES if kind == "sampler" else schedulers.NAMES
    return made_again(json.loads(json.dumps(described(part))), names, kind)


@pytest.mark.parametrize("name", sorted(samplers.NAMES))
def test_every_sampler_comes_back_from_the_log(name):
    part = find("sampler", "luthier.samplers", samplers.NAMES, name, "ask", {})

    assert again(part) == part


@pytest.mark.parametrize("name", sorted(schedulers.NAMES))
def test_every_scheduler_comes_back_from_the_log(name):
    part = find("scheduler", "luthier.schedulers", schedulers.NAMES, name, "keep", {})

    assert again(part, "scheduler") == part


@pytest.mark.parametrize(
    "part", [Startup(QMC(skip=3), 7, GP(warp=False)), Mixed((("gp", 2), (QMC(), 1)))]
)
def test_settings_and_samplers_inside_come_back_too(part):
    assert again(part) == part


def test_schedulers_with_settings_come_back():
    for part in (ASHA(eta=4), Hyperband(eta=2), Population(members=4, explore="pb2")):
        assert again(part, "scheduler") == part


class Own:
    """Of somebody else, and no dataclass."""


@pytest.mark.parametrize("part", [Own(), None, Startup(QMC(), 7, GP())])
def test_what_is_not_our_own_is_not_made_from_a_log(part):
    with pytest.raises(StudyError, match=r"which is not luthier's own\. Give it again with sched"):
        made_again(described(part), schedulers.NAMES, "scheduler")


def test_words_name_the_class_with_its_settings_and_cut_long_lists():
    part = {"part": "own.module:Climb", "width": 0.5, "seen": [1, 2, 3, 4]}

    assert in_words(part) == "Climb(width=0.5, seen=[1, 2, 3, ...])"
    assert in_words(Fidelity("epochs", 1, 81)) == "epochs from 1 to 81"
    assert in_words(()) == "none"
