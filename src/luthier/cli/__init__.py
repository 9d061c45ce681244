"""The command line. `main` is what ``luthier`` in a shell calls."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command that ``sys.argv`` names; never returns."""
    from luthier.cli.app import app
    from luthier.cli.console import interrupted

    try:
        app()
    except KeyboardInterrupt:  # before or after a command's own work
        interrupted()
