"""What both stages stand on: data, layers, runs, evaluation. Knows nothing of either stage."""
