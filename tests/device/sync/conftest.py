"""How the tests of the way to the platform run."""

from hypothesis import settings

# Two busy cores give no example its time reliably.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
