"""Sources of pictures, one module for each kind. All of them follow the protocol `listing.Source`."""
