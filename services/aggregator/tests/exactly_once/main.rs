//! From the log to the lake: what each kind of record becomes, and that crashes, rivals and retries change nothing.

mod audit;
mod continuity;
mod corrections;
mod path;
mod retention;
mod simulation;
mod world;
