"""The contract over every sampler that luthier has."""

import pytest

from luthier.samplers import QMC, Auto, Grid, Random
from luthier.testing import SamplerContract


class TestRandom(SamplerContract):
    sampler = Random()


class TestQMC(SamplerContract):
    sampler = QMC()


@pytest.mark.slow  # it fits a model in every ask
class TestAuto(SamplerContract):
    sampler = Auto()
    budget = 30
    seeds = 8


class TestGrid(SamplerContract):
    sampler = Grid(points=4)
