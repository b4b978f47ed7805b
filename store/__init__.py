"""What web and worker both remember: settings, rows, files and queue names."""
