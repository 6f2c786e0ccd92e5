"""
Simulated nodes, and the algorithms they run.

A node is a client of the server and knows what a real node knows: nothing here imports the server's state or routes.
"""
