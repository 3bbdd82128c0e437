//! What the rules of environments ask for, against what stands where by the records.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};

use super::{
    Deed, Demand, DemandError, Environment, Ground, NotCarried, RolloutFile, Stand, Survey, SurveyError,
    What, Why, demands,
};
use crate::repository::layout::Kind;
use crate::repository::package::Package;
use crate::repository::records::{Record, Records, RecordsError};
use crate::repository::resolve::Found;

/// Something that does not stand where a rule wants it, or stands where none may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The rule, as `environment/rule`.
    pub rule: String,
    /// The target.
    pub server: String,
    /// For messages: "package `FINANCE`".
    pub thing: String,
    /// What stands there; none where nothing does.
    pub stands: Option<Standing>,
    /// What must stand there; none where nothing may.
    pub wanted: Option<Wanted>,
    /// The rollout that has yet to see to it, if one does.
    pub on_its_way: Option<String>,
}

/// What stands on a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its version.
    pub version: Option<usize>,
    /// Its content.
    pub blob: Option<String>,
}

/// What must stand on a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// As the rule names it.
    pub what: String,
    /// The version that is today.
    pub version: Option<usize>,
}

/// Why it is not known what differs.
#[derive(Debug, thiserror::Error)]
pub enum PlanRulesError {
    /// Rules contradict each other, or go nowhere.
    #[error(transparent)]
    Demand(#[from] DemandError),
    /// A rule wants what main does not have.
    #[error("rule `{rule}`: {source}")]
    NotCarried {
        /// The rule.
        rule: String,
        /// Why not.
        source: NotCarried,
    },
    /// The records could not be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// Rollouts cannot be looked at.
    #[error(transparent)]
    Survey(#[from] SurveyError),
    /// The repository could not be read.
    #[error("cannot read the repository: {}", .0.message())]
    Object(#[from] git2::Error),
}

/// What differs, by rule and target.
pub fn differences(
    environments: &[(String, Environment)],
    ground: &Ground<'_>,
    records: &Records<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<Difference>, PlanRulesError> {
    let on_their_way = on_their_way(ground, records, now)?;
    let members = |what: &What| members(what, ground);
    let mut found = Vec::new();
    let mut active: BTreeMap<String, Vec<Record>> = BTreeMap::new();
    for ((server, thing), demand) in demands(environments, ground.fleet(), &members)? {
        if !active.contains_key(&server) {
            let all = records.active(&server)?.into_iter().map(|standing| standing.record).collect();
            active.insert(server.clone(), all);
        }
        let (kind, name) = of_thing(&thing);
        let record = match kind {
            Kind::Package => records.package(&server, name)?,
            _ => active[&server]
                .iter()
                .find(|record| record.original_name.as_ref().unwrap_or(&record.name) == name)
                .cloned(),
        };
        let stands =
            record.map(|record| Standing { version: record.source.version, blob: record.source.blob });
        let Demand { rule, wanted } = demand;
        let mut blob = None;
        let wanted = match wanted {
            Some(what) => {
                let found = what.find(ground.repository, &ground.history);
                let found =
                    found.map_err(|source| PlanRulesError::NotCarried { rule: rule.clone(), source })?;
                let is_there = stands.as_ref().is_some_and(|one| one.blob == Some(found.blob.to_string()));
                if is_there {
                    continue;
                }
                blob = Some(found.blob.to_string());
                Some(Wanted { what: what.to_string(), version: found.number })
            }
            None if stands.is_none() => continue,
            None => None,
        };
        let key = (server.clone(), thing.clone(), blob);
        let on_its_way = on_their_way.get(&key).cloned();
        found.push(Difference { rule, server, thing, stands, wanted, on_its_way });
    }
    found.sort_by(|a, b| (&a.rule, &a.server, &a.thing).cmp(&(&b.rule, &b.server, &b.thing)));
    Ok(found)
}

/// What rollouts have yet to do: server, thing and the content that it gets, none where it goes.
type OnTheirWay = HashMap<(String, String, Option<String>), String>;

fn on_their_way(
    ground: &Ground<'_>,
    records: &Records<'_>,
    now: DateTime<Utc>,
) -> Result<OnTheirWay, SurveyError> {
    let survey = Survey::read(ground, records, ground.history.tip().commit, false)?;
    let outlook = survey.outlook(now);
    let mut found = OnTheirWay::new();
    for (one, stands) in survey.rollouts.iter().zip(&outlook.stands).filter(|(one, _)| one.problem.is_none())
    {
        let scope = one.scope.as_ref().or(one.kept.begun.as_ref().map(|begun| &begun.scope));
        for (job, stand) in one.jobs.iter().zip(stands) {
            if matches!(stand, Stand::Ended(..) | Stand::Waits(Why::NeverOpens)) {
                continue;
            }
            let blob = match job.deed {
                Deed::Deploy => {
                    scope.and_then(|scope| scope.thing(&job.what)).map(|thing| thing.blob.clone())
                }
                Deed::Uninstall => None,
            };
            found.insert((job.server.clone(), job.what.thing(), blob), one.rollout.id.clone());
        }
    }
    Ok(found)
}

/// One rollout for each rule that something differs from that is not on its way, with the rule's name.
pub fn as_rollouts(differences: &[Difference]) -> BTreeMap<String, RolloutFile> {
    let mut rollouts: BTreeMap<String, RolloutFile> = BTreeMap::new();
    for one in differences.iter().filter(|one| one.on_its_way.is_none()) {
        let file = rollouts.entry(one.rule.clone()).or_insert_with(|| RolloutFile {
            description: format!("what rule {} asks for", one.rule),
            ..RolloutFile::new(Vec::new())
        });
        let mut add = |list: fn(&mut RolloutFile) -> &mut Vec<String>, text: &str| {
            let list = list(file);
            if !list.iter().any(|other| other == text) {
                list.push(text.to_owned());
            }
        };
        add(|file| &mut file.to, &one.server);
        match &one.wanted {
            Some(wanted) => add(|file| &mut file.what, &wanted.what),
            None => {
                let (kind, name) = of_thing(&one.thing);
                let what = What { kind, text: name.to_owned() };
                add(|file| &mut file.uninstall, &what.to_string());
            }
        }
    }
    rollouts
}

/// The servers that have a package or a schedule, at the version that is named if one is.
pub fn servers_with(records: &Records<'_>, what: &What) -> Result<Vec<String>, RecordsError> {
    let mut found = Vec::new();
    let version =
        what.text.strip_prefix(what.name()).and_then(|rest| rest.strip_prefix('@')?.parse::<usize>().ok());
    for server in records.servers()? {
        let record = match what.kind {
            Kind::Package => records.package(&server, what.name())?,
            _ => records.active_of(&server, what.name())?.map(|standing| standing.record),
        };
        if record.is_some_and(|record| version.is_none() || record.source.version == version) {
            found.push(server);
        }
    }
    Ok(found)
}

/// The kind and name of what [`What::thing`] told.
fn of_thing(thing: &str) -> (Kind, &str) {
    let kind = if thing.starts_with(Kind::Package.word()) { Kind::Package } else { Kind::Schedule };
    let name = thing.split_once('`').and_then(|(_, rest)| rest.strip_suffix('`')).unwrap_or(thing);
    (kind, name)
}

/// The schedules of a package, as main has it at that version.
fn members(what: &What, ground: &Ground<'_>) -> Vec<String> {
    let package = |found: Found| Package::of_blob(ground.repository.git2(), &found.path, found.blob).ok();
    match what.kind {
        Kind::Package => {
            let found = what.find(ground.repository, &ground.history).ok().and_then(package);
            found.into_iter().flat_map(|package| package.schedules).map(|pin| pin.name).collect()
        }
        _ => Vec::new(),
    }
}
