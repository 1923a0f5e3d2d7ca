"""Pictures and labels: make a dataset folder from a source, and draw batches from it."""
