"""`tito olympics`: events on the milestones' models, submissions, and what is measured of them."""
