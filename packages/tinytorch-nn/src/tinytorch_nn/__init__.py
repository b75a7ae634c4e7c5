"""The Architecture tier of TinyTorch: lessons, milestones, integration tests."""
