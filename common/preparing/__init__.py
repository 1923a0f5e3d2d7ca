"""Prepare a dataset from pictures and labels as people keep them; `common.data` reads it."""
