"""Which versions and what machine: facts for the report, without names of people or places."""

from __future__ import annotations

import os
import platform
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any


@lru_cache(maxsize=1)
def about() -> dict[str, Any]:
    """Versions of luthier, Python and the libraries that are loaded; processor, cores, memory."""
    import luthier

    versions = {"luthier": luthier.__version__, "python": platform.python_version()}
    for name in ("numpy", "scipy", "sklearn", "pandas", "xgboost", "lightgbm", "torch", "keras"):
        version = getattr(sys.modules.get(name), "__version__", None)
        if version:
            versions["scikit-learn" if name == "sklearn" else name] = str(version)
    return {
        "versions": versions,
        "machine": {
            "system": f"{platform.system()} {platform.release().split('-')[0]}",
            "processor": _processor(),
            "cores": len(os.sched_getaffinity(0))
            if hasattr(os, "sched_getaffinity")
            else (os.cpu_count() or 1),
            "memory_gb": _memory(),
        },
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _memory() -> float:
    import psutil

    return round(psutil.virtual_memory().total / 2**30, 1)
