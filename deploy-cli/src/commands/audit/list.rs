//! The list of `audit`.

use clap::Args;
use clap::builder::PossibleValuesParser;
use deploy_core::repository::Repository;
use deploy_core::repository::audit::{Action, Audit, Category};
use serde_json::{Value, json};

use super::super::list::Filter;
use super::super::records::{name_of, record_log};
use super::super::{note_age, open};
use crate::cli::Global;
use crate::system::who;
use crate::time;
use crate::ui::{Table, Ui, local_time, utc_time};
use crate::{CommandResult, Exit};

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Of this category only
    #[arg(long, value_name = "CATEGORY", ignore_case = true, value_parser = PossibleValuesParser::new(Category::ALL.map(Category::word)))]
    category: Vec<String>,
    /// Part of the name or of the e-mail address of who did it, or asked for it
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// A text in the message, or in the names of what was touched
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// Done then or later: a date, a local time, or one of RFC 3339
    #[arg(long, value_name = "TIME", value_parser = time::since)]
    from: Option<i64>,
    /// Done then or earlier; a date counts to its end
    #[arg(long, value_name = "TIME", value_parser = time::until)]
    to: Option<i64>,
    /// List beginnings too of operations that have ended
    #[arg(long)]
    beginnings: bool,
    /// Show at most this many
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// Show all
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

pub(super) fn run(args: ListArgs, global: &Global, ui: &Ui) -> CommandResult {
    let user = Filter::new(args.user.as_deref())?;
    let repository = open(global, ui)?;
    who(&repository)?.may_view_audit()?;
    let records = record_log(&repository, global, ui)?;
    note_age(&repository, &[&repository.settings().git.main], ui);
    let audit = Audit::load(&repository, records)?;
    let text = args.text.as_ref().map(|text| text.to_lowercase());
    let takes = |action: &Action<'_>| {
        let is = |category: &String| category.eq_ignore_ascii_case(action.category.word());
        (args.category.is_empty() || args.category.iter().any(is))
            && args.from.is_none_or(|from| action.time >= from)
            && args.to.is_none_or(|to| action.time <= to)
            && (user.takes(action.user) || action.runner().is_some_and(|runner| user.takes(runner)))
            && text.as_ref().is_none_or(|text| action.text().to_lowercase().contains(text))
    };
    let mut actions = audit.actions(args.beginnings).filter(takes);
    let shown: Vec<Action<'_>> =
        actions.by_ref().take(if args.all { usize::MAX } else { args.limit }).collect();
    if ui.is_json() {
        let list: Vec<Value> = shown.iter().map(|action| as_json(&repository, action)).collect();
        ui.json("audit", &list)?;
        return Ok(Exit::Done);
    }
    if shown.is_empty() {
        ui.note("nothing matches");
    } else {
        ui.print(&table(&shown, ui).to_string());
    }
    let more = actions.count();
    if more > 0 {
        ui.note(format!("{} of {} actions; `--all` shows all", shown.len(), shown.len() + more));
    }
    Ok(Exit::Done)
}

fn table(actions: &[Action<'_>], ui: &Ui) -> Table {
    let mut table = Table::new(["DATE", "CATEGORY", "USER", "MESSAGE", "COMMIT", "SIGNED"]);
    for action in actions {
        table.row([
            &local_time(action.time),
            action.category.word(),
            name_of(action.user),
            &ui.short(&action.message(), 100),
            &action.commit.to_string()[..8],
            signature(action),
        ]);
    }
    table
}

fn signature(action: &Action<'_>) -> &'static str {
    if action.signed { "signed" } else { "unsigned" }
}

fn as_json(repository: &Repository, action: &Action<'_>) -> Value {
    let git = &repository.settings().git;
    json!({
        "date": utc_time(action.time), "category": action.category, "user": action.user,
        "runner": action.runner(), "committer": action.committer, "message": action.message(),
        "names": action.names(), "server": action.server(), "record": action.record(),
        "branch": if action.is_of_records() { &git.records } else { &git.main },
        "commit": action.commit.to_string(), "signature": signature(action),
    })
}
