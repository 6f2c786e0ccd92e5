"""A Python client for vantage6 servers."""
