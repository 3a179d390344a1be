"""How it is reached: settings, the container, and a package for each way in."""
