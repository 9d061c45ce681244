"""``python -m benchmarks.portfolio record|choose|report``; see the package."""

from __future__ import annotations

import argparse
from pathlib import Path

RECORD = Path(__file__).parents[1] / "results" / "portfolio.jsonl"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.portfolio", description=__doc__)
    parser.add_argument("what", choices=["record", "choose", "report"])
    parser.add_argument("--minutes", type=float, default=55.0, help="CPU minutes to record in all")
    asked = parser.parse_args()
    if asked.what == "record":
        from benchmarks.portfolio.record import record

        record(RECORD, asked.minutes)
    else:
        from benchmarks.portfolio import choose

        getattr(choose, asked.what)(RECORD)


if __name__ == "__main__":
    main()
