//! The items of base, ours and theirs side by side.

use serde_json::Value;

use super::super::form;

/// Where an item comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Base,
    Ours,
    Theirs,
}

/// What the three sides hold under one key.
#[derive(Default)]
pub(super) struct Group<'v> {
    pub(super) base: Vec<&'v Value>,
    pub(super) ours: Vec<&'v Value>,
    pub(super) theirs: Vec<&'v Value>,
    /// A conflict that is noted already.
    pub(super) mark: Option<Value>,
}

impl<'v> Group<'v> {
    pub(super) fn any(&self) -> Option<&'v Value> {
        self.ours.first().or(self.theirs.first()).or(self.base.first()).copied()
    }

    pub(super) fn single(&self) -> (Option<&'v Value>, Option<&'v Value>, Option<&'v Value>) {
        (self.base.first().copied(), self.ours.first().copied(), self.theirs.first().copied())
    }

    /// Where the item comes from, if there is only one.
    pub(super) fn origin(&self) -> Option<Origin> {
        match (self.base.len(), self.ours.len(), self.theirs.len()) {
            (1, 0, 0) => Some(Origin::Base),
            (0, 1, 0) => Some(Origin::Ours),
            (0, 0, 1) => Some(Origin::Theirs),
            _ => None,
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// The items of three sets, by their key and in its order.
pub(super) fn groups<'v>(
    key: &[&str],
    base: &'v [Value],
    ours: &'v [Value],
    theirs: &'v [Value],
) -> Vec<Group<'v>> {
    let tagged = |side: u8| move |item: &'v Value| (side, item);
    let mut all: Vec<(u8, &Value)> = base
        .iter()
        .map(tagged(0))
        .chain(ours.iter().map(tagged(1)))
        .chain(theirs.iter().map(tagged(2)))
        .collect();
    all.sort_by(|a, b| form::compare_item_keys(key, a.1, b.1));
    let same_key = |a: &(u8, &Value), b: &(u8, &Value)| form::compare_item_keys(key, a.1, b.1).is_eq();
    all.chunk_by(same_key)
        .map(|chunk| {
            let of =
                |side: u8| chunk.iter().filter(|(other, _)| *other == side).map(|(_, item)| *item).collect();
            Group { base: of(0), ours: of(1), theirs: of(2), mark: None }
        })
        .collect()
}
