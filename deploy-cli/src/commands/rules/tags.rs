//! `rules tags`: the reference of the vendor's tags.

use clap::Args;
use deploy_core::repository::Repository;
use deploy_core::repository::rule_files::RuleFiles;
use deploy_core::rules::tag_markdown;
use deploy_core::rules::tags::{Tag, TagTable};
use serde_json::json;

use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::{Table, Ui};
use crate::{CommandResult, Exit};

/// What each tag changes, which options it takes, which places it touches
///
/// Inside a repository with the additions of its `rules/tags.toml`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy rules tags\n  opcon-deploy rules tags Job_Machine_Name\n  opcon-deploy rules tags --json"
)]
pub(super) struct TagsArgs {
    /// One tag, with an example
    #[arg(value_name = "TAG")]
    tag: Option<String>,
}

pub(super) fn run(args: TagsArgs, global: &Global, ui: &Ui) -> CommandResult {
    let tags = match Repository::open(&global.dir) {
        Ok(repository) => RuleFiles::of_work_tree(&repository, None)?.tags()?,
        // The reference is the same everywhere.
        Err(_) => TagTable::built_in().map_err(|error| CommandError::failed(error.to_string()))?,
    };
    let Some(name) = &args.tag else {
        if ui.is_json() {
            ui.json("tags", &tags.iter().map(|tag| as_json(tag)).collect::<Vec<_>>())?;
            return Ok(Exit::Done);
        }
        let mut table = Table::new(["TAG", "CHANGES"]);
        tags.iter().for_each(|tag| table.row([&tag.name, &tag.about]));
        ui.print(&table.to_string());
        return Ok(Exit::Done);
    };
    let Some(tag) = tags.get(name) else {
        let near = tags.nearest(name);
        let meant = if near.is_empty() {
            String::new()
        } else {
            format!("; did you mean `{}`?", near.join("` or `"))
        };
        let error = CommandError::failed(format!("no tag `{name}`{meant}"));
        return Err(if near.is_empty() { error.hint("`opcon-deploy rules tags` lists them") } else { error });
    };
    if ui.is_json() {
        ui.json("tags", &[as_json(tag)])?;
    } else {
        ui.print(&tag_markdown(tag, &tags));
    }
    Ok(Exit::Done)
}

fn as_json(tag: &Tag) -> serde_json::Value {
    let options = [
        ("partial", tag.takes_partial()),
        ("job", tag.takes_job()),
        ("schedule", tag.takes_schedule()),
        ("contents", tag.takes_contents()),
    ];
    let options: Vec<&str> = options.iter().filter(|(_, takes)| *takes).map(|(name, _)| *name).collect();
    json!({
        "name": tag.name, "spellings": tag.spellings, "about": tag.about, "options": options,
        "places": tag.places().collect::<Vec<_>>(),
    })
}
