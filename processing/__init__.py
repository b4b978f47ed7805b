"""A CSV of song plays in, CSVs of totals out. Pure: knows no web, no queue, no database."""
