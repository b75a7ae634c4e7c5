"""What milestones that look at images share: the networks, and all that they compute by hand."""
