"""How things are kept: SQLite and PostgreSQL through SQLAlchemy Core, with explicit rows and no ORM."""
