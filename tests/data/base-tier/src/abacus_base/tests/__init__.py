"""Tests that go through both modules."""
