"""`python3 deploy/dev/stack …`: what `./tecnochat` runs."""

import sys
from pathlib import Path

# Run as a folder, Python puts the folder itself on the path; the package is one level up.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from stack.cli import main  # noqa: E402  (the path has to be set first)

sys.exit(main(sys.argv[1:]))
