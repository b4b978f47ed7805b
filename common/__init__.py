"""Code that every package may use: settings, logging, and small helpers around the operating system."""
