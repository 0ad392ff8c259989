"""One idea, one file; each a pure core that takes times and returns times. No knowledge of tasks or of HTTP."""
