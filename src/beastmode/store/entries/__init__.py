"""Answers that need not be asked for again, as they lie in the database below the memory of a gateway."""
