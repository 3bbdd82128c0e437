//! `rules new`: a rule and its test to begin with.

use std::path::Path;

use clap::Args;
use deploy_core::definition::RuleName;
use deploy_core::repository::layout::rule_path;
use deploy_core::repository::rule_files::{RuleFileError, RuleFiles};
use serde_json::json;

use super::super::open;
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::Ui;
use crate::{CommandResult, Exit};

const RULE: &str = include_str!("new.rhai");
const TEST: &str = include_str!("new.toml");

/// Begin a rule and its test in the work tree
///
/// Writes two files that work as they are and say how to go on. Nothing is committed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  opcon-deploy rules new tag-jobs")]
pub(super) struct NewArgs {
    /// The name of the rule
    #[arg(value_name = "NAME")]
    name: String,
}

pub(super) fn run(args: NewArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    if !repository.has_work_tree() {
        return Err(CommandError::failed("a bare repository has no work tree to write to"));
    }
    let name = RuleName::new(&args.name).map_err(|error| CommandError::usage(error.to_string()))?;
    let rules = RuleFiles::of_work_tree(&repository, None)?;
    match rules.get(name.as_str()) {
        Err(RuleFileError::Unknown { .. }) => {}
        Ok(file) => {
            return Err(CommandError::failed(format!("rule `{}` exists: `{}`", args.name, file.path)));
        }
        Err(error) => return Err(error.into()),
    }
    let files = [
        (rule_path(&name), RULE.to_owned()),
        (
            format!("rules/tests/{}.toml", name.stem()),
            TEST.replace("\"NAME\"", &format!("{:?}", name.as_str())),
        ),
    ];
    for (path, _) in &files {
        let there = repository.root().join(path);
        if there.symlink_metadata().is_ok() {
            return Err(CommandError::failed(format!("`{path}` is there already")));
        }
    }
    for (path, text) in &files {
        write(&repository.root().join(path), text)?;
    }
    if ui.is_json() {
        let paths = files.map(|(path, _)| path);
        ui.json("files", &paths.map(|path| json!({ "path": path })))?;
        return Ok(Exit::Done);
    }
    files.iter().for_each(|(path, _)| ui.line(format!("Wrote `{path}`")));
    ui.hint(format!("`opcon-deploy rules test {0:?}` runs the test, `opcon-deploy rules explain SCHEDULE --rule {0:?}` shows what the rule does", args.name));
    Ok(Exit::Done)
}

fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, text))
        .map_err(|error| CommandError::io("write", path, &error))
}
