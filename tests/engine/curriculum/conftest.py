"""Settings of the tests that try anything."""

from hypothesis import settings

settings.register_profile("curriculum", deadline=None)  # a busy machine is no bug
settings.load_profile("curriculum")
