"""Builds the dashboard: what reads the files of a home for its pages, what asks for changes, and what serves it."""
