"""The fault suite: what may go wrong with a site, done to real processes, and what must hold after it.

``make faults`` runs it with many files, ``make test`` with few.
"""
