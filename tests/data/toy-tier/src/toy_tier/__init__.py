"""A tier for the tests."""
