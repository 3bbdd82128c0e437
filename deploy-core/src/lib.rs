//! Change management for OpCon schedules, on git: the library.
//!
//! The library never prints, prompts, or reads the environment or the home
//! directory: values, paths and callbacks come in, data goes out.
#![warn(missing_docs)]

pub mod definition;
pub mod deploy;
pub mod opcon;
pub mod repository;
pub mod rollout;
pub mod rules;
pub mod time_span;
pub mod time_zone;
