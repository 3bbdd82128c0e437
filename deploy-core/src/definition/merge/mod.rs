//! Three-way merge of definitions: by job name and key instead of by line.
//!
//! What only one side changed is taken, what both changed alike too; the rest
//! is a conflict, told in words and marked in the file. Ids, stamps and the
//! header never conflict. A job renamed on one side takes the other side's
//! edits along; events that name it are not rewritten.

mod groups;
mod marks;
mod renames;
mod text;
mod walk;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::diff::{Place, visible};
use super::{Definition, Thing, export_date, sort_sets, write};
use marks::Marks;
use walk::{Side, Walk};

/// What came of a merge.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// The merged definition; where there is a conflict, with what `ours` says.
    pub value: Value,
    /// What a person must decide; none: the merge is done.
    pub conflicts: Vec<Conflict>,
    /// The merged definition with a mark in place of every conflict.
    marked: Value,
    marks: Marks,
}

impl Merged {
    /// Without anything to decide.
    fn done(taken: &Definition) -> Self {
        let (value, marks) = (taken.value().clone(), Marks::default());
        Self { marked: value.clone(), value, conflicts: Vec::new(), marks }
    }

    /// The canonical bytes; conflicting places stand between git's conflict
    /// markers, whole lines each, so that either side is valid JSON.
    pub fn to_bytes(&self) -> Vec<u8> {
        if self.conflicts.is_empty() { write(&self.value) } else { text::write(&self.marked, &self.marks) }
    }
}

/// A place that both sides changed, each in its own way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Conflict {
    /// The thing in conflict.
    #[serde(flatten)]
    pub place: Place,
    /// The field of it; none where the whole thing is in conflict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What stood there before, in words; none: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// What our side says, in words; none: deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ours: Option<String>,
    /// What their side says, in words; none: deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theirs: Option<String>,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = &self.place;
        let mut words = Vec::new();
        if let Some(schedule) = &place.schedule {
            words.push(format!("schedule `{}`", visible(schedule)));
        }
        if let Some(job) = &place.job {
            words.push(format!("job `{}`", visible(job)));
        }
        if !matches!(place.thing, Thing::Schedule | Thing::Job | Thing::Definition) {
            let key = place.key.as_deref().unwrap_or("?");
            words.push(format!("{} `{}`", place.thing.singular(), visible(key)));
        }
        if let Some(field) = &self.field {
            words.push(format!("`{}`", visible(field)));
        }
        let side = |side: &Option<String>| match side {
            Some(value) => format!("`{value}`"),
            None => "deleted".to_owned(),
        };
        write!(f, "{}: ours {}, theirs {}", words.join(", "), side(&self.ours), side(&self.theirs))
    }
}

/// Merges what `ours` and `theirs` made of `base`; without a base, two
/// definitions that were added under the same name.
pub fn merge(base: Option<&Definition>, ours: &Definition, theirs: &Definition) -> Merged {
    if ours == theirs || base == Some(theirs) {
        return Merged::done(ours);
    }
    if base == Some(ours) {
        return Merged::done(theirs);
    }
    let prefers_theirs = export_date(theirs.value()) > export_date(ours.value());
    let renames = renames::Renames::of(base, ours, theirs);
    let (base, ours, theirs) = renames.followed(base, ours, theirs);
    let preferred = if prefers_theirs { Side::Theirs } else { Side::Ours };
    let marks = Marks::not_in([base.as_deref(), Some(&*ours), Some(&*theirs)].into_iter().flatten());
    let mut walk = Walk::new(preferred, &renames, marks);
    let marked = walk.definition(base.as_deref(), &ours, &theirs);
    let (marks, conflicts) = walk.finish();
    let mut value = marks.resolve(&marked);
    sort_sets(&mut value);
    Merged { value, conflicts, marked, marks }
}
