"""
The weight study: an algorithm for the nodes, and the script that asks for it.
"""
