"""Who is asking, how often, and what browsers are told about trust."""
