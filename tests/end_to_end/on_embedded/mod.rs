//! What runs on the embedded log by design.

mod catalogs;
mod chinese;
mod demo;
mod sdmx;
mod validate;
