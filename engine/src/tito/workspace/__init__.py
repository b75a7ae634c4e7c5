"""A learner's folder on disk: where it is, what `tito.toml` says, and how files in it are written."""
