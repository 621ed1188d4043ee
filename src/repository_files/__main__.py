"""`python -m repository_files [--check]`, called in the root of the repository."""

import sys

from .outputs import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
