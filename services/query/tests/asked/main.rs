//! Sessions asked as analysts ask them, and every SQL file by the test rows beside it.

mod conditions;
mod desk;
mod divisions;
mod empty;
mod expansion;
mod kept;
mod meanings;
mod overflow;
mod session;
mod support;
mod texts;
mod views;
