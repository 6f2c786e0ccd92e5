"""
What the pytest plugin loads once a test needs it.
"""
