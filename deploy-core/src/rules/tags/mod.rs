//! Tags: what each of the vendor's words changes in a definition.
//!
//! One table, `tags.toml` beside this file, drives replacing, checking, explaining
//! and the reference. A repository's own `rules/tags.toml` has the same
//! form and adds to it: where a guess about a definition's JSON is wrong, one line there
//! corrects it.

pub(crate) mod place;
mod table;

pub use table::{Example, Tag, TagKind, TagTable};
