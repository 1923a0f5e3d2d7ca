"""Sources of pictures: functions that return a `listing.Listing`, one module for each kind."""
