//! Replacing: what a tag does to the document.

mod instance;
mod names;
mod prefix;
mod request;
mod simple;
mod value;

pub(crate) use names::rename;
pub(crate) use prefix::{apply_departments, apply_environment};
pub use request::Unmatched;
pub(crate) use request::{OPTIONS, Options, Request, Wildcard, is_time, unknown_option};
pub(crate) use simple::{add_to_list, is_set};
use value::LONGEST;
pub(crate) use value::{Matcher, like, replace_all, text_of};

use super::document::{Owner, items_mut, name_of};
use super::recorder::Change;
use super::session::{Prefix, Session, Stop};
use super::tags::TagKind;
use super::trace::{CallRef, Spot, What};
use serde_json::Value;

/// Why a run ends that looks at, or changes, more than any definition holds.
pub(crate) const TOO_MUCH: &str = "the rules look at too many values; is a replacement inside a loop?";

/// Where a call stands in its rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct At {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// Does what is asked, writes it down, and answers how many values changed.
pub(crate) fn run(session: &mut Session, request: &Request, at: At) -> Result<usize, Stop> {
    let call = session.recorder.begin_call(at.line, request.what());
    let mut run = Run { session, request, call, count: 0, already: false, too_long: false, line: at.line };
    match request.tag.kind {
        TagKind::Text | TagKind::Time | TagKind::AnyText => run.texts(),
        TagKind::Mask if request.tag.names.is_none() => run.texts(),
        TagKind::Event => run.texts(),
        TagKind::Department => run.department(),
        TagKind::Pair => run.pairs(),
        TagKind::Mask | TagKind::Name => run.names(),
        TagKind::Instance => run.instance_properties(),
        TagKind::JobTag => run.job_tags(),
        TagKind::RoleAdd => run.add_role(),
        TagKind::MachineToGroup => run.move_machine("machineGroup"),
        TagKind::GroupToMachine => run.move_machine("primaryMachine"),
        TagKind::UseExistingFrequencies => run.use_existing_frequencies(),
        TagKind::MovePackage => run.move_package(),
        TagKind::Environment => {
            let rule = run.session.recorder.trace.rules.last();
            let rule = rule.map(|rule| (rule.name.clone(), rule.version.clone()));
            run.session.prefixes.push(Prefix { prefix: request.new.clone(), rule });
            return Ok(0);
        }
    }
    let (count, already, too_long) = (run.count, run.already, run.too_long);
    if too_long {
        let At { line, column } = at;
        let message = "a text would be too long; is a replacement inside a loop?".to_owned();
        return Err(Stop::Limit { line, column, message });
    }
    finish(session, request, call, count > 0 || already, at)?;
    Ok(count)
}

/// Finds what came too late, and says what matched nothing.
fn finish(
    session: &mut Session,
    request: &Request,
    call: CallRef,
    matched: bool,
    at: At,
) -> Result<(), Stop> {
    let At { line, column } = at;
    session
        .recorder
        .find_ignored(call, &request.tag.name, request.matcher(), |spot| request.applies_to(spot));
    if session.work > session.settings.limits.work {
        let message = TOO_MUCH.to_owned();
        return Err(Stop::Limit { line, column, message });
    }
    let ignored = session.recorder.trace.call(call).is_some_and(|(_, call)| !call.ignored.is_empty());
    if matched || ignored || request.tag.kind == TagKind::UseExistingFrequencies {
        return Ok(());
    }
    let waits = request.tag.kind == TagKind::Department && request.current.is_empty();
    match request.options.unmatched.unwrap_or(session.unmatched) {
        Unmatched::Optional => Ok(()),
        _ if waits => Ok(()),
        Unmatched::Warn => {
            session.warn_unmatched(line, request.matched_nothing());
            Ok(())
        }
        Unmatched::Strict => Err(Stop::Unmatched { line, column, message: request.matched_nothing() }),
    }
}

impl Request {
    fn what(&self) -> What {
        let text = |name: &Option<Wildcard>| name.as_ref().map(|name| name.as_str().to_owned());
        What::Tag {
            tag: self.tag.name.clone(),
            current: self.current.clone(),
            new: self.new.clone(),
            job: text(&self.options.job),
            schedule: text(&self.options.schedule),
            partial: self.options.partial,
        }
    }

    fn matched_nothing(&self) -> String {
        let mut text = format!("`{}` matched nothing: no value ", self.tag.name);
        text.push_str(match self.options.partial {
            true => "holds",
            false => "is",
        });
        text.push_str(&format!(" `{}`", self.current));
        for (word, name) in [("jobs", &self.options.job), ("schedules", &self.options.schedule)] {
            if let Some(name) = name {
                text.push_str(&format!(" in {word} `{}`", name.as_str()));
            }
        }
        text
    }

    fn applies_to(&self, spot: &Spot) -> bool {
        let fits = |wanted: &Option<Wildcard>, name: &Option<String>| {
            wanted.as_ref().is_none_or(|wanted| name.as_deref().is_some_and(|name| wanted.matches(name)))
        };
        fits(&self.options.job, &spot.job) && fits(&self.options.schedule, &spot.schedule)
    }
}

/// One call at work.
pub(crate) struct Run<'r> {
    pub(crate) session: &'r mut Session,
    pub(crate) request: &'r Request,
    pub(crate) call: CallRef,
    pub(crate) count: usize,
    /// Whether a text became longer than any text may be.
    pub(crate) too_long: bool,
    /// Whether something already stood as it should.
    pub(crate) already: bool,
    pub(crate) line: usize,
}

/// Changes one owner and lists what it changed.
pub(crate) type Visit<'v> = dyn FnMut(Owner, &mut Value, &mut Vec<Change>) + 'v;

impl Run<'_> {
    /// Visits every job (and every schedule, if asked) that the call is for and that no
    /// earlier call has taken.
    fn each(&mut self, schedules: bool, jobs: bool, visit: &mut Visit<'_>) {
        let options = &self.request.options;
        let mut document = std::mem::take(&mut self.session.document);
        for (at, value) in items_mut(&mut document, "scheduleList").iter_mut().enumerate() {
            if value.is_null() {
                continue;
            }
            let schedule = Owner::Schedule(at);
            let name = name_of(value).map(str::to_owned);
            if options
                .schedule
                .as_ref()
                .is_some_and(|wanted| name.as_deref().is_none_or(|name| !wanted.matches(name)))
            {
                continue;
            }
            let taken = if options.schedule.is_none() { self.taken(schedule) } else { None };
            if schedules && options.job.is_none() {
                self.one_of(schedule, value, (name.as_deref(), None), taken, visit);
            }
            if !jobs {
                continue;
            }
            for (number, job) in items_mut(value, "jobList").iter_mut().enumerate() {
                if job.is_null() {
                    continue;
                }
                let owner = Owner::Job(at, number);
                if let Some(wanted) = &options.job
                    && name_of(job).is_none_or(|name| !wanted.matches(name))
                {
                    continue;
                }
                let taken = if options.job.is_none() { self.taken(owner).or(taken) } else { taken };
                self.one_of(owner, job, (name.as_deref(), Some(())), taken, visit);
            }
        }
        self.session.document = document;
    }

    fn taken(&self, owner: Owner) -> Option<CallRef> {
        self.session.recorder.taken(&self.request.tag.name, owner)
    }

    /// Visits the top of the definition.
    pub(crate) fn top(&mut self, visit: &mut Visit<'_>) {
        let mut document = std::mem::take(&mut self.session.document);
        self.one_of(Owner::Top, &mut document, (None, None), None, visit);
        self.session.document = document;
    }

    /// Visits one owner; where an earlier call has taken it, only to see what would have changed.
    fn one_of(
        &mut self,
        owner: Owner,
        value: &mut Value,
        (schedule, job): (Option<&str>, Option<()>),
        taken: Option<CallRef>,
        visit: &mut Visit<'_>,
    ) {
        self.session.work += 1;
        let mut changes = Vec::new();
        let names = |value: &Value| {
            let job = job.and_then(|()| name_of(value)).map(str::to_owned);
            (schedule.map(str::to_owned), job)
        };
        if let Some(by) = taken {
            let mut copy = value.clone();
            visit(owner, &mut copy, &mut changes);
            for change in changes {
                let (schedule, job) = names(value);
                let spot = Spot { schedule, job, pointer: change.pointer };
                self.session.recorder.ignored(self.call, spot, by);
            }
            return;
        }
        visit(owner, value, &mut changes);
        if changes.is_empty() {
            return;
        }
        self.count += changes.len();
        let is_too_long = |change: &Change| {
            change.new.as_ref().and_then(Value::as_str).is_some_and(|text| text.len() > LONGEST)
        };
        self.too_long |= changes.iter().any(is_too_long);
        self.session.work += changes.iter().map(Change::weight).sum::<u64>();
        let request = self.request;
        self.session.recorder.hits(self.call, owner, names(value), changes);
        match owner {
            Owner::Job(..) if request.options.job.is_some() => {
                self.session.recorder.take(&request.tag.name, owner, self.call);
            }
            Owner::Job(schedule, _) | Owner::Schedule(schedule) if request.options.schedule.is_some() => {
                self.session.recorder.take(&request.tag.name, Owner::Schedule(schedule), self.call);
            }
            _ => {}
        }
    }
}
