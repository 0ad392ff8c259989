"""What a person asks of a gateway: every setting once, how it is written, and which of several places decides."""
