"""What holds for all tests."""

from hypothesis import settings

# These machines are shared: how long one example takes says nothing.
settings.register_profile("estu", deadline=None)
settings.load_profile("estu")
