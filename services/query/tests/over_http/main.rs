//! `/v1/sql` over real HTTP, as clients meet it: who may ask, what is refused, where it ends.

mod ends;
mod lists;
mod refuses;
mod world;
