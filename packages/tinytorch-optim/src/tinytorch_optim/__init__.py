"""The Optimization tier of TinyTorch: lessons, milestones, integration tests."""
