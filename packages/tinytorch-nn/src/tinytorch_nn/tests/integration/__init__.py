"""Each file says in REQUIRES which modules it needs."""
