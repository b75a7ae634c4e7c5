"""What milestones that read and write share: a GPT, its text, and all that both compute by hand."""
