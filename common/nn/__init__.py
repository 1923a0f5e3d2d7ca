"""Layers and losses that both stages' networks are made of."""
