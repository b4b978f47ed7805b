"""Uploads: from the bytes of a request to a file on the disk and a job."""
