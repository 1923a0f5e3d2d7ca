"""Layers and losses that both stages share."""
