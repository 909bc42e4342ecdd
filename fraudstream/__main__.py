"""Entry point of ``python -m fraudstream``, which is equivalent to the command ``fraudstream``."""

import sys

from fraudstream.command_line import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
