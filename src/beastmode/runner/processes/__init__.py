"""Processes of attempts: begun, heard, and ended with all that they began, however the runner dies."""
