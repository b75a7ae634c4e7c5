"""What authors of tiers do: build and check them."""
