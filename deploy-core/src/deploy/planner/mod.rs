//! From a selection to a plan: transform → observe → check.
//!
//! What all transactions of a command share is fetched and compiled once, when
//! a [`Planner`] is opened. Each transaction then costs one extract for every
//! schedule that stands there already, and the work of its own definitions,
//! which is done beside the threads that wait for the network.

mod assemble;
mod compare;
mod error;
mod look;
mod observe;
mod report;
mod target;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
pub(super) mod testing;
mod transform;
mod unchanged;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use git2::Oid;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;

use super::deviating::Measure;
use super::handles::Handles;
use super::{Context, Order, Plan, Remark, Selected, SelectedPackage, Selection};
use crate::definition::{Definition, ReadError, join};
use crate::opcon::{DailySchedule, OpConSystem, Script};
use crate::repository::records::Person;
use crate::repository::records::log::RecordLog;
use crate::repository::rule_files::{self, Prepared, RuleFiles, TargetServer};
use crate::repository::servers::Named;
use crate::repository::settings::Settings;
use crate::rules::features::FeatureTable;
use crate::rules::tags::TagTable;
use crate::rules::{self, TargetFrequencies};
pub use error::PlanError;
pub(super) use report::told;
use target::Target;
use transform::Transformed;

/// Plans transactions of one command. What they share is fetched once: rules,
/// inventory, the list of schedules. Many schedules can be planned at once.
pub struct Planner {
    shared: Arc<Shared>,
    system: Arc<dyn OpConSystem>,
    scripts: OnceCell<Arc<Vec<Script>>>,
    daily: OnceCell<Arc<Vec<DailySchedule>>>,
}

/// What all transactions share, for all threads.
struct Shared {
    order: Order,
    server: Named,
    settings: Settings,
    /// With the OpCon user as the target knows it.
    person: Person,
    /// Where the rules are read from, and the settings.
    commits: (Oid, Oid),
    package: Option<SelectedPackage>,
    remarks: Vec<Remark>,
    /// How many schedules were selected: all of them in one transaction, or each in its own.
    selected: usize,
    prepared: Prepared,
    tags: TagTable,
    features: FeatureTable,
    measure: Measure,
    handles: Handles,
    /// The commit of the records.
    records: Option<Oid>,
    /// All records there ever were; read where something stands there that none of the active ones is about.
    log: OnceLock<RecordLog>,
    target: Target,
}

/// A plan with the definitions it is about.
#[derive(Debug)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// The definitions of its schedules, by their names on the target.
    pub contents: BTreeMap<String, Content>,
}

/// What will stand on the target under a name, and what stands there: canonical
/// bytes, a tenth of what the values take in memory.
#[derive(Debug)]
pub struct Content {
    /// What is to be inserted, without deployment information. A schedule of a package that
    /// stands there unchanged is as it stands, where the settings do not want it written anew.
    pub planned: Vec<u8>,
    /// What stands there now.
    pub found: Option<Vec<u8>>,
}

impl Planned {
    /// All that is to be inserted, in one definition.
    pub fn definition(&self) -> Result<Definition, ReadError> {
        let parts = self.contents.values().map(|content| Definition::read(&content.planned));
        Ok(join(parts.collect::<Result<_, _>>()?).0)
    }
}

impl Planner {
    /// Compiles the rules and asks the target what all transactions need.
    pub async fn open(
        context: &Context<'_>,
        order: &Order,
        selection: &Selection,
        system: Arc<dyn OpConSystem>,
    ) -> Result<Self, PlanError> {
        let rules = rules_of(context, order, selection)?;
        let prepared = prepare(context, order, selection, &rules)?;
        let (tags, features) = (rules.tags()?, rules.features()?);
        let mut remarks = selection.remarks.clone();
        remarks.extend(prepared.files.iter().filter(|file| context.trying && file.differs).map(|file| {
            let text = format!("rule `{}` is taken from the work tree, which differs from main", file.name);
            Remark { schedule: None, text, refused: false }
        }));
        drop(rules);
        let today = context.now.date_naive();
        let measure = Measure::of(context.repository, &context.settings, &context.server, today)?;
        let (target, user) = Target::ask(&*system).await?;
        let shared = Shared {
            order: order.clone(),
            server: context.server.clone(),
            settings: context.settings.clone(),
            person: Person { opcon_user: user, ..context.person.clone() },
            commits: (selection.commit, selection.settings_commit),
            package: selection.package.clone(),
            remarks,
            selected: selection.items.len(),
            prepared,
            tags,
            features,
            measure,
            handles: Handles::of(context.repository),
            records: context.records.tip(),
            log: OnceLock::new(),
            target,
        };
        Ok(Self { shared: Arc::new(shared), system, scripts: OnceCell::new(), daily: OnceCell::new() })
    }

    /// Plans one transaction.
    pub async fn plan(&self, items: &[Selected]) -> Result<Planned, PlanError> {
        let items: Arc<[Selected]> = items.into();
        let mut transformed = self.transform(&items, None).await?;
        let mut found = observe::Found::default();
        if transformed.wants_frequencies {
            // The names on the target are known after the rules, which want what stands under them.
            found = self.extracts(&transformed.definition).await?;
            let frequencies = self.frequencies(&found).await?;
            transformed = self.transform(&items, Some(frequencies)).await?;
        }
        let names: Vec<String> = transformed.definition.names().into_iter().map(str::to_owned).collect();
        let standing: Vec<&str> = names
            .iter()
            .map(String::as_str)
            .filter(|name| self.shared.target.master(name).is_some())
            .collect();
        let (facts, extracts, daily) = tokio::try_join!(
            self.facts(&transformed.definition),
            async {
                match found.is_empty() {
                    true => self.extracts(&transformed.definition).await,
                    false => Ok(found),
                }
            },
            self.in_daily(&standing),
        )?;
        let shared = Arc::clone(&self.shared);
        done(spawn_blocking(move || {
            assemble::assemble(&shared, &items, transformed, &facts, extracts, &daily)
        }))
        .await
    }

    /// Remembers what was inserted since the planner was opened, so that other
    /// transactions of the same command find it.
    pub fn inserted(&self, names: &[&str]) {
        self.shared.target.inserted(names);
    }

    async fn transform(
        &self,
        items: &Arc<[Selected]>,
        frequencies: Option<TargetFrequencies>,
    ) -> Result<Transformed, PlanError> {
        let (shared, items) = (Arc::clone(&self.shared), Arc::clone(items));
        done(spawn_blocking(move || transform::transform(&shared, &items, frequencies))).await
    }
}

/// What a thread gave. None is stopped while somebody waits for it: it can only have panicked.
async fn done<T>(task: tokio::task::JoinHandle<T>) -> T {
    task.await.unwrap_or_else(|stopped| std::panic::resume_unwind(stopped.into_panic()))
}

/// The rules of the commit selected; where somebody only tries, those of the work tree.
fn rules_of<'r>(
    context: &Context<'r>,
    order: &Order,
    selection: &Selection,
) -> Result<RuleFiles<'r>, PlanError> {
    let Context { repository, history, .. } = *context;
    let rules = match context.trying && order.reference.is_none() && repository.has_work_tree() {
        true => RuleFiles::of_work_tree(repository, Some(history))?,
        false => RuleFiles::of_commit(repository, history, selection.commit)?,
    };
    Ok(rules.with_settings(&context.settings.rules))
}

fn prepare(
    context: &Context<'_>,
    order: &Order,
    selection: &Selection,
    rules: &RuleFiles<'_>,
) -> Result<Prepared, PlanError> {
    let named = &context.server;
    let package = selection.package.as_ref().map(|package| {
        let version = package.source.version.map_or_else(String::new, |version| version.to_string());
        (rules::Package { name: package.name.clone(), version }, package.rules.clone())
    });
    let of_deployment = match named.server.allow_rules {
        true => order.rules.iter().map(|rule| rules.get(rule)).collect::<Result<Vec<_>, _>>()?,
        false => Vec::new(),
    };
    let order = rule_files::Order {
        server: Some(TargetServer::new(named.name.clone(), named.server.clone())),
        package,
        rules: of_deployment,
        environment: order.environment.clone(),
        user: context.person.name.clone(),
        description: order.description.clone(),
    };
    Ok(rules.prepare(&order, None)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_planner_is_shared_by_many_threads() {
        fn shared<T: Send + Sync>() {}
        fn sent<T: Send>(_: impl Fn(&'static Planner) -> T) {}
        shared::<Planner>();
        sent(|planner| planner.plan(&[]));
    }
}
