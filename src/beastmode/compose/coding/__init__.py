"""What a run that writes code has beside others: its coders, its gateway, and a person's word on their work."""
