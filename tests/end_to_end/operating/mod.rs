//! What an operator does: settings, `doctor`, backup and restore, health and metrics, shutdown.

mod backup;
mod doctor;
mod endpoints;
mod feeds;
mod killed;
mod settings;
mod shutdown;
