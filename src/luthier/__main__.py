"""``python -m luthier``, where no ``luthier`` is on the path of the shell."""

from luthier.cli import main

main()
