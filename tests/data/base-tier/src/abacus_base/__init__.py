"""A course of two modules, for the tests."""
