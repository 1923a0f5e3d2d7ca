"""Where pictures come from: one module a kind of source, all listed by `listing.Source`."""
