"""Pictures and labels: from a source to a dataset folder, and from that to batches."""
