"""What a run may take, before and while it runs, by what earlier ones have taken."""
