"""The contract over every scheduler that luthier has."""

from luthier.schedulers import (
    ASHA,
    BOHB,
    DEHB,
    PASHA,
    Auto,
    FreezeThaw,
    Full,
    Hyperband,
    Median,
    Patience,
    Percentile,
    Population,
    Race,
    Threshold,
)
from luthier.testing import SchedulerContract


class TestFull(SchedulerContract):
    scheduler = Full()


class TestMedian(SchedulerContract):
    scheduler = Median(startup=2, warmup=1)


class TestPercentile(SchedulerContract):
    scheduler = Percentile(percentile=40, startup=2, warmup=1)


class TestPatience(SchedulerContract):
    scheduler = Patience(steps=3, least_gain=0.2)


class TestThreshold(SchedulerContract):
    scheduler = Threshold(worst=7.0)


class TestASHA(SchedulerContract):
    scheduler = ASHA()


class TestAuto(SchedulerContract):
    scheduler = Auto()


class TestHyperband(SchedulerContract):
    scheduler = Hyperband()


class TestBOHB(SchedulerContract):
    scheduler = BOHB(enough=4)


class TestPASHA(SchedulerContract):
    scheduler = PASHA(eta=2)


class TestRace(SchedulerContract):
    scheduler = Race(error=0.5)


class TestPopulation(SchedulerContract):
    scheduler = Population(members=5, interval=2)


class TestPB2(SchedulerContract):
    scheduler = Population(members=5, interval=2, share=0.4, explore="pb2")


class TestFreezeThaw(SchedulerContract):
    scheduler = FreezeThaw(eta=2)


class TestDEHB(SchedulerContract):
    scheduler = DEHB(population=4)
