"""Tasks that write code: a place for each, proof, and the one branch that all of it comes to."""
