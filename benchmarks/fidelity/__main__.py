"""``python -m benchmarks.fidelity record``; see the package."""
import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before NumPy is loaded
from pathlib import Path
from benchmarks.fidelity.record import record
HERE = Path(__file__).parent
record(HERE / "curves", HERE.parent / "results" / "cache" / "curves", 75)
