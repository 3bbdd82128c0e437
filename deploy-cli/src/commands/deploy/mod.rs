//! `deploy`: the two phases, through the one pipeline.

mod each;
mod file;
mod one;
pub(super) mod show;

use std::path::PathBuf;

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::deploy::execute::Asked;
use deploy_core::deploy::{Accept, Context, Entrance, Order, Plan, PlanError, Planner, Selection, select};
use deploy_core::repository::history::History;
use deploy_core::repository::records::{Person, Reach, Records};
use deploy_core::repository::users::Administering;

use super::changing::{ChangeArgs, Changing, now};
use super::order::{AcceptArgs, OrderArgs};
use super::{completions, open};
use crate::CommandResult;
use crate::cli::Global;
use crate::ui::Ui;

/// Put schedules or a package onto an OpCon system
///
/// Checks what `simulate` checks, then changes the target in one transaction and
/// reads it back; what stood there before is committed first. What must not
/// happen by itself is refused: on a terminal it is shown and asked, elsewhere
/// the exit code is 4 and the option that accepts it is named.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy deploy Payroll --to PROD -m 'Quarter end' --tag 2026.4\n  opcon-deploy deploy package:FINANCE@3 --to QA --rule to-qa\n  opcon-deploy deploy 'FIN_*' --to QA --each\n  opcon-deploy deploy Payroll --to PROD --plan payroll.plan\n  opcon-deploy deploy --file export.json --to QA"
)]
pub struct DeployArgs {
    /// The OpCon system to deploy to
    #[arg(long = "to", value_name = "SERVER", add = ArgValueCandidates::new(completions::servers))]
    server: String,
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
    #[arg(long)]
    each: bool,
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
}

pub(super) fn run(args: DeployArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let stored = file::store(&repository, &args, global, ui)?;
    let entrance = if ui.can_ask() { Entrance::Terminal } else { Entrance::Unattended };
    let mut order = args.order.order(&args.server, entrance, global)?;
    order.what.extend(stored);
    let agreed = args.plan.as_deref().map(|path| one::read_plan(&global.at(path))).transpose()?;
    if let Some(plan) = &agreed {
        one::follow_plan(&mut order, plan)?;
    }
    let changing = Changing::begin(&repository, &args.server, args.change, ui)?;
    let history = History::load(&repository)?;
    let context = Context {
        repository: &repository,
        history: &history,
        records: &changing.records,
        settings: changing.settings.clone(),
        person: changing.identity.person.clone(),
        server: changing.server.clone(),
        trying: false,
        must_be_pushed: changing.reach == Reach::Remote,
        may_deploy_packaged: changing.identity.may_administer(Administering::PackagedScheduleAlone).is_ok(),
        now: now(),
    };
    let selection = select(&context, &order)?;
    let person = changing.sign_on()?;
    let deploying = Deploying {
        changing: &changing,
        context: Context { person: person.clone(), ..context },
        order,
        selection,
        accept: args.accept.accept(),
        person,
        agreed,
    };
    let done = match args.each {
        true => each::run(&deploying, args.change.yes, ui),
        false => one::run(deploying, args.change.yes, ui),
    };
    done.inspect_err(|_| changing.sign_off())
}

impl Deploying<'_> {
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
