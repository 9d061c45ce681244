"""Results as tables on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

    from luthier.study import Study


def comparison(result: Mapping[str, Any]) -> Table:
    """Default against tuned on the untouched rows, with their intervals."""
    made = result["evaluation"]
    arrow = "higher" if made["direction"] == "maximize" else "lower"
    table = _table(f"{made['metric']} on {made['rows']} untouched rows ({arrow} is better)")
    table.add_column("")
    table.add_column("score", justify="right")
    table.add_column(f"{made['level']:.0%} interval", justify="right")
    for name in ("default", "tuned"):
        row = made[name]
        table.add_row(name, _number(row["score"]), _interval(row))
    row = made["difference"]
    style = {"better": "bold green", "worse": "bold red"}.get(made["verdict"], "")
    table.add_row("gain of tuning", f"{row['score']:+.4g}", _interval(row, "+"), style=style)
    return table


def params(result: Mapping[str, Any]) -> Table:
    """The best hyperparameters beside their defaults."""
    table = _table(f"Best hyperparameters (trial {result['trial']})")
    table.add_column("name")
    table.add_column("tuned", justify="right")
    default = result.get("default")
    if default is not None:
        table.add_column("default", justify="right")
    for name, value in result["params"].items():
        cells, told = [name, _number(value)], _number((default or {}).get(name, ""))
        style = "" if told == _number(value) else "bold"
        table.add_row(*cells, *([] if default is None else [told]), style=style)
    return table


def trials(study: Study, rows: list[int]) -> Table:
    """Some trials, one a line."""
    table = _table(f"{len(rows)} of {len(study)} trials")
    table.add_column("trial", justify="right")
    table.add_column("state")
    for objective in study.objectives:
        table.add_column(objective.name, justify="right")
    table.add_column("seconds", justify="right")
    table.add_column("parameters", overflow="fold")
    for row in rows:
        got = study[row]
        values = [_number(got.values.get(o.name, "")) for o in study.objectives]
        if not got.values and got.reached is not None:
            values[0] = f"{_number(got.reached[1])} at step {got.reached[0]}"
        told = ", ".join(f"{name}={_number(value)}" for name, value in got.params.items())
        if got.error:
            told += f"  {got.error['kind']}: {got.error['message'].splitlines()[0][:100]}"
        taken = "" if got.seconds != got.seconds else f"{got.seconds:.2f}"
        table.add_row(str(row), got.state.lower(), *values, taken, told)
    return table


def _table(title: str) -> Table:
    from rich import box
    from rich.table import Table

    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _interval(row: Mapping[str, Any], sign: str = "") -> str:
    return f"{row['low']:{sign}.4g} to {row['high']:{sign}.4g}"
