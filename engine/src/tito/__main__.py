"""`python -m tito`, for when the `tito` command is not on the PATH."""

from tito.cli import main

main()
