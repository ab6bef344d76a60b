//! The list: variant, code, HTTP status, meaning and what to do, in Chinese and English.
//!
//! A file has the reasons of one stage. Its macro adds them to those before and hands all to the next one, because an
//! enum is declared in one piece.

#[macro_use]
mod sender;
#[macro_use]
mod request;
#[macro_use]
mod bytes;
#[macro_use]
mod event;
#[macro_use]
mod question;
#[macro_use]
mod workbook;
#[macro_use]
mod template;
#[macro_use]
mod record;

sender! { (request bytes event question workbook template record codes) }
