//! An in-memory store that loses and fails on demand, for simulations.
