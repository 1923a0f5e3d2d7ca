"""Pictures that the program draws, to try the project without a collection of real paintings."""
