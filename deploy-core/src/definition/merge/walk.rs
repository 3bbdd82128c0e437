//! The walk over base, ours and theirs that takes what it can and marks the rest.

use serde_json::{Map, Value};

use super::super::compare::same;
use super::super::diff::{Place, in_words, pair_in_words};
use super::super::form::{self, Node, Order, Part};
use super::super::pairing::{MOST_COMPARED, differ_in_one_field};
use super::super::secret::{self, ENCRYPTED, hide_encrypted};
use super::super::{Thing, information};
use super::Conflict;
use super::groups::{Group, Origin, groups};
use super::marks::{Marks, Sides};
use super::renames::Renames;

/// Whose word counts where it does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Ours,
    Theirs,
}

/// Where the walk is.
#[derive(Clone)]
struct At<'n> {
    place: Place,
    path: String,
    key: String,
    node: &'n Node,
    /// The part never conflicts.
    is_soft: bool,
    /// Within what an encrypted object hides.
    is_secret: bool,
}

pub(super) struct Walk<'r> {
    preferred: Side,
    renames: &'r Renames,
    marks: Marks,
    conflicts: Vec<Conflict>,
}

impl<'r> Walk<'r> {
    pub(super) fn new(preferred: Side, renames: &'r Renames, marks: Marks) -> Self {
        Self { preferred, renames, marks, conflicts: Vec::new() }
    }

    pub(super) fn finish(self) -> (Marks, Vec<Conflict>) {
        (self.marks, self.conflicts)
    }

    pub(super) fn definition(&mut self, base: Option<&Value>, ours: &Value, theirs: &Value) -> Value {
        let at = At {
            place: Place { schedule: None, job: None, thing: Thing::Definition, key: None },
            path: String::new(),
            key: String::new(),
            node: Node::root(),
            is_soft: false,
            is_secret: false,
        };
        self.value(&at, base, Some(ours), Some(theirs)).unwrap_or_default()
    }

    fn value(
        &mut self,
        at: &At<'_>,
        base: Option<&Value>,
        ours: Option<&Value>,
        theirs: Option<&Value>,
    ) -> Option<Value> {
        if ours == theirs || base == theirs {
            return ours.cloned();
        }
        if base == ours {
            return theirs.cloned();
        }
        let only_noise = |side: &Value| base.is_some_and(|base| same(base, side));
        match (ours, theirs) {
            (Some(Value::Object(o)), Some(Value::Object(t))) => {
                Some(self.objects(at, base.and_then(Value::as_object), o, t))
            }
            (Some(Value::Array(o)), Some(Value::Array(t))) => {
                let list = base.and_then(Value::as_array);
                match (at.node.order(), list) {
                    (Order::Set(key), list) => {
                        Some(self.sets(at, key, list.map(Vec::as_slice).unwrap_or_default(), o, t))
                    }
                    (Order::Kept, Some(b)) if b.len() == o.len() && b.len() == t.len() && !at.is_soft => {
                        Some(self.by_position(at, b, o, t))
                    }
                    _ => self.conflict(at, base, ours, theirs),
                }
            }
            (Some(o), Some(t)) if is_same_to_us(at, o, t) => Some(self.choose(o, t).clone()),
            (Some(o), _) if only_noise(o) => theirs.cloned(),
            (_, Some(t)) if only_noise(t) => ours.cloned(),
            _ => self.conflict(at, base, ours, theirs),
        }
    }

    fn choose<T>(&self, ours: T, theirs: T) -> T {
        match self.preferred {
            Side::Ours => ours,
            Side::Theirs => theirs,
        }
    }

    fn objects(
        &mut self,
        at: &At<'_>,
        base: Option<&Map<String, Value>>,
        ours: &Map<String, Value>,
        theirs: &Map<String, Value>,
    ) -> Value {
        let is_encrypted = |map: &Map<String, Value>| {
            map.get("encrypted")
                .is_some_and(|flag| secret::is_encrypted(&serde_json::json!({"encrypted": flag})))
        };
        let encrypted = is_encrypted(ours) || is_encrypted(theirs) || base.is_some_and(is_encrypted);
        let mut merged = Map::new();
        for key in ours.keys().chain(theirs.keys().filter(|key| !ours.contains_key(*key))) {
            let at = at.field(key, encrypted);
            let base = base.and_then(|base| base.get(key));
            if let Some(value) = self.value(&at, base, ours.get(key), theirs.get(key)) {
                merged.insert(key.clone(), value);
            }
        }
        Value::Object(merged)
    }

    fn by_position(&mut self, at: &At<'_>, base: &[Value], ours: &[Value], theirs: &[Value]) -> Value {
        let items = (0..base.len()).filter_map(|index| {
            let at = at.position(index);
            self.value(&at, Some(&base[index]), Some(&ours[index]), Some(&theirs[index]))
        });
        Value::Array(items.collect())
    }

    fn sets(&mut self, at: &At<'_>, key: &[&str], base: &[Value], ours: &[Value], theirs: &[Value]) -> Value {
        let mut groups = groups(key, base, ours, theirs);
        let mut merged = Vec::new();
        let thing = at.list_thing();
        if thing.is_some_and(Thing::is_keyed_by_content) {
            self.edited_by_both(at, &mut groups);
        }
        if thing == Some(Thing::Job) {
            self.renamed_by_both(at, &mut groups);
        }
        for group in groups {
            if let Some(mark) = group.mark {
                merged.push(mark);
                continue;
            }
            let Some(item) = group.any() else { continue };
            let at = at.item(item);
            match (&group.base[..], &group.ours[..], &group.theirs[..]) {
                ([] | [_], [] | [_], [] | [_]) => {
                    let (b, o, t) = group.single();
                    let is_one_sided = o.is_some() != t.is_some();
                    let value = match at.place.schedule.as_deref().zip(at.place.job.as_deref()) {
                        Some((schedule, job))
                            if is_one_sided
                                && at.place.thing == Thing::Job
                                && self.renames.is_deleted(schedule, job) =>
                        {
                            self.conflict(&at, b, o, t)
                        }
                        _ => self.value(&at, b, o, t),
                    };
                    merged.extend(value);
                }
                _ => merged.extend(self.duplicates(&at, &group)),
            }
        }
        Value::Array(merged)
    }

    /// Several items under one key: counted, unless both sides edited the same one.
    fn duplicates(&mut self, at: &At<'_>, group: &Group<'_>) -> Vec<Value> {
        let count = |items: &[&Value], like: &Value| items.iter().filter(|item| same(item, like)).count();
        let mut kinds: Vec<&Value> = Vec::new();
        for item in group.ours.iter().chain(&group.theirs).chain(&group.base) {
            if !kinds.iter().any(|kind| same(kind, item)) {
                kinds.push(item);
            }
        }
        let counts: Vec<(&Value, usize, usize, usize)> = kinds
            .into_iter()
            .map(|kind| {
                (kind, count(&group.base, kind), count(&group.ours, kind), count(&group.theirs, kind))
            })
            .collect();
        let is_gone_twice = counts.iter().any(|(_, b, o, t)| o < b && t < b);
        let is_new = counts.iter().any(|(_, b, o, t)| o > b || t > b);
        let is_alike = counts.iter().all(|(_, _, o, t)| o == t);
        if is_gone_twice && is_new && !is_alike && !at.is_soft {
            return vec![self.mark(at, &group.base, &group.ours, &group.theirs)];
        }
        counts
            .into_iter()
            .flat_map(|(kind, b, o, t)| {
                let left = if o == t { o } else { (o + t).saturating_sub(b) };
                std::iter::repeat_n(kind.clone(), left)
            })
            .collect()
    }

    /// Both sides edited one item, and by that its key: one conflict, not two new items.
    fn edited_by_both(&mut self, at: &At<'_>, groups: &mut [Group<'_>]) {
        let only_in = |origin: Origin| -> Vec<usize> {
            (0..groups.len()).filter(|&at| groups[at].origin() == Some(origin)).collect()
        };
        let (gone, ours, theirs) = (only_in(Origin::Base), only_in(Origin::Ours), only_in(Origin::Theirs));
        if gone.len() * ours.len().max(theirs.len()) > MOST_COMPARED {
            return;
        }
        for gone in gone {
            let before = groups[gone].base[0];
            let edited = |side: &[&Value]| side.first().is_some_and(|item| differ_in_one_field(before, item));
            let by_us = ours.iter().copied().find(|&at| edited(&groups[at].ours));
            let by_them = theirs.iter().copied().find(|&at| edited(&groups[at].theirs));
            let (Some(by_us), Some(by_them)) = (by_us, by_them) else { continue };
            if at.is_soft {
                let left = self.choose(by_them, by_us);
                groups[left].clear();
                continue;
            }
            let (ours, theirs) = (groups[by_us].ours[0], groups[by_them].theirs[0]);
            groups[by_us].clear();
            groups[by_them].clear();
            groups[gone].mark = Some(self.mark(&at.item(before), &[before], &[ours], &[theirs]));
        }
    }

    fn renamed_by_both(&mut self, at: &At<'_>, groups: &mut [Group<'_>]) {
        let schedule = at.place.schedule.as_deref().unwrap_or_default();
        let named = |items: &[&Value], name: &str| matches!(items, [item] if item["name"] == name);
        for index in 0..groups.len() {
            let [ours] = groups[index].ours[..] else { continue };
            let Some(name) = ours["name"].as_str() else { continue };
            let Some(other) = self.renames.their_name(schedule, name) else { continue };
            let Some(by_them) = groups.iter().position(|group| named(&group.theirs, other)) else { continue };
            let theirs = groups[by_them].theirs[0];
            groups[by_them].clear();
            groups[index].mark = Some(self.mark(&at.item(ours), &[], &[ours], &[theirs]));
        }
    }

    fn conflict(
        &mut self,
        at: &At<'_>,
        base: Option<&Value>,
        ours: Option<&Value>,
        theirs: Option<&Value>,
    ) -> Option<Value> {
        if at.is_soft {
            return self.choose(ours, theirs).cloned();
        }
        let list = |side: Option<&Value>| -> Vec<Value> { side.into_iter().cloned().collect() };
        Some(self.mark(
            at,
            &list(base).iter().collect::<Vec<_>>(),
            &list(ours).iter().collect::<Vec<_>>(),
            &list(theirs).iter().collect::<Vec<_>>(),
        ))
    }

    /// Notes a conflict and gives the mark that stands for it.
    fn mark(&mut self, at: &At<'_>, base: &[&Value], ours: &[&Value], theirs: &[&Value]) -> Value {
        let (our_words, their_words) = match (ours, theirs) {
            ([ours], [theirs]) if !at.is_secret && !ours.is_object() && !theirs.is_object() => {
                let (ours, theirs) = pair_in_words(&hide_encrypted(ours), &hide_encrypted(theirs));
                (Some(ours), Some(theirs))
            }
            _ => (at.words(ours), at.words(theirs)),
        };
        self.conflicts.push(Conflict {
            place: at.place.clone(),
            field: (!at.path.is_empty()).then(|| at.path.clone()),
            base: at.words(base),
            ours: our_words,
            theirs: their_words,
        });
        let owned = |items: &[&Value]| items.iter().map(|item| (*item).clone()).collect();
        self.marks.add(Sides { ours: owned(ours), theirs: owned(theirs) })
    }
}

/// Whether two values differ only in what says nothing.
fn is_same_to_us(at: &At<'_>, ours: &Value, theirs: &Value) -> bool {
    if at.place.thing == Thing::Schedule && at.path == "documentation" {
        return information::same(Some(ours), Some(theirs));
    }
    at.is_soft || (form::is_noise(&at.key, ours) && form::is_noise(&at.key, theirs))
}

impl<'n> At<'n> {
    fn field(&self, key: &str, of_encrypted: bool) -> At<'n> {
        let is_root = self.place.thing == Thing::Definition && self.path.is_empty();
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        At {
            place: self.place.clone(),
            path,
            key: key.to_owned(),
            node: self.node.child(key),
            is_soft: self.is_soft || (is_root && matches!(form::part(key), Part::Header | Part::Reverse)),
            is_secret: self.is_secret || (of_encrypted && secret::is_secret_field(key, &Value::Null)),
        }
    }

    fn position(&self, index: usize) -> At<'n> {
        At { path: format!("{}[{index}]", self.path), key: String::new(), ..self.clone() }
    }

    /// What the list at this place holds, if its items are things of their own.
    fn list_thing(&self) -> Option<Thing> {
        match self.place.thing {
            Thing::Definition => Thing::at_top(&self.path),
            Thing::Schedule => Thing::in_schedule(&self.path),
            Thing::Job => Thing::in_job(&self.path),
            _ => None,
        }
    }

    fn item(&self, item: &Value) -> At<'n> {
        let Some(thing) = self.list_thing() else {
            let label = Thing::Definition.label(item);
            return At { path: format!("{}[{label}]", self.path), key: String::new(), ..self.clone() };
        };
        let text = |key: &str| item[key].as_str().map(str::to_owned);
        let mut place = Place { thing: thing.of_item(item), ..self.place.clone() };
        match thing {
            Thing::Schedule => place.schedule = text("name"),
            Thing::Job => place.job = text("name"),
            _ => place.key = Some(thing.label(item)),
        }
        At { place, path: String::new(), key: String::new(), ..self.clone() }
    }

    fn words(&self, items: &[&Value]) -> Option<String> {
        let words = items.iter().map(|item| match item {
            _ if self.is_secret => ENCRYPTED.to_owned(),
            item if self.path.is_empty() && item.is_object() => {
                let label = self.place.thing.label(item);
                format!("{} {}", self.place.thing.singular(), in_words(&Value::from(label)))
            }
            item => in_words(&hide_encrypted(item)),
        });
        (!items.is_empty()).then(|| words.collect::<Vec<_>>().join(", "))
    }
}
