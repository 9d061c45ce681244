"""Where a benchmark's numbers go: a section of RESULTS.md between markers, and JSON beside it."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE = HERE / "RESULTS.md"


def commit() -> str:
    """The commit of this tree, and whether the library was changed since."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=HERE, capture_output=True, text=True)
        return done.stdout.strip()

    changed = (
        "" if not git("status", "--porcelain", "--", "../src") else " with uncommitted changes"
    )
    return (git("rev-parse", "--short", "HEAD") or "unknown") + changed


def surroundings(packages: list[str]) -> dict[str, Any]:
    """Machine, versions, commit and command of this run; names no host, user or path."""
    from luthier.about import about

    program = Path(sys.argv[0])
    program = program.parent if program.stem == "__main__" else program
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": commit(),
        "command": "python -m benchmarks." + " ".join([program.stem, *sys.argv[1:]]),
        "machine": about()["machine"],
        "versions": {"python": platform.python_version()}
        | {name: metadata.version(name) for name in packages},
    }


def write(name: str, title: str, body: str, raw: dict[str, Any]) -> None:
    """Replace the section `name` of RESULTS.md, and results/`name`.json."""
    around = raw["surroundings"]
    machine = around["machine"]
    versions = ", ".join(f"{key} {value}" for key, value in around["versions"].items())
    section = "\n".join(
        [
            f"<!-- begin {name} -->",
            f"## {title}",
            "",
            f"`{around['command']}`, {around['date']}, commit {around['commit']}; "
            f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, "
            f"{machine['system']}; {versions}. Raw numbers: "
            f"[results/{name}.json](results/{name}.json).",
            "",
            body.strip(),
            f"<!-- end {name} -->",
        ]
    )
    page = PAGE.read_text() if PAGE.exists() else HEAD
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    if begin in page:
        before, _, rest = page.partition(begin)
        page = before + section + rest.partition(end)[2]
    else:
        page = page.rstrip() + "\n\n" + section + "\n"
    PAGE.write_text(page)
    (HERE / "results").mkdir(exist_ok=True)
    (HERE / "results" / f"{name}.json").write_text(json.dumps(raw, indent=1) + "\n")


HEAD = """# Results

Each section is written by the command it names; run that again to replace it. Times of one machine
mean little elsewhere, so what counts are ratios of two programs measured in turns in one run.
"""
