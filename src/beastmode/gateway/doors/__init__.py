"""Who may ask a gateway, and how much: by the keys of a home, or inside a run. Nothing beside it knows more than
`door.py` says of it."""
