"""The launcher: starts all processes of a site on one machine, restarts those that die, and stops them all."""
