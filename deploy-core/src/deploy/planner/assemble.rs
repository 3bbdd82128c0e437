//! A plan from what was transformed and what was observed.

use std::collections::{BTreeMap, HashMap, HashSet};

use rayon::prelude::*;
use serde_json::json;

use super::compare::Standing;
use super::look::{Looked, look};
use super::observe::{Facts, Found};
use super::transform::Transformed;
use super::{Content, PlanError, Planned, Shared, report, unchanged};
use crate::definition::diff::render::{self, Line, Style};
use crate::definition::diff::{Difference, visible};
use crate::definition::form::Part;
use crate::definition::{Definition, Parts};
use crate::deploy::check::{self, Subject};
use crate::deploy::estate::fold;
use crate::deploy::{
    Check, Digests, InDaily, PLAN_SCHEMA, Plan, PlannedPackage, PlannedSchedule, Section, Selected, Stands,
};
use crate::opcon::{DailySchedule, Extract, ImportRules};
use crate::repository::records::{Digest, Source};

/// Checks, looks at every schedule, and puts the plan together.
pub(super) fn assemble(
    shared: &Shared,
    selected: &[Selected],
    transformed: Transformed,
    facts: &Facts,
    mut extracts: Found,
    daily: &[DailySchedule],
) -> Result<Planned, PlanError> {
    let releases = transformed
        .originals
        .iter()
        .filter_map(|(name, original)| Some((name.clone(), transformed.releases.get(original)?.clone())));
    let releases: Vec<(String, String)> = releases.collect();
    let mut sections = check::run(&Subject {
        definition: &transformed.definition,
        server: &shared.server.name,
        settings: &shared.settings.deploy,
        tags: &shared.tags,
        features: &shared.features,
        estate: &shared.target.estate,
        version: &shared.target.version,
        masters: &facts.masters,
        jobs: &facts.jobs,
        scripts: &facts.scripts,
        releases: &releases,
        disagreements: &transformed.disagreements,
        exported: transformed.exported.as_deref(),
    });
    let Transformed { definition, originals, explained, warnings, .. } = transformed;
    let by_name: HashMap<&str, &Selected> = selected.iter().map(|item| (item.name.as_str(), item)).collect();
    let source = |name: &str| -> Option<&Selected> { by_name.get(originals.get(name)?.as_str()).copied() };
    let standing = Standing { estate: &shared.target.estate, scripts: &facts.scripts };
    let look_at = |part: Definition, extract: Option<Extract>| {
        let found = extract.map(Extract::into_definition).transpose()?;
        let item = part.names().first().and_then(|name| source(name));
        look(shared, &standing, part, found, item.and_then(|item| item.source.blob.as_deref()))
    };
    let names: Vec<String> = definition.names().into_iter().map(str::to_owned).collect();
    let mut looked: Vec<Looked> = match names.as_slice() {
        [only] => vec![look_at(definition, extracts.remove(only))?],
        many => {
            // Made one by one: all of them as values would take twice the memory.
            let split = Parts::of(&definition);
            let extracts: Vec<Option<Extract>> = many.iter().map(|name| extracts.remove(name)).collect();
            let one = |(at, extract)| look_at(split.part(at), extract);
            extracts.into_par_iter().enumerate().map(one).collect::<Result<_, PlanError>>()?
        }
    };
    unchanged::leave(&mut looked);
    let left_out = rules_left_out(shared);
    sections.extend([
        Section { check: Check::Selection, findings: report::selection(&shared.remarks, selected) },
        Section { check: Check::Comparison, findings: report::comparison(shared, &looked) },
        Section { check: Check::Rules, findings: report::rules(shared, &warnings, left_out) },
    ]);
    let planned: Vec<Digest> = looked.par_iter().map(|seen| Digest::of(&seen.planned)).collect();
    let digests = digests(shared, selected, &looked, &planned, left_out);
    let mut schedules = Vec::new();
    let mut contents = BTreeMap::new();
    let mut told = HashSet::new();
    for (mut seen, planned) in looked.into_iter().zip(planned) {
        // What several schedules share is told once.
        seen.difference.changes.retain(|change| {
            change.part != Part::Shared || told.insert(serde_json::to_string(change).unwrap_or_default())
        });
        let original = originals.get(&seen.name).filter(|original| **original != seen.name);
        schedules.push(PlannedSchedule {
            original_name: original.cloned(),
            source: source(&seen.name).map_or_else(Source::default, |item| item.source.clone()),
            unchanged: seen.unchanged,
            in_daily: match seen.stands {
                Stands::Nothing => Vec::new(),
                _ => in_daily(&seen.name, daily, shared.order.options.rebuild_daily),
            },
            planned,
            found: seen.found.as_deref().map(Digest::of),
            stands: seen.stands,
            difference: lines(&seen.name, &seen.difference),
            pin: seen.pin,
            name: seen.name.clone(),
        });
        contents.insert(seen.name, Content { planned: seen.planned, found: seen.found });
    }
    sections.push(Section { check: Check::Daily, findings: report::daily(&schedules) });
    sections.sort_by_key(|section| section.check);
    let package = shared.package.as_ref();
    let plan = Plan {
        schema: PLAN_SCHEMA,
        server: shared.server.name.clone(),
        server_type: shared.server.server.kind,
        settings: shared.commits.1.to_string(),
        commit: shared.commits.0.to_string(),
        person: shared.person.clone(),
        what: shared.order.what.clone(),
        asked_rules: shared.order.rules.clone(),
        reference: shared.order.reference.clone(),
        description: shared.order.description.clone(),
        tag: shared.order.tag.clone(),
        package: package
            .map(|package| PlannedPackage { name: package.name.clone(), source: package.source.clone() }),
        schedules,
        rules: shared.prepared.read.clone(),
        rules_left_out: left_out,
        environment: shared.order.environment.clone(),
        options: shared.order.options.clone(),
        import_rules: import_rules(shared),
        target: shared.target.version.clone(),
        sections,
        explained,
        digests,
    };
    Ok(Planned { plan, contents })
}

/// A difference as lines below the schedule's name; none where there is none.
fn lines(name: &str, difference: &Difference) -> Vec<Line> {
    if difference.changes.is_empty() {
        return Vec::new();
    }
    let lines = render::lines(difference);
    let has_own = difference.changes.iter().any(|change| change.part == Part::Own);
    let heading = Line { style: Style::Heading, text: visible(name) };
    (!has_own).then_some(heading).into_iter().chain(lines).collect()
}

/// Whether rules were chosen that the server does not allow.
fn rules_left_out(shared: &Shared) -> bool {
    let of_package = shared.package.as_ref().is_some_and(|package| !package.rules.is_empty());
    let server = &shared.server.server;
    let chosen = of_package
        || !shared.order.rules.is_empty()
        || !server.rules.is_empty()
        || shared.order.environment.is_some()
        || server.environment.is_some();
    !server.allow_rules && chosen
}

/// What the target is told besides the definition.
fn import_rules(shared: &Shared) -> ImportRules {
    shared.order.options.import_rules(&shared.settings.deploy)
}

/// The instances of a schedule that keep the old definition.
fn in_daily(name: &str, daily: &[DailySchedule], rebuild: bool) -> Vec<InDaily> {
    // What waits or is held is built anew; what is active is not.
    let is_rebuilt = |instance: &DailySchedule| {
        let category = instance.status.category.as_deref().unwrap_or_default();
        rebuild && ["waiting", "held"].contains(&category.to_lowercase().as_str())
    };
    let ours = daily.iter().filter(|instance| fold(&instance.name) == fold(name) && !is_rebuilt(instance));
    let mut instances: Vec<InDaily> = ours
        .map(|instance| InDaily {
            id: instance.id.clone(),
            date: instance.date,
            status: instance.status.description.clone().unwrap_or_default(),
        })
        .collect();
    instances.sort_by(|a, b| (a.date, &a.id).cmp(&(b.date, &b.id)));
    instances
}

fn digests(
    shared: &Shared,
    selected: &[Selected],
    looked: &[Looked],
    planned: &[Digest],
    left_out: bool,
) -> Digests {
    let of = |value: &serde_json::Value| Digest::of(value.to_string().as_bytes());
    let mut sources: Vec<(&str, String)> =
        selected.iter().map(|item| (item.name.as_str(), item.blob.to_string())).collect();
    sources.sort();
    let package = shared.package.as_ref().map(|package| (&package.name, &package.source.blob));
    let context = &shared.prepared.context;
    let target = looked.iter().map(|seen| {
        let record = match &seen.stands {
            Stands::Known { record, .. } => Some(record.id.to_string()),
            Stands::Nothing | Stands::Unknown => None,
        };
        (&seen.name, &seen.state, record, &seen.names_other)
    });
    let output = looked.iter().zip(planned).map(|(seen, planned)| (&seen.name, planned));
    Digests {
        source: of(&json!([package, sources])),
        rules: of(&json!([
            shared.prepared.read,
            context.environment,
            context.target.kind,
            context.target.vars,
            left_out
        ])),
        target: of(&json!([target.collect::<Vec<_>>(), shared.target.version])),
        output: of(&json!([output.collect::<Vec<_>>(), import_rules(shared)])),
    }
}
