"""Stage I: noise and a genre in, a 64-pixel painting out. A WGAN-GP with a genre classifier and global gating."""
