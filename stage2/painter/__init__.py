"""Paint with trained weights: requests, batches, many files, animations."""
