//! Instance properties: lists of `A=b;C=d`.

use std::sync::Arc;

use serde_json::Value;

use super::names::Places;
use super::{Matcher, Run};
use crate::rules::recorder::Change;
use crate::rules::tokens::split_outside;

impl Run<'_> {
    /// Replaces names or values of instance properties, and the names where they are used.
    pub(super) fn instance_properties(&mut self) {
        let request = self.request;
        if let Some(contents) = request.contents_matcher() {
            let whole = Matcher::Whole { current: &request.current, new: &request.new };
            let names = if request.current == request.new { whole } else { request.matcher() };
            let any_name = request.current.is_empty();
            self.places(&mut |site, changes| {
                site.leaves(&mut |pointer, value| {
                    let Value::String(list) = value else {
                        return;
                    };
                    let new = change_values(list, |name| any_name || names.matches(name), contents);
                    if let Some(new) = new {
                        let old = std::mem::replace(list, new.clone());
                        changes.push(Change {
                            pointer: pointer(),
                            old: Some(Value::String(old)),
                            new: Some(Value::String(new)),
                        });
                    }
                });
            });
        }
        if request.current == request.new || request.current.is_empty() {
            return;
        }
        if let Some(kind) = request.tag.names {
            let table = Arc::clone(&self.session.settings.tags);
            let matcher = request.matcher();
            self.rename(&Places::of(&table, &[kind], None), matcher.needle(), &mut |named| {
                matcher.apply(named.name)
            });
        }
    }
}

/// The list with the values of matching properties changed.
fn change_values(list: &str, is_it: impl Fn(&str) -> bool, contents: Matcher<'_>) -> Option<String> {
    let mut changed = false;
    let pieces: Vec<String> = split_outside(list, b';')
        .into_iter()
        .map(|piece| {
            let new =
                piece.split_once('=').filter(|(name, _)| is_it(name.trim())).and_then(|(name, value)| {
                    let new = match contents {
                        Matcher::Any { new } => Some(new.to_owned()),
                        contents => contents.apply(value),
                    }?;
                    (new != value).then(|| format!("{name}={new}"))
                });
            changed |= new.is_some();
            new.unwrap_or_else(|| piece.to_owned())
        })
        .collect();
    changed.then(|| pieces.join(";"))
}
