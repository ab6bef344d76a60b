//! The catalogs of PostgreSQL.
