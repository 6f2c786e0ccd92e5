"""
The REST interface: one module per noun, each a list of routes.

A route's view parses the request, calls the state, and renders what comes back; nothing is decided here.
"""
