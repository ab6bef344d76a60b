//! What an operator does: settings, `doctor`, backup and restore, health and metrics, shutdown.

mod backup;
pub(crate) mod continuity;
mod damage;
mod doctor;
mod endpoints;
pub(crate) mod feeds;
mod killed;
pub(crate) mod secure;
mod settings;
mod shutdown;
