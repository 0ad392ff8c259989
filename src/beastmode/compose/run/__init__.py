"""A run at work: its session, whoever hears of it, and what people ask of it meanwhile."""
