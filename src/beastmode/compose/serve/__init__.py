"""A gateway from settings: its parts joined, served, checked, and found by dashboards."""
