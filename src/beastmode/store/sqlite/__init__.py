"""SQLite files of ours, as far as all are alike."""
