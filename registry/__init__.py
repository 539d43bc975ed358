"""Seals over their whole life: who applied, who approved, what is in use, and the log of all of it.

Facts stand in a database (SQLite by default, PostgreSQL by URL); files in the home are their effect.
"""
