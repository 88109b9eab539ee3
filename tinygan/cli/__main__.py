"""`python -m tinygan.cli`: the command line."""
import sys

from tinygan.cli import main

sys.exit(main())
