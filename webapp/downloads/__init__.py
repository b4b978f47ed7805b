"""Downloads: parts, zips and the rows left out."""
