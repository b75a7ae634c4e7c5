"""What a learner does with a module: start it, test it, complete it, update it, start it over."""
