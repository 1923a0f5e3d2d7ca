"""Stage I paints 64-pixel pictures from noise and a genre. A WGAN-GP with a genre classifier and conditional gates."""
