"""What every room may use and none owns: settings, logs, and small things of the operating system."""
