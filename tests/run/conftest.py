"""Lets the tests of this folder, and the processes that they start, import `objectives`."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
