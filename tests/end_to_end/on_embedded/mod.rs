//! What runs on the embedded log by design.

mod analysts;
mod catalogs;
mod chinese;
mod demo;
mod flight;
mod sdmx;
mod validate;
