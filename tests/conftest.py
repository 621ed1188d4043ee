"""What all tests share: how long hypothesis searches."""

import os

from hypothesis import settings

# The machine decides how fast an example is, so no example has a deadline.
settings.register_profile("default", deadline=None, max_examples=100)
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
