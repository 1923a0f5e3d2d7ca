"""What a training run leaves on disk, and the loop that writes it."""
