//! `rules`: transformation rules, written, tried, tested.

mod apply;
mod check;
mod convert;
mod explain;
mod import;
mod list;
mod new;
mod ready;
mod show;
mod tags;
mod test;
mod told;
mod tried;

use clap::{Args, Subcommand};

use crate::CommandResult;
use crate::cli::Global;
use crate::ui::Ui;
pub(super) use list::{rows, table};

/// Write, try and test transformation rules
///
/// A rule changes a definition on its way to a server: a rhai script under
/// `rules/`, or a file of the vendor's JSON form as it is. All these commands
/// see the work tree and say so where main holds something else.
#[derive(Debug, Args)]
pub struct RulesArgs {
    #[command(subcommand)]
    command: RulesCommand,
}

#[derive(Debug, Subcommand)]
enum RulesCommand {
    List(list::ListArgs),
    Show(show::ShowArgs),
    New(new::NewArgs),
    Import(import::ImportArgs),
    Check(check::CheckArgs),
    Explain(explain::ExplainArgs),
    Apply(apply::ApplyArgs),
    Test(test::TestArgs),
    Convert(convert::ConvertArgs),
    Tags(tags::TagsArgs),
}

pub(super) fn run(args: RulesArgs, global: &Global, ui: &Ui) -> CommandResult {
    match args.command {
        RulesCommand::List(args) => list::run(args, global, ui),
        RulesCommand::Show(args) => show::run(args, global, ui),
        RulesCommand::New(args) => new::run(args, global, ui),
        RulesCommand::Import(args) => import::run(args, global, ui),
        RulesCommand::Check(args) => check::run(args, global, ui),
        RulesCommand::Explain(args) => explain::run(args, global, ui),
        RulesCommand::Apply(args) => apply::run(args, global, ui),
        RulesCommand::Test(args) => test::run(args, global, ui),
        RulesCommand::Convert(args) => convert::run(args, global, ui),
        RulesCommand::Tags(args) => tags::run(args, global, ui),
    }
}
