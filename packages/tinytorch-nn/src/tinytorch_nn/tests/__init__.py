"""Tests through several modules. `tito test --integration` runs those whose modules are there."""
