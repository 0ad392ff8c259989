"""What a run needs, looked at before it costs anything. Every check is one file; `findings.py` says what they tell."""
