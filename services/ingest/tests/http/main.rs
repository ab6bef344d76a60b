//! The service, in process through its router and over sockets.

mod accepts;
mod around;
mod cells;
mod connections;
mod contract;
mod decimals;
mod limits;
mod looks;
mod refuses_bytes;
mod refuses_events;
mod refuses_senders;
mod sdks;
mod secure;
mod sheets;
mod shown;
mod sockets;
mod sources;
mod templates;
mod workbooks;
mod world;
