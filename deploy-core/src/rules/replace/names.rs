//! Changing names wherever they are referred to: definitions, dependencies,
//! events, tokens, instance properties.

use std::sync::Arc;

use serde_json::Value;

use super::simple::is_set;
use super::{Matcher, Request, Run, like, text_of};
use crate::rules::document::{Owner, items, name_of};
use crate::rules::events::{self, Mapping, NameKind, Named};
use crate::rules::recorder::Change;
use crate::rules::tags::place::{Place, Scope, Site, visit_all};
use crate::rules::tags::{TagKind, TagTable};

/// What a text at a place holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Name(NameKind),
    Event,
    Tokens,
    Properties(NameKind),
}

/// Where names of some kinds stand.
pub(super) struct Places<'t> {
    kinds: &'t [NameKind],
    top: Vec<(Holds, &'t Place)>,
    schedule: Vec<(Holds, &'t Place)>,
    job: Vec<(Holds, &'t Place)>,
}

impl<'t> Places<'t> {
    /// The places of `kinds`; `own` are those of the tag at work.
    pub(super) fn of(
        table: &'t TagTable,
        kinds: &'t [NameKind],
        own: Option<(NameKind, &'t [Place])>,
    ) -> Self {
        let mut all: Vec<(Holds, &Place)> = Vec::new();
        for kind in kinds {
            match own {
                Some((of, places)) if of == *kind => {
                    all.extend(places.iter().map(|place| (Holds::Name(*kind), place)));
                }
                _ => all.extend(
                    table
                        .naming(*kind)
                        .flat_map(|tag| tag.places.iter().map(|place| (Holds::Name(*kind), place))),
                ),
            }
        }
        let in_tokens = kinds.iter().any(|kind| {
            use NameKind::{Job, JobInstanceProperty, Machine, Property, Schedule, ScheduleInstanceProperty};
            matches!(
                kind,
                Property | Schedule | Job | Machine | ScheduleInstanceProperty | JobInstanceProperty
            )
        });
        if in_tokens {
            all.extend(table.token_places.iter().map(|place| (Holds::Tokens, place)));
            for tag in table.instance_lists() {
                if let Some(kind) = tag.names {
                    all.extend(tag.places.iter().map(|place| (Holds::Properties(kind), place)));
                }
            }
        }
        if !kinds.iter().all(|kind| matches!(kind, NameKind::Script | NameKind::Role | NameKind::Department))
        {
            all.extend(table.event_places.iter().map(|place| (Holds::Event, place)));
        }
        all.sort_by(|(_, a), (_, b)| a.order(b));
        let of = |scope: Scope| all.iter().filter(|(_, place)| place.scope == scope).copied().collect();
        Self { kinds, top: of(Scope::Top), schedule: of(Scope::Schedule), job: of(Scope::Job) }
    }
}

impl Run<'_> {
    /// Replaces a name, its contents, or both.
    pub(super) fn names(&mut self) {
        let request = self.request;
        let Some(kind) = request.tag.names else {
            return;
        };
        if let Some(contents) = request.contents_matcher() {
            self.contents(kind, contents);
        }
        if request.current == request.new || request.current.is_empty() {
            return;
        }
        let table = Arc::clone(&self.session.settings.tags);
        let kinds = [kind];
        let places = Places::of(&table, &kinds, Some((kind, &request.tag.places)));
        let matcher = request.matcher();
        let of_schedule = request.options.of_schedule.as_deref();
        self.rename(&places, matcher.needle(), &mut |named| match (of_schedule, named.schedule) {
            (Some(wanted), Some(schedule)) if wanted != schedule => None,
            (Some(_), None) => None,
            _ => matcher.apply(named.name),
        });
    }

    /// Replaces values of properties, resources or thresholds.
    fn contents(&mut self, kind: NameKind, contents: Matcher<'_>) {
        let request = self.request;
        let whole = Matcher::Whole { current: &request.current, new: &request.new };
        let by_name = if request.current == request.new { whole } else { request.matcher() };
        let mut already = false;
        self.top(&mut |_, top, changes| {
            for place in request.tag.places.iter().filter(|place| place.scope == Scope::Top) {
                place.visit(top, &mut |site| {
                    let is_it = is_of_kind(kind, place, site)
                        && site
                            .beside(site.key)
                            .is_some_and(|name| request.current.is_empty() || by_name.matches(name));
                    if !is_it {
                        return;
                    }
                    let encrypted = is_set(site.holder.get("encrypted"));
                    let pointer = site.pointer_to("value");
                    let Some(value) = site.holder.get_mut("value") else {
                        return;
                    };
                    let new = match (text_of(value), contents) {
                        (Some(_), Matcher::Any { new }) => Some(new.to_owned()),
                        (Some(text), contents) => contents.apply(&text),
                        (None, _) => None,
                    };
                    already |= new.is_some();
                    if let Some(new) = new.map(|new| like(value, new)).filter(|new| new != value) {
                        let old = std::mem::replace(value, new.clone());
                        let change = Change { pointer, old: Some(old), new: Some(new) };
                        changes.push(if encrypted { change.masked() } else { change });
                    }
                });
            }
        });
        self.already |= already;
    }

    /// Gives every name at the places to `map`; with a needle only those in texts that hold it.
    pub(super) fn rename(&mut self, places: &Places<'_>, needle: Option<&str>, map: &mut Mapping<'_>) {
        let request = self.request;
        let mut map = |named: Named<'_>| if places.kinds.contains(&named.kind) { map(named) } else { None };
        let schedules: Vec<String> = items(&self.session.document, "scheduleList")
            .iter()
            .map(|schedule| name_of(schedule).unwrap_or_default().to_owned())
            .collect();
        self.top(&mut |_, top, changes| {
            for (holds, place) in &places.top {
                place.visit(top, &mut |site| {
                    if applies(request, place, site) {
                        let of = schedule_beside(site);
                        rename_site(*holds, place, site, (of.as_deref(), needle), &mut map, changes);
                    }
                });
            }
        });
        self.each(true, true, &mut |owner, value, changes| {
            let (places, at) = match owner {
                Owner::Schedule(at) => (&places.schedule, at),
                Owner::Job(at, _) => (&places.job, at),
                Owner::Top => return,
            };
            let of = schedules.get(at).map(String::as_str);
            visit_all(places, value, &mut |holds, place, site| {
                rename_site(holds, place, site, (of, needle), &mut map, changes);
            });
        });
    }
}

/// Renames jobs of one schedule, a schedule, or what else has a name, for a script that sets it.
pub(crate) fn rename(
    session: &mut crate::rules::session::Session,
    kind: NameKind,
    old: &str,
    new: &str,
    of_schedule: Option<&str>,
    at: super::At,
) -> Result<(), super::Stop> {
    let table = Arc::clone(&session.settings.tags);
    let Some(tag) = table.naming(kind).find(|tag| tag.kind == TagKind::Name) else {
        return Ok(());
    };
    let options = super::Options {
        of_schedule: of_schedule.map(str::to_owned),
        unmatched: Some(super::Unmatched::Optional),
        ..Default::default()
    };
    let request = Request { tag: Arc::clone(tag), current: old.to_owned(), new: new.to_owned(), options };
    super::run(session, &request, at).map(|_| ())
}

/// Whether a call with a `job` or `schedule` is about this item of a top-level list.
fn applies(request: &Request, place: &Place, site: &Site<'_>) -> bool {
    let (job, schedule) = (&request.options.job, &request.options.schedule);
    if job.is_none() && schedule.is_none() {
        return true;
    }
    // An item of `…DependencyOnList` belongs to the schedule and job that the others wait for.
    let (of_schedule, of_job) = match place.is_in("externalDependencyOnList") {
        true => ("predecessorScheduleName", "predecessorJobName"),
        false => ("scheduleName", "jobName"),
    };
    let fits = |wanted: &Option<super::Wildcard>, key: &str| {
        wanted.as_ref().is_none_or(|wanted| site.beside(key).is_some_and(|name| wanted.matches(name)))
    };
    fits(schedule, of_schedule) && fits(job, of_job)
}

/// The schedule of a job that an external dependency names.
fn schedule_beside(site: &Site<'_>) -> Option<String> {
    let key = if site.key.starts_with("predecessor") { "predecessorScheduleName" } else { "scheduleName" };
    site.beside(key).map(str::to_owned)
}

/// Resources and thresholds share a list.
fn is_of_kind(kind: NameKind, place: &Place, site: &Site<'_>) -> bool {
    let wanted = match kind {
        NameKind::Resource => "resource",
        NameKind::Threshold => "threshold",
        _ => return true,
    };
    !place.is_in("variableList") || site.beside("type").is_none_or(|kind| kind.eq_ignore_ascii_case(wanted))
}

fn rename_site(
    holds: Holds,
    place: &Place,
    site: &mut Site<'_>,
    (schedule, needle): (Option<&str>, Option<&str>),
    map: &mut Mapping<'_>,
    changes: &mut Vec<Change>,
) {
    if let Holds::Name(kind) = holds
        && !is_of_kind(kind, place, site)
    {
        return;
    }
    site.leaves(&mut |pointer, value| {
        let Value::String(text) = value else {
            return;
        };
        if needle.is_some_and(|needle| !text.contains(needle)) {
            return;
        }
        let new = match holds {
            Holds::Name(_) if text.is_empty() => None,
            Holds::Name(_) if text.contains("[[") || text.contains("{{") => events::rename_tokens(text, map),
            Holds::Name(kind) => map(Named { kind, name: text, schedule, certain: true }),
            Holds::Event => events::rename(text, map),
            Holds::Tokens => events::rename_tokens(text, map),
            Holds::Properties(kind) => events::rename_properties(kind, text, map),
        };
        if let Some(new) = new.filter(|new| new != text) {
            let old = std::mem::replace(text, new.clone());
            changes.push(Change {
                pointer: pointer(),
                old: Some(Value::String(old)),
                new: Some(Value::String(new)),
            });
        }
    });
}
