//! What runs on the embedded log by design.

mod catalogs;
mod demo;
mod sdmx;
mod validate;
