//! The sandbox over real HTTP and TLS.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod client;
mod daily;
mod described;
mod document;
mod faults;
mod impex;
mod lists;
mod restart;
mod sign_on;
