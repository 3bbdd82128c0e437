//! `rules new`: a rule and its test to begin with.

use std::path::Path;

use clap::Args;
use deploy_core::definition::RuleName;
use deploy_core::repository::layout::rule_path;
use deploy_core::repository::rule_files::{RuleFileError, RuleFiles};
use serde_json::json;

use super::super::open;
use super::ready::Ready;
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::Ui;
use crate::{CommandResult, Exit};

const RULE: &str = include_str!("new.rhai");
const TEST: &str = include_str!("new.toml");

/// Begin a rule and its test in the work tree
///
/// Writes a rule and its test that work as they are and say how to go on, or one of the
/// ready-made rules with its own test. Nothing is committed.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy rules new tag-jobs\n  opcon-deploy rules new --from batch-site"
)]
pub(super) struct NewArgs {
    /// The name of the rule; of a ready-made one its own if absent
    #[arg(value_name = "NAME", required_unless_present = "from")]
    name: Option<String>,
    /// Begin with this ready-made rule
    #[arg(long, value_name = "READY")]
    from: Option<Ready>,
}

pub(super) fn run(args: NewArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    if !repository.has_work_tree() {
        return Err(CommandError::failed("a bare repository has no work tree to write to"));
    }
    let text = args.name.as_deref().or(args.from.map(Ready::name)).unwrap_or_default();
    let name = RuleName::new(text).map_err(|error| CommandError::usage(error.to_string()))?;
    let rules = RuleFiles::of_work_tree(&repository, None)?;
    match rules.get(name.as_str()) {
        Err(RuleFileError::Unknown { .. }) => {}
        Ok(file) => {
            return Err(CommandError::failed(format!("rule `{text}` exists: `{}`", file.path)));
        }
        Err(error) => return Err(error.into()),
    }
    let (rule, test) = match args.from {
        Some(ready) => (ready.rule.to_owned(), ready.test_of(name.as_str())),
        None => (RULE.to_owned(), TEST.replace("\"NAME\"", &format!("{:?}", name.as_str()))),
    };
    let mut files = vec![(rule_path(&name), rule), (format!("rules/tests/{}.toml", name.stem()), test)];
    if let Some(ready) = args.from {
        let (file, given) = ready.given;
        let path = format!("rules/tests/{file}");
        // Other rules were begun with it, too.
        if std::fs::read(repository.root().join(&path)).ok().as_deref() != Some(given.as_bytes()) {
            files.push((path, given.to_owned()));
        }
    }
    for (path, _) in &files {
        if repository.root().join(path).symlink_metadata().is_ok() {
            return Err(CommandError::failed(format!("`{path}` is there already")));
        }
    }
    for (path, text) in &files {
        write(&repository.root().join(path), text)?;
    }
    if ui.is_json() {
        let rows: Vec<_> = files.iter().map(|(path, _)| json!({ "path": path })).collect();
        ui.json("files", &rows)?;
        return Ok(Exit::Done);
    }
    files.iter().for_each(|(path, _)| ui.line(format!("Wrote `{path}`")));
    ui.hint(format!("`opcon-deploy rules test {0:?}` runs the test, `opcon-deploy rules explain SCHEDULE --rule {0:?}` shows what the rule does", name.as_str()));
    Ok(Exit::Done)
}

fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, text))
        .map_err(|error| CommandError::io("write", path, &error))
}
