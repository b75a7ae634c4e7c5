"""How other distributions add to the engine: one entry-point group, `tito`, and a few typed hooks."""
