"""Writes the files of this repository that are made from the models, the protocol tables and the source.

It is a tool of the repository: `nox -s generate` runs it, and the wheel does not contain it. Renderers are
pure functions that return text; what writes files is `fast_channels.codegen.write`, as for applications.
"""

from .events import refresh

# Before anything is made of the package: it says what its modules had when it was written.
refresh()
