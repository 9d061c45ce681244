"""``python -m benchmarks.portfolio record|choose|report|against``; see the package."""

from __future__ import annotations

import argparse
from pathlib import Path

RECORD = Path(__file__).parents[1] / "results" / "portfolio.jsonl"
REFINED = RECORD.with_name("refined.jsonl")
AGAINST = RECORD.with_name("against.jsonl")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.portfolio", description=__doc__)
    parser.add_argument("what", choices=["record", "refine", "choose", "report", "against"])
    parser.add_argument("--minutes", type=float, default=55.0, help="CPU minutes to record in all")
    parser.add_argument("--tables", type=int, default=99, help="of refine: of each task")
    parser.add_argument("--contestants", nargs="*", help="of against; all but HEBO if not given")
    parser.add_argument("--seeds", type=int, default=2, help="of against")
    parser.add_argument("--trials", type=int, default=60, help="of against")
    parser.add_argument("--report", action="store_true", help="of against: run nothing")
    asked = parser.parse_args()
    if asked.what == "against":
        from benchmarks.portfolio import against, regret

        names = against.USUAL if asked.contestants is None else asked.contestants
        if not asked.report:
            against.against(RECORD, AGAINST, names, asked.seeds, asked.trials)
        if asked.contestants is None:
            regret.report(AGAINST)
    elif asked.what == "record":
        from benchmarks.portfolio.record import record

        record(RECORD, asked.minutes)
    elif asked.what == "refine":
        from benchmarks.portfolio.refine import refine

        refine(RECORD, REFINED, asked.minutes, asked.tables)
    else:
        from benchmarks.portfolio import choose

        getattr(choose, asked.what)(RECORD, REFINED)


if __name__ == "__main__":
    main()
