"""Measures of how near generated pictures come to held-out paintings."""
