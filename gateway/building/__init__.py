"""What the configuration means: sections in, the objects and settings of the packages out. `app` puts them together."""
