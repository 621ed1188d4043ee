"""`python -m fast_channels.codegen [--check]`, called in the root of the repository."""

import sys

from .repository import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
