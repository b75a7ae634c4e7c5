"""TinyTorch's Foundation tier: modules 01 to 08, as an ordinary package of lessons and data."""
