# SPDX-License-Identifier: Apache-2.0
"""Where the example keeps its files: STUDIO_HOME, else build/content-studio of this tree."""
import os

_HERE = os.path.dirname(os.path.abspath(__file__))


def path(*names):
    """A path in that folder, which is made when it is missing."""
    folder = os.environ.get("STUDIO_HOME") or os.path.join(_HERE, "../../build/content-studio")
    os.makedirs(folder, exist_ok=True)
    return os.path.abspath(os.path.join(folder, *names))
