"""The Olympics tier of TinyTorch: lessons, milestones, integration tests."""
