"""The embedded default: Postgres from a wheel, a sample ERP, a Heroku Connect simulator."""
