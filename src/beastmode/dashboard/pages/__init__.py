"""One page of the dashboard a file. Each has `routes(site, reader) -> list[Route]`; `app.py` puts them together."""
