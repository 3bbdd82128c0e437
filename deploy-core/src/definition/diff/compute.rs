//! Computing a [`Difference`]: one walk over both definitions.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::super::compare::{Comparison, Purpose, identical, same};
use super::super::form::{self, Node, Order, Part};
use super::super::pairing::{Pairing, follow_renames, renamed_jobs};
use super::super::secret::{self, ENCRYPTED, hide_encrypted};
use super::super::{Definition, information};
use super::alike::{common_ends, fields, identical_lists};
use super::at::{At, place_of};
use super::{Change, ChangeKind, Difference, Place, Thing};

/// What changed from `a` to `b`.
///
/// ```
/// use deploy_core::definition::{Definition, diff};
///
/// let a = Definition::read(br#"{"scheduleList":[{"name":"Payroll","startTime":"06:00"}]}"#)?;
/// let b = Definition::read(br#"{"scheduleList":[{"name":"Payroll","startTime":"07:00"}]}"#)?;
/// let difference = diff::diff(&a, &b);
/// assert_eq!(difference.changes[0].field.as_deref(), Some("startTime"));
/// assert_eq!(difference.in_words(), "startTime");
/// # Ok::<(), deploy_core::definition::ReadError>(())
/// ```
pub fn diff(a: &Definition, b: &Definition) -> Difference {
    let (a, b) = (a.value(), b.value());
    let mut walk = Walk {
        changes: Vec::new(),
        comparison: Comparison::new(a, b, Purpose::Import),
        renames: HashMap::new(),
        part: Part::Own,
    };
    let mut keys: Vec<(Part, bool, &String)> = [a, b]
        .into_iter()
        .filter_map(Value::as_object)
        .flat_map(Map::keys)
        .map(|key| (form::part(key), key != "scheduleList", key))
        .filter(|(part, ..)| *part != Part::Header)
        .collect();
    keys.sort_unstable();
    keys.dedup();
    for (part, _, key) in keys {
        walk.part = part;
        walk.top_level(key, a.get(key), b.get(key));
    }
    Difference { changes: walk.changes }
}

struct Walk {
    changes: Vec<Change>,
    comparison: Comparison,
    /// (schedule, old job name) to new job name.
    renames: HashMap<(String, String), String>,
    part: Part,
}

impl Walk {
    fn top_level(&mut self, key: &str, a: Option<&Value>, b: Option<&Value>) {
        if let (Some(a), Some(b)) = (a, b)
            && identical(a, b)
        {
            return;
        }
        let node = Node::root().child(key);
        let (left, right) = (a.and_then(Value::as_array), b.and_then(Value::as_array));
        if let (Some(thing), Order::Set(set)) = (Thing::at_top(key), node.order())
            && (a.is_none() || left.is_some())
            && (b.is_none() || right.is_some())
            && (left.is_some_and(|list| !list.is_empty()) || right.is_some_and(|list| !list.is_empty()))
        {
            let (left, right) = (refs(left), refs(right));
            if thing == Thing::Schedule {
                self.schedules(set, &left, &right, node);
            } else {
                let owner = Place { schedule: None, job: None, thing, key: None };
                self.things(set, &left, &right, &owner, node);
            }
            return;
        }
        let place = Place { schedule: None, job: None, thing: Thing::Definition, key: None };
        self.value(&At { place: &place, path: key.to_owned(), node }, a, b);
    }

    fn schedules(&mut self, set: &[&str], a: &[&Value], b: &[&Value], node: &Node) {
        let pairing = Pairing::of(set, a, b);
        let place = |schedule: &Value| Place {
            schedule: Some(name(schedule).to_owned()),
            job: None,
            thing: Thing::Schedule,
            key: None,
        };
        for &(i, j) in &pairing.pairs {
            self.schedule(&place(b[j]), a[i], b[j], node);
        }
        // One schedule against one of another name: compared as what it is.
        if let ([i], [j]) = (&pairing.removed[..], &pairing.added[..]) {
            let place = place(b[*j]);
            self.renamed(&place, a[*i], b[*j]);
            self.schedule(&place, a[*i], b[*j], node);
            return;
        }
        for i in pairing.removed {
            self.whole(ChangeKind::Removed, place(a[i]), a[i]);
        }
        for j in pairing.added {
            self.whole(ChangeKind::Added, place(b[j]), b[j]);
        }
    }

    fn schedule(&mut self, place: &Place, a: &Value, b: &Value, node: &Node) {
        let at = At { place, path: String::new(), node };
        // Jobs first: dependencies follow the jobs that were renamed.
        let jobs = |schedule: &Value| schedule.get("jobList").is_some_and(Value::is_array);
        if jobs(a) && jobs(b) {
            self.jobs(&at.field("jobList"), a, b);
        }
        let is_walked = |key: &str| key == "jobList" && jobs(a) && jobs(b);
        for (key, a, b) in fields(a, b) {
            if is_walked(key) || key == "name" {
                continue;
            }
            match (key, a, b) {
                ("documentation", a, b) if information::same(a, b) => {}
                ("documentation", Some(Value::String(a)), Some(Value::String(b))) => {
                    let (a, b) = (information::without(a), information::without(b));
                    self.changed(&at.field(key), Value::from(a), Value::from(b));
                }
                (key, a, b) => self.member(Thing::in_schedule(key), &at.field(key), a, b),
            }
        }
    }

    fn jobs(&mut self, at: &At<'_>, a: &Value, b: &Value) {
        let (schedule, left, right) = (name(a), refs(a["jobList"].as_array()), refs(b["jobList"].as_array()));
        let Order::Set(set) = at.node.order() else { return };
        let mut pairing = Pairing::of(set, &left, &right);
        let place = |job: &Value| Place {
            schedule: at.place.schedule.clone(),
            job: Some(name(job).to_owned()),
            thing: Thing::Job,
            key: None,
        };
        for renamed in renamed_jobs(&pairing, &left, &right) {
            let (from, to) = (left[renamed.from], right[renamed.to]);
            pairing.removed.retain(|&i| i != renamed.from);
            pairing.added.retain(|&j| j != renamed.to);
            self.renamed(&place(to), from, to);
            self.renames.insert((schedule.to_owned(), name(from).to_owned()), name(to).to_owned());
        }
        for &i in &pairing.removed {
            self.whole(ChangeKind::Removed, place(left[i]), left[i]);
        }
        for &j in &pairing.added {
            self.whole(ChangeKind::Added, place(right[j]), right[j]);
        }
        for &(i, j) in &pairing.pairs {
            let (a, b) = (left[i], right[j]);
            if identical(a, b) {
                continue;
            }
            let place = place(b);
            let at = At { place: &place, path: String::new(), node: at.node };
            if !(a.is_object() && b.is_object()) {
                self.value(&at, Some(a), Some(b));
                continue;
            }
            for (key, a, b) in fields(a, b) {
                self.member(Thing::in_job(key), &at.field(key), a, b);
            }
        }
    }

    /// A field of a schedule or job: a list of things of their own, or a value.
    fn member(&mut self, thing: Option<Thing>, at: &At<'_>, a: Option<&Value>, b: Option<&Value>) {
        let (Some(thing), Some(Value::Array(left)), Some(Value::Array(right))) = (thing, a, b) else {
            return self.value(at, a, b);
        };
        if identical_lists(left, right) {
            return;
        }
        let owner = Place { thing, ..at.place.clone() };
        match at.node.order() {
            Order::Set(set) => self.things(set, &refs(Some(left)), &refs(Some(right)), &owner, at.node),
            Order::Kept => self.kept(left, right, &owner, at),
        }
    }

    /// A set of things, each a place of its own.
    fn things(&mut self, set: &[&str], a: &[&Value], b: &[&Value], owner: &Place, node: &Node) {
        let mut pairing = Pairing::of(set, a, b);
        self.drop_renamed(set, a, b, &mut pairing, owner);
        if owner.thing.is_keyed_by_content() {
            pairing.pair_edited(a, b);
        }
        for &i in &pairing.removed {
            self.whole(ChangeKind::Removed, place_of(owner, a[i]), a[i]);
        }
        for &j in &pairing.added {
            self.whole(ChangeKind::Added, place_of(owner, b[j]), b[j]);
        }
        for &(i, j) in &pairing.pairs {
            if identical(a[i], b[j]) || same(a[i], b[j]) {
                continue;
            }
            let place = place_of(owner, a[i]);
            let at = At { place: &place, path: String::new(), node };
            self.value(&at, Some(a[i]), Some(b[j]));
        }
    }

    /// Takes out dependencies that only follow a job's new name.
    fn drop_renamed(&self, set: &[&str], a: &[&Value], b: &[&Value], pairing: &mut Pairing, owner: &Place) {
        let schedule = match owner.thing {
            Thing::InternalDependency => owner.schedule.as_deref(),
            Thing::ExternalDependency | Thing::ReverseDependency => None,
            _ => return,
        };
        if self.renames.is_empty() || pairing.removed.is_empty() || pairing.added.is_empty() {
            return;
        }
        let mut followed: Vec<(Value, usize)> = pairing
            .removed
            .iter()
            .filter_map(|&i| Some((follow_renames(a[i], schedule, &self.renames)?, i)))
            .collect();
        followed.sort_by(|x, y| form::compare_items(set, &x.0, &y.0));
        let left: Vec<&Value> = followed.iter().map(|(item, _)| item).collect();
        let right: Vec<&Value> = pairing.added.iter().map(|&j| b[j]).collect();
        let found = Pairing::of(set, &left, &right).pairs;
        let old: Vec<usize> = found.iter().map(|&(i, _)| followed[i].1).collect();
        let new: Vec<usize> = found.iter().map(|&(_, j)| pairing.added[j]).collect();
        for (at, &(i, j)) in found.iter().enumerate() {
            if !same(left[i], right[j]) {
                pairing.pairs.push((old[at], new[at]));
            }
        }
        pairing.removed.retain(|i| !old.contains(i));
        pairing.added.retain(|j| !new.contains(j));
    }

    /// An array whose order counts: what stands alike at both ends is passed over.
    fn kept(&mut self, a: &[Value], b: &[Value], owner: &Place, at: &At<'_>) {
        let (start, end) = common_ends(a, b);
        let (a, b) = (&a[start..a.len() - end], &b[start..b.len() - end]);
        let both = a.len().min(b.len());
        for (old, new) in a.iter().zip(b) {
            let place = place_of(owner, old);
            let at = At { place: &place, path: String::new(), node: at.node };
            self.value(&at, Some(old), Some(new));
        }
        for old in &a[both..] {
            self.whole(ChangeKind::Removed, place_of(owner, old), old);
        }
        for new in &b[both..] {
            self.whole(ChangeKind::Added, place_of(owner, new), new);
        }
    }

    /// Any value, down to the fields that differ.
    fn value(&mut self, at: &At<'_>, a: Option<&Value>, b: Option<&Value>) {
        let (a, b) = match (a, b) {
            (Some(a), Some(b)) => (a, b),
            (Some(old), None) => {
                return self.field(at, ChangeKind::Removed, Some(hide_encrypted(old)), None);
            }
            (None, Some(new)) => return self.field(at, ChangeKind::Added, None, Some(hide_encrypted(new))),
            (None, None) => return,
        };
        if identical(a, b) || same(a, b) {
            return;
        }
        match (a, b) {
            (Value::Object(_), Value::Object(_)) => {
                let encrypted = secret::is_encrypted(a) || secret::is_encrypted(b);
                let is_calendar = at.place.thing == Thing::Calendar && at.path.is_empty();
                for (key, a, b) in fields(a, b) {
                    let hidden = |value: &Value| encrypted && secret::is_secret_field(key, value);
                    let at = at.field(key);
                    match (a, b) {
                        (Some(a), Some(b)) if is_calendar && key == "dateList" => self.dates(&at, a, b),
                        (Some(a), Some(b)) if same(a, b) => {}
                        (a, b) if a.or(b).is_some_and(hidden) => {
                            let kind = match (a, b) {
                                (Some(_), Some(_)) => ChangeKind::Changed,
                                (Some(_), None) => ChangeKind::Removed,
                                _ => ChangeKind::Added,
                            };
                            let hide = |value: Option<&Value>| value.map(|_| Value::from(ENCRYPTED));
                            self.field(&at, kind, hide(a), hide(b));
                        }
                        (a, b) => self.value(&at, a, b),
                    }
                }
            }
            (Value::Array(a), Value::Array(b)) => self.list(at, a, b),
            (a, b) => self.changed(at, hide_encrypted(a), hide_encrypted(b)),
        }
    }

    /// An array inside a thing: its items are told by key or by position.
    fn list(&mut self, at: &At<'_>, a: &[Value], b: &[Value]) {
        if let Order::Set(set) = at.node.order() {
            let (a, b): (Vec<_>, Vec<_>) = (a.iter().collect(), b.iter().collect());
            let pairing = Pairing::of(set, &a, &b);
            let label = |item: &Value| match (set, item) {
                ([], _) | (_, Value::String(_)) => String::new(),
                _ => set
                    .iter()
                    .filter_map(|path| form::field(item, path))
                    .map(super::in_words)
                    .collect::<Vec<_>>()
                    .join(" "),
            };
            for &i in &pairing.removed {
                self.value(&at.item(&label(a[i])), Some(a[i]), None);
            }
            for &j in &pairing.added {
                self.value(&at.item(&label(b[j])), None, Some(b[j]));
            }
            for &(i, j) in &pairing.pairs {
                self.value(&at.item(&label(a[i])), Some(a[i]), Some(b[j]));
            }
            return;
        }
        let (start, end) = common_ends(a, b);
        let rest = a.len().max(b.len()) - end;
        for index in start..rest {
            let (old, new) = (a[..a.len() - end].get(index), b[..b.len() - end].get(index));
            self.value(&at.item(&index.to_string()), old, new);
        }
    }

    fn dates(&mut self, at: &At<'_>, a: &Value, b: &Value) {
        let current = |dates| -> Vec<&Value> { self.comparison.current_dates(dates).collect() };
        let (a, b) = (current(a), current(b));
        let pairing = Pairing::of(&[], &a, &b);
        for i in pairing.removed {
            self.field(at, ChangeKind::Removed, Some(a[i].clone()), None);
        }
        for j in pairing.added {
            self.field(at, ChangeKind::Added, None, Some(b[j].clone()));
        }
    }

    fn whole(&mut self, kind: ChangeKind, place: Place, item: &Value) {
        let value = hide_encrypted(item);
        let (old, new) = if kind == ChangeKind::Removed { (Some(value), None) } else { (None, Some(value)) };
        self.changes.push(Change { part: self.part, place, kind, field: None, old, new });
    }

    fn renamed(&mut self, place: &Place, a: &Value, b: &Value) {
        let (old, new) = (Some(Value::from(name(a))), Some(Value::from(name(b))));
        self.changes.push(Change {
            part: self.part,
            place: place.clone(),
            kind: ChangeKind::Renamed,
            field: None,
            old,
            new,
        });
    }

    fn changed(&mut self, at: &At<'_>, old: Value, new: Value) {
        self.field(at, ChangeKind::Changed, Some(old), Some(new));
    }

    fn field(&mut self, at: &At<'_>, kind: ChangeKind, old: Option<Value>, new: Option<Value>) {
        let field = (!at.path.is_empty()).then(|| at.path.clone());
        self.changes.push(Change { part: self.part, place: at.place.clone(), kind, field, old, new });
    }
}

fn name(item: &Value) -> &str {
    item["name"].as_str().unwrap_or_default()
}

fn refs(list: Option<&Vec<Value>>) -> Vec<&Value> {
    list.into_iter().flatten().collect()
}
