"""The contract over every store that luthier has."""

import os
import uuid

import pytest

from luthier import stores
from luthier.stores import Memory
from luthier.testing import StoreContract


class TestMemory(StoreContract):
    def open(self, folder, study="study"):
        self.made = getattr(self, "made", {})
        return self.made.setdefault(study, Memory())


class TestSQLite(StoreContract):
    def open(self, folder, study="study"):
        return stores.open(folder / "runs.db", study)


class TestSQLiteOnDisk(StoreContract):
    def open(self, folder, study="study"):
        return stores.open(folder / "runs.db", study, durable="disk")


@pytest.mark.skipif(
    "LUTHIER_TEST_POSTGRES" not in os.environ, reason="LUTHIER_TEST_POSTGRES holds no URL"
)
class TestPostgreSQL(StoreContract):
    def open(self, folder, study="study"):
        self.prefix = getattr(self, "prefix", None) or uuid.uuid4().hex  # the database is shared
        return stores.open(os.environ["LUTHIER_TEST_POSTGRES"], f"{self.prefix} {study}")
