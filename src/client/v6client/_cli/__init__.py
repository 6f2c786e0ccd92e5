"""
The command line: `root` finds subcommands and says how they end, the other modules are the subcommands.
"""
