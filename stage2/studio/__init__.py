"""A page in the browser on which one paints: thin, because the painter does the work. It needs the extra `studio`."""
