"""
What the Docker image runs: the functions of the algorithm, with the decorators of vantage6-algorithm-tools around them.
"""

from __future__ import annotations

from vantage6.algorithm.tools.decorators import algorithm_client, data

from weight_study import algorithm

central = algorithm_client(algorithm.central)
partial = data(1)(algorithm.partial)
