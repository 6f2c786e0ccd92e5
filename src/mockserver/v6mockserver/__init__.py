"""A vantage6 server and its nodes, in memory."""
