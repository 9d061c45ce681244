"""What may be used of a machine, read from files that look like its own."""

import os
from pathlib import Path

import pytest

from luthier.errors import StudyError
from luthier.run import machine

HAS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def write(root: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(root)


V1 = "7:cpu,cpuacct:/job\n4:memory:/job/trial\n0::/\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"proc/self/cgroup": "0::/job/a\n", "sys/fs/cgroup/job/cpu.max": "150000 100000\n"}, 1),
        ({"proc/self/cgroup": "0::/job/a\n", "sys/fs/cgroup/job/cpu.max": "20000 100000\n"}, 1),
        ({"proc/self/cgroup": "0::/job\n", "sys/fs/cgroup/job/cpu.max": "max 100000\n"}, HAS),
        ({"proc/self/cgroup": "0::/of/host\n", "sys/fs/cgroup/cpu.max": "100000 100000\n"}, 1),
        ({"proc/self/cgroup": V1, "sys/fs/cgroup/cpu/job/cpu.cfs_quota_us": "100000",
          "sys/fs/cgroup/cpu/job/cpu.cfs_period_us": "100000"}, 1),
        ({"proc/self/cgroup": V1, "sys/fs/cgroup/cpu/job/cpu.cfs_quota_us": "-1",
          "sys/fs/cgroup/cpu/job/cpu.cfs_period_us": "100000"}, HAS),
        ({}, HAS),
    ],
)  # fmt: skip
def test_cores_are_those_of_the_affinity_and_the_cgroup(files, expected, tmp_path):
    assert machine.cores(write(tmp_path, files)) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"proc/self/cgroup": "0::/job/a\n", "sys/fs/cgroup/job/memory.max": "7000000\n",
          "sys/fs/cgroup/job/memory.current": "4000000\n",
          "sys/fs/cgroup/job/memory.stat": "anon 5\ninactive_file 1000000\n"}, 4_000_000),
        ({"proc/self/cgroup": V1, "sys/fs/cgroup/memory/job/memory.limit_in_bytes": "7000000",
          "sys/fs/cgroup/memory/job/memory.usage_in_bytes": "9000000",
          "sys/fs/cgroup/memory/job/memory.stat": "cache 5\n"}, 0),
    ],
)  # fmt: skip
def test_free_memory_is_what_the_cgroup_leaves(files, expected, tmp_path):
    assert machine.free_memory(write(tmp_path, files)) == expected


def test_free_memory_is_that_of_the_machine_without_a_cgroup(tmp_path):
    files = {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"}

    assert machine.free_memory(write(tmp_path, files)) > 10**7


def test_where_there_are_no_gpus_none_is_advised(monkeypatch):
    monkeypatch.setenv("LUTHIER_GPUS", "")

    with pytest.raises(StudyError, match=r"there are 0 GPUs here\. Leave gpus= out"):
        machine.shares(1, 3)


def test_gpus_are_those_that_are_named(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    assert machine.gpus() == ["3"]

    monkeypatch.setenv("LUTHIER_GPUS", "4, GPU-7,")
    assert machine.gpus() == ["4", "GPU-7"]
    assert machine.shares(0.5, 3) == ["4", "GPU-7", "4"]
    assert machine.shares(2, 1) == ["4,GPU-7"]
