# SPDX-License-Identifier: MIT
"""A worker in Python: main.py FOLDER NAME ARGUMENTS..., as launch.sh calls it.  Its platform is
NAME.py in FOLDER; what else lies there it imports by name.

FOLDER stands last in the path, and NAME.py is loaded from its file: a platform may be called as a
package is (numba_cuda), and that package's own imports must not find it.
"""

import sys
from pathlib import Path

folder, name, *words = sys.argv[1:]
sys.path.insert(0, str(Path(__file__).parent))
sys.path.append(folder)

from cnnbench.worker import main  # noqa: E402: the path must stand first

sys.exit(main(Path(folder, f"{name}.py"), words))
