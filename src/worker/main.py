# SPDX-License-Identifier: MIT
"""A worker in Python: main.py FOLDER NAME ARGUMENTS..., as launch.sh calls it.  Its platform is the
module NAME in FOLDER."""

import sys
from pathlib import Path

folder, name, *words = sys.argv[1:]
sys.path[:0] = [folder, str(Path(__file__).parent)]

from cnnbench.worker import main  # noqa: E402: the path must stand first

sys.exit(main(name, words))
