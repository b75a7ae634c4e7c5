"""The TinyTorch engine: it compiles lessons, composes the library out of them, and runs their tests."""
