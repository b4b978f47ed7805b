"""Speed and memory beside other engines, on the same machine in the same run. Nothing here decides a test."""
