"""The core of Playtally: a CSV of song plays in, CSVs of totals out. It knows no web, no queue and no database."""
