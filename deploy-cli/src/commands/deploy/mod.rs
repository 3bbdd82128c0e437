//! `deploy`: the two phases, through the one pipeline.

mod at;
mod each;
mod file;
mod one;
mod record;
pub(super) mod show;

pub(super) use at::{as_json as scheduled_as_json, exactly, tell as tell_scheduled};

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::deploy::execute::{Asked, Done};
use deploy_core::deploy::{Accept, Context, Entrance, Order, Plan, PlanError, Planner, Selection, select};
use deploy_core::repository::Repository;
use deploy_core::repository::history::History;
use deploy_core::repository::records::{Person, Reach, Records};
use deploy_core::repository::users::Administering;

use super::batch::{AtArgs, Taken};
use super::changing::{ChangeArgs, Changing, now};
use super::order::{AcceptArgs, OrderArgs};
use super::{completions, open};
use crate::CommandResult;
use crate::cli::Global;
use crate::error::CommandError;
use crate::interrupt::Stop;
use crate::ui::Ui;

/// Put schedules or a package onto an OpCon system
///
/// Checks what `simulate` checks, then changes the target in one transaction and
/// reads it back; what stood there before is committed first. What must not
/// happen by itself is refused: on a terminal it is shown and asked, elsewhere
/// the exit code is 4 and the option that accepts it is named.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy deploy Payroll --to PROD -m 'Quarter end' --tag 2026.4\n  opcon-deploy deploy package:FINANCE@3 --to QA --rule to-qa\n  opcon-deploy deploy 'FIN_*' --to QA --each\n  opcon-deploy deploy Payroll --to PROD --plan payroll.plan\n  opcon-deploy deploy --file export.json --to QA\n  opcon-deploy deploy package:FINANCE --to PROD --at '2026-12-01 18:30'"
)]
pub struct DeployArgs {
    /// The OpCon system to deploy to
    #[arg(long = "to", value_name = "SERVER", required_unless_present = "record", add = ArgValueCandidates::new(completions::servers))]
    server: Option<String>,
    #[command(flatten)]
    order: OrderArgs,
    #[command(flatten)]
    accept: AcceptArgs,
    /// Carry out exactly this plan, which `simulate --plan` wrote, or refuse if anything moved
    #[arg(long, value_name = "FILE", conflicts_with_all = ["each", "file"])]
    plan: Option<PathBuf>,
    /// Store these definitions as new versions first, then deploy them; `-` reads standard input
    #[arg(long, value_name = "PATH", num_args = 1.., conflicts_with_all = ["what", "list"])]
    file: Vec<PathBuf>,
    /// One transaction for each schedule
    #[arg(long, conflicts_with = "at")]
    each: bool,
    #[command(flatten)]
    at: AtArgs,
    /// Carry out what this record waited for: the command line of the job that OpCon starts
    #[arg(long, value_name = "ID", conflicts_with_all = ["server", "what", "list", "rules", "reference", "plan", "each", "file", "at"])]
    record: Option<String>,
    #[command(flatten)]
    change: ChangeArgs,
}

/// Everything that a deployment is made of before anything is asked of the target.
struct Deploying<'a> {
    changing: &'a Changing<'a>,
    context: Context<'a>,
    order: Order,
    selection: Selection,
    accept: Accept,
    person: Person,
    /// The plan that is to be carried out and no other.
    agreed: Option<Plan>,
    /// What waited for this moment.
    taken: Option<&'a Taken>,
}

pub(super) fn run(args: DeployArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    if let Some(id) = &args.record {
        return record::run(&repository, id, args.change, ui);
    }
    let server = args.server.clone().unwrap_or_default();
    let stored = file::store(&repository, &args, &server, global, ui)?;
    let entrance = if ui.can_ask() { Entrance::Terminal } else { Entrance::Unattended };
    let mut order = args.order.order(&server, entrance, global)?;
    order.what.extend(stored);
    let agreed = args.plan.as_deref().map(|path| one::read_plan(&global.at(path))).transpose()?;
    if let Some(plan) = &agreed {
        one::follow_plan(&mut order, plan)?;
    }
    let changing = Changing::begin(&repository, &server, args.change, ui)?;
    let history = History::load(&repository)?;
    let prepared = Deploying::prepare(&changing, &history, order, args.accept.accept())?;
    let deploying = Deploying { agreed, ..prepared };
    let done = match (&args.at.at, args.each) {
        (Some(at), _) => at::run(deploying, at, args.at.as_then, args.change, ui),
        (None, true) => each::run(&deploying, args.change.yes, ui),
        (None, false) => one::run(deploying, args.change.yes, ui),
    };
    done.inspect_err(|_| changing.sign_off())
}

/// Deploys one schedule that a command needs first, in the ordinary way; what was done.
pub(super) fn first(
    repository: &Repository,
    server: &str,
    what: &str,
    accept: Accept,
    stop: &Arc<Stop>,
    ui: &Ui,
) -> Result<Done, CommandError> {
    let order = Order { what: vec![what.to_owned()], server: server.to_owned(), ..Order::default() };
    let changing = Changing::begin(repository, server, ChangeArgs::default(), ui)?.stopped_by(stop);
    let history = History::load(repository)?;
    let deploying = Deploying::prepare(&changing, &history, order, accept)?;
    one::under_lease(&deploying, ui).inspect_err(|_| changing.sign_off())
}

impl<'a> Deploying<'a> {
    /// Finds what is to be deployed, and signs on.
    fn prepare(
        changing: &'a Changing<'a>,
        history: &'a History,
        order: Order,
        accept: Accept,
    ) -> Result<Self, CommandError> {
        let context = Context {
            repository: changing.repository,
            history,
            records: &changing.records,
            settings: changing.settings.clone(),
            person: changing.identity.person.clone(),
            server: changing.server.clone(),
            trying: false,
            must_be_pushed: changing.reach == Reach::Remote,
            may_deploy_packaged: changing
                .identity
                .may_administer(Administering::PackagedScheduleAlone)
                .is_ok(),
            now: now(),
        };
        let selection = select(&context, &order)?;
        let person = changing.sign_on()?;
        let context = Context { person: person.clone(), ..context };
        Ok(Self { changing, context, order, selection, accept, person, agreed: None, taken: None })
    }

    fn server(&self) -> &str {
        &self.changing.server.name
    }

    /// Plans by the records as they are at this moment.
    async fn planner(&self, records: &Records<'_>) -> Result<Planner, PlanError> {
        let context = Context { records, ..self.context.clone() };
        Planner::open(&context, &self.order, &self.selection, self.changing.target.system.clone()).await
    }

    fn asked(&self, accept: &Accept) -> Asked {
        self.changing.asked(&self.person, Some(&self.order.description), accept.words())
    }

    /// What the lease is for, in a few words.
    fn purpose(&self) -> String {
        match (&self.selection.package, self.selection.items.as_slice()) {
            (Some(package), _) => format!("deploy package:{}", package.name),
            (None, [only]) => format!("deploy {}", only.name),
            (None, [first, others @ ..]) => format!("deploy {} and {} more", first.name, others.len()),
            (None, []) => "deploy".to_owned(),
        }
    }
}
