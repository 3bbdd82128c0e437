//! Handles: small values that stand for a schedule, a job, an event …
//!
//! A handle knows where its item stands, never what is in it: whole
//! definitions do not pass through scripts, so key order and long numbers survive.

use rhai::{Array, Dynamic};
use serde_json::{Map, Value};

use super::fields::{self, Field, Kind, List, Type};
use super::values::{dynamic, scalar, texts};
use crate::rules::diagnostic::nearest;
use crate::rules::document::{Owner, items, make};
use crate::rules::events::NameKind;
use crate::rules::recorder::Change;
use crate::rules::replace::{self, At, Wildcard, is_time, like};
use crate::rules::session::Session;

/// A handle onto an item of the document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Handle {
    pub(crate) kind: Kind,
    pub(crate) owner: Owner,
    /// The list of the owner it stands in, and where; nothing for the owner itself.
    item: Option<(&'static str, usize)>,
}

/// Why something could not be done, for the error that stops the script.
pub(crate) type Refused<T> = Result<T, String>;

impl Handle {
    fn of_owner(owner: Owner) -> Self {
        let kind = if matches!(owner, Owner::Job(..)) { Kind::Job } else { Kind::Schedule };
        Self { kind, owner, item: None }
    }

    fn value(self, document: &Value) -> Refused<&Value> {
        let owner = self.owner.get(document);
        let value = match self.item {
            None => owner,
            Some((list, at)) => owner.and_then(|owner| items(owner, list).get(at)),
        };
        value
            .filter(|value| !value.is_null())
            .ok_or_else(|| format!("this {} has been removed", self.kind.word()))
    }

    /// The pointer below the owner to something in the item.
    fn pointer(self, inside: &str) -> String {
        match self.item {
            None => inside.to_owned(),
            Some((list, at)) => format!("/{list}/{at}{inside}"),
        }
    }

    fn name(self, document: &Value) -> &str {
        let pointer = if self.kind == Kind::Script { "/data/name" } else { "/name" };
        self.value(document)
            .ok()
            .and_then(|value| value.pointer(pointer))
            .and_then(Value::as_str)
            .unwrap_or("")
    }

    /// The property of that name, out of those of all kinds that have the name.
    fn field(self, named: &[&'static Field]) -> Refused<&'static Field> {
        if let Some(field) = named.iter().find(|field| field.kind == self.kind) {
            return Ok(field);
        }
        let name = named.first().map_or("", |field| field.name);
        let near = nearest(name, fields::of(self.kind).map(|field| field.name));
        let hint = near.first().map_or(String::new(), |near| format!(" (did you mean `{near}`?)"));
        Err(format!("a {} has no property `{name}`{hint}", self.kind.word()))
    }

    /// The pointer of a property: the first whose object is there.
    fn place(self, document: &Value, field: &Field) -> Refused<&'static str> {
        let value = self.value(document)?;
        let there = field.pointers.iter().find(|pointer| {
            let holder = pointer.rsplit_once('/').map_or("", |(holder, _)| holder);
            child(value, holder).is_some()
        });
        there.copied().ok_or_else(|| {
            let what = value.get("type").and_then(Value::as_str).unwrap_or(self.kind.word());
            format!("`{}` ({what}) has no `{}`", self.name(document), field.name)
        })
    }

    /// Reads a property; what is not there is empty.
    pub(crate) fn read(self, session: &Session, named: &[&'static Field]) -> Refused<Dynamic> {
        let field = self.field(named)?;
        let item = self.value(&session.document)?;
        // Reading asks; only setting needs a place.
        let value = field.pointers.iter().find_map(|pointer| child(item, pointer));
        let text = value.and_then(replace::text_of);
        Ok(match field.of {
            Type::Text | Type::Time | Type::Name => text.as_deref().unwrap_or_default().into(),
            Type::Number => match text.as_deref() {
                None | Some("") => Dynamic::from_int(0),
                Some(text) => text.parse().map_or_else(|_| text.to_owned().into(), Dynamic::from_int),
            },
            Type::Flag => (text.as_deref() == Some("true")).into(),
            Type::Texts => texts(value).into_iter().map(Dynamic::from).collect::<Array>().into(),
        })
    }

    /// Sets a property.
    pub(crate) fn write(
        self,
        session: &mut Session,
        named: &[&'static Field],
        new: Dynamic,
        at: At,
    ) -> Refused<()> {
        let field = self.field(named)?;
        let name = field.name;
        if field.of == Type::Texts {
            return Err(format!("`{name}` is a list: use its methods, or `set` with a pointer"));
        }
        let pointer = self.place(&session.document, field)?;
        let there = child(self.value(&session.document)?, pointer);
        if let (Some(Value::String(old)), Some(new)) = (there, new.as_immutable_string_ref().ok().as_deref())
            && old == new.as_str()
        {
            return Ok(());
        }
        let new = scalar(new)?;
        let text = replace::text_of(&new).map(std::borrow::Cow::into_owned);
        match (field.of, &text) {
            (Type::Time, Some(time)) if !is_time(time) => {
                return Err(format!("`{name}` is a time written `HH:MM`, not `{time}`"));
            }
            (Type::Name, Some(text)) => return self.rename(session, text, at),
            (Type::Name, None) => return Err(format!("`{name}` has to be a text")),
            (Type::Flag, _) if !matches!(text.as_deref(), Some("true" | "false")) => {
                return Err(format!("`{name}` is true or false"));
            }
            (Type::Text, _) if !new.is_string() && !new.is_null() => {
                return Err(format!("`{name}` is a text, not {new}"));
            }
            _ => {}
        }
        self.set(session, pointer, new, at)
    }

    fn rename(self, session: &mut Session, new: &str, at: At) -> Refused<()> {
        let kind = match self.kind {
            Kind::Schedule => NameKind::Schedule,
            Kind::Job => NameKind::Job,
            Kind::Frequency => NameKind::Frequency,
            Kind::Property => NameKind::Property,
            Kind::Resource => NameKind::Resource,
            Kind::Threshold => NameKind::Threshold,
            Kind::Script => NameKind::Script,
            Kind::Role => NameKind::Role,
            Kind::NamedInstance => NameKind::NamedInstance,
            _ => return self.set(session, "/name", Value::String(new.to_owned()), at),
        };
        if new.is_empty() {
            return Err("a name cannot be empty".to_owned());
        }
        self.value(&session.document)?;
        let old = self.name(&session.document).to_owned();
        if old == new {
            return Ok(());
        }
        let schedule = match self.owner {
            Owner::Job(..) if self.kind == Kind::Job => self.owner.names(&session.document).0,
            _ => None,
        };
        replace::rename(session, kind, &old, new, schedule.as_deref(), at).map_err(|stop| {
            let message = stop.message().to_owned();
            session.stop = Some(stop);
            message
        })
    }

    /// Sets the value under a pointer inside the item.
    pub(crate) fn set(self, session: &mut Session, inside: &str, new: Value, at: At) -> Refused<()> {
        self.value(&session.document)?;
        let pointer = self.pointer(inside);
        let no_place = || format!("nothing can be set at `{inside}`");
        let owner = self.owner.get_mut(&mut session.document).ok_or_else(no_place)?;
        let old = owner.pointer(&pointer);
        if old == Some(&new) {
            return Ok(());
        }
        let old = old.cloned();
        let new = match (&old, replace::text_of(&new)) {
            (Some(old @ (Value::String(_) | Value::Number(_) | Value::Bool(_))), Some(text)) => {
                like(old, text.into_owned())
            }
            _ => new,
        };
        if old.as_ref() == Some(&new) {
            return Ok(());
        }
        *make(owner, &pointer).ok_or_else(no_place)? = new.clone();
        self.record(session, at, Change { pointer, old, new: Some(new) })
    }

    fn record(self, session: &mut Session, at: At, change: Change) -> Refused<()> {
        session.work += change.weight();
        let names = self.owner.names(&session.document);
        let call = session.recorder.line_call(at.line);
        let encrypted =
            self.value(&session.document).is_ok_and(|item| replace::is_set(item.get("encrypted")));
        let change = if encrypted && change.pointer.ends_with("/value") { change.masked() } else { change };
        session.recorder.hits(call, self.owner, names, vec![change]);
        if session.work > session.settings.limits.work { Err(replace::TOO_MUCH.to_owned()) } else { Ok(()) }
    }

    /// The value under a pointer inside the item; nothing where there is none.
    pub(crate) fn get(self, session: &Session, inside: &str) -> Refused<Dynamic> {
        match self.value(&session.document)?.pointer(inside) {
            None => Ok(Dynamic::UNIT),
            Some(value) => dynamic(value, inside),
        }
    }

    /// Whether there is a value under a pointer inside the item.
    pub(crate) fn has(self, session: &Session, inside: &str) -> Refused<bool> {
        Ok(self.value(&session.document)?.pointer(inside).is_some())
    }

    /// Takes the item out of the document.
    pub(crate) fn remove(self, session: &mut Session, at: At) -> Refused<()> {
        self.value(&session.document)?;
        let (owner, list, index) = match (self.item, self.owner) {
            (Some((list, index)), owner) => (owner, list, index),
            (None, Owner::Job(schedule, job)) => (Owner::Schedule(schedule), "jobList", job),
            (None, _) => return Err("a schedule cannot be removed by a rule".to_owned()),
        };
        let slot = owner.get_mut(&mut session.document).and_then(|owner| owner.get_mut(list)?.get_mut(index));
        let Some(slot) = slot else {
            return Ok(());
        };
        let old = std::mem::take(slot);
        let owner_names = owner.names(&session.document);
        let job =
            if self.kind == Kind::Job { old["name"].as_str().map(str::to_owned) } else { owner_names.1 };
        let encrypted = replace::is_set(old.get("encrypted"));
        let change = Change { pointer: format!("/{list}/{index}"), old: Some(old), new: None };
        let change = if encrypted { change.masked() } else { change };
        let call = session.recorder.line_call(at.line);
        session.work += change.weight();
        session.recorder.hits(call, owner, (owner_names.0, job), vec![change]);
        if !session.removed.contains(&(owner, list)) {
            session.removed.push((owner, list));
        }
        Ok(())
    }

    /// Changes the list of a job's tags.
    pub(crate) fn change_tags(self, session: &mut Session, tag: &str, add: bool, at: At) -> Refused<()> {
        self.value(&session.document)?;
        if self.kind != Kind::Job {
            return Err(format!("a {} has no tags", self.kind.word()));
        }
        let Some(Value::Object(job)) = self.owner.get_mut(&mut session.document) else {
            return Ok(());
        };
        let mut changes = Vec::new();
        if add {
            replace::add_to_list(job, "tagList", tag, &mut changes);
        } else if let Some(Value::Array(tags)) = job.get_mut("tagList") {
            let is_it = |item: &Value| item == tag || item.get("name").is_some_and(|name| name == tag);
            while let Some(index) = tags.iter().position(is_it) {
                let old = tags.remove(index);
                changes.push(Change { pointer: format!("/tagList/{index}"), old: Some(old), new: None });
            }
        }
        for change in changes {
            self.record(session, at, change)?;
        }
        Ok(())
    }

    /// Appends an event.
    pub(crate) fn add_event(self, session: &mut Session, text: &str, status: &str, at: At) -> Refused<Self> {
        self.value(&session.document)?;
        if !matches!(self.kind, Kind::Job | Kind::Schedule) {
            return Err(format!("a {} has no events", self.kind.word()));
        }
        let Some(Value::Object(owner)) = self.owner.get_mut(&mut session.document) else {
            return Err("no events can be added here".to_owned());
        };
        let list = owner.entry("eventList").or_insert_with(|| Value::Array(Vec::new()));
        let Value::Array(list) = list else {
            return Err("`eventList` is no list".to_owned());
        };
        let mut event = Map::new();
        event.insert("event".to_owned(), text.into());
        event.insert("jobStatus".to_owned(), status.into());
        list.push(Value::Object(event.clone()));
        let index = list.len() - 1;
        let pointer = format!("/eventList/{index}");
        self.record(session, at, Change { pointer, old: None, new: Some(Value::Object(event)) })?;
        Ok(Self { kind: Kind::Event, owner: self.owner, item: Some(("eventList", index)) })
    }

    /// The schedule that a job, or what belongs to it, is in.
    pub(crate) fn schedule(self) -> Refused<Self> {
        match self.owner {
            Owner::Schedule(at) | Owner::Job(at, _) => Ok(Self::of_owner(Owner::Schedule(at))),
            Owner::Top => Err(format!("a {} belongs to no schedule", self.kind.word())),
        }
    }

    /// The row of a list of this kind of item.
    pub(crate) fn list_of(self, name: &str) -> Refused<&'static List> {
        let wanted = |list: &&List| list.owner == Some(self.kind) && (list.name == name || list.one == name);
        fields::LISTS.iter().find(wanted).ok_or_else(|| format!("a {} has no `{name}`", self.kind.word()))
    }

    /// The items of a list, those of a name or its beginning (`LOAD*`).
    pub(crate) fn list(
        session: &Session,
        row: &List,
        owner: Option<Self>,
        pattern: &str,
    ) -> Refused<Vec<Self>> {
        let owner = match owner {
            Some(handle) => {
                handle.value(&session.document)?;
                handle.owner
            }
            None => Owner::Top,
        };
        let Some(value) = owner.get(&session.document) else {
            return Ok(Vec::new());
        };
        let wanted = Wildcard::new(pattern);
        let handles = items(value, row.key).iter().enumerate().filter(|(_, item)| is_of(row.kind, item)).map(
            |(at, _)| match (row.kind, owner) {
                (Kind::Schedule, _) => Self::of_owner(Owner::Schedule(at)),
                (Kind::Job, Owner::Schedule(schedule)) => Self::of_owner(Owner::Job(schedule, at)),
                _ => Self { kind: row.kind, owner, item: Some((row.key, at)) },
            },
        );
        Ok(handles
            .filter(|handle| {
                wanted.as_ref().is_none_or(|wanted| wanted.matches(handle.name(&session.document)))
            })
            .collect())
    }

    /// The one item of a name.
    pub(crate) fn one(session: &Session, row: &List, owner: Option<Self>, name: &str) -> Refused<Self> {
        let all = Self::list(session, row, owner, "")?;
        let names = || all.iter().map(|handle| handle.name(&session.document));
        if let Some(found) = all.iter().find(|handle| handle.name(&session.document) == name) {
            return Ok(*found);
        }
        let near = nearest(name, names());
        let hint = near.first().map_or(String::new(), |near| format!(" (did you mean `{near}`?)"));
        Err(format!("there is no {} `{name}` here{hint}", row.kind.word()))
    }
}

/// The value under a pointer without escapes.
fn child<'v>(value: &'v Value, pointer: &str) -> Option<&'v Value> {
    pointer.split('/').skip(1).try_fold(value, |value, key| value.get(key))
}

/// Resources and thresholds share a list.
fn is_of(kind: Kind, item: &Value) -> bool {
    let is_type = |wanted: &str| {
        item.get("type").and_then(Value::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case(wanted))
    };
    match kind {
        Kind::Resource => is_type("resource"),
        Kind::Threshold => is_type("threshold"),
        _ => item.is_object(),
    }
}
