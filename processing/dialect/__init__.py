"""What headers, rows, dates and numbers may look like: pure rules, without a file."""
