//! `rules show`: one rule.

use clap::Args;
use deploy_core::repository::rule_files::RuleFiles;
use deploy_core::rules::{Language, head};
use serde_json::json;

use super::super::list::Filter;
use super::super::{history, open};
use super::list::{rows, word};
use crate::cli::Global;
use crate::ui::{Ui, one_line, style, styled};
use crate::{CommandResult, Exit};

/// Show a rule: what it says of itself, who uses it, its text
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  opcon-deploy rules show machines\n  opcon-deploy rules show machines@2")]
pub(super) struct ShowArgs {
    /// The rule, with a version if not as it stands
    #[arg(value_name = "NAME[@V]")]
    name: String,
}

pub(super) fn run(args: ShowArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let history = history(&repository, ui)?;
    let rules = RuleFiles::of_work_tree(&repository, Some(&history))?;
    let file = rules.get(&args.name)?;
    let users = rows(&repository, &history, &rules, &Filter::everything())?;
    let users = users.into_iter().find(|row| row.name == file.name);
    let (servers, packages) = users.map(|row| (row.servers, row.packages)).unwrap_or_default();
    let about = match file.language {
        Language::Rhai => head(&file.name, &file.text).unwrap_or_default(),
        Language::VendorJson => Default::default(),
    };
    if ui.is_json() {
        let rule = json!({
            "name": file.name, "language": word(file.language), "version": file.version, "path": file.path,
            "differs": file.differs, "description": about.description, "idempotent": about.idempotent,
            "unmatched": about.unmatched, "servers": servers, "packages": packages, "text": file.text,
        });
        ui.json("rule", &rule)?;
        return Ok(Exit::Done);
    }
    ui.line(format!(
        "{}  {}",
        styled(style::HEADING, one_line(&file.label())),
        styled(style::DIM, format!("{} ({})", one_line(&file.path), word(file.language)))
    ));
    for (label, names) in [("servers", servers), ("packages", packages)] {
        if !names.is_empty() {
            ui.line(format!("  {label:12} {}", one_line(&names.join(", "))));
        }
    }
    ui.line("");
    // The lines as they are, without what would move the cursor.
    for line in file.text.trim_start_matches('\u{feff}').lines() {
        ui.line(line.replace(|c: char| c.is_control() && c != '\t', "\u{fffd}"));
    }
    if file.differs {
        ui.note("from the work tree, not as main has it");
    }
    Ok(Exit::Done)
}
