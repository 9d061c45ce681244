"""The contract over every sampler that luthier has."""

from luthier.samplers import QMC, Auto, Grid, Random
from luthier.testing import SamplerContract


class TestRandom(SamplerContract):
    sampler = Random()


class TestQMC(SamplerContract):
    sampler = QMC()


class TestAuto(SamplerContract):
    sampler = Auto()


class TestGrid(SamplerContract):
    sampler = Grid(points=4)
