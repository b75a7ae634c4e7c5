"""Lessons: their source format, what can be wrong in it, their views, and the compiled manifest.

Start-up reads `manifest` and `installed` only; what parses sources is imported where it is used.
"""
