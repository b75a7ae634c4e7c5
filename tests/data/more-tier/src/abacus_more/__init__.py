"""A tier of one module, for the tests."""
