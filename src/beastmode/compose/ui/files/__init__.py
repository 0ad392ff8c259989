"""The files of a home for those who look at it: opened once they are there, and whether there is something new."""
