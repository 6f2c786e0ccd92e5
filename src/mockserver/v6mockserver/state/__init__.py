"""
The state of a server and the rules it follows, without HTTP: one module per noun, and what they share.
"""
