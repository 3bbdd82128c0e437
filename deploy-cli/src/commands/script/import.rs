//! `script import`: from a system, a definition, or a plain file.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::definition::Definition;
use deploy_core::opcon::{HttpSystem, OpConSystem as _, Script};
use deploy_core::repository::package::CommitOptions;
use deploy_core::repository::scripts::{
    Incoming, IncomingVersion, Plan, VersionEntry, import, in_definition,
};
use serde_json::json;

use super::super::import::server::{exit_of, prepare};
use super::super::{commit_words, completions, open};
use crate::CommandResult;
use crate::cli::{CommitArgs, Global};
use crate::error::CommandError;
use crate::names::ListArg;
use crate::system::{Target, runtime};
use crate::ui::{Ui, one_line, style, styled};

/// Store scripts, every version that is missing
///
/// Another runner, or other content under a number that is stored, stops it:
/// the same number must be the same text everywhere. `--reset` replaces what is
/// stored by what comes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy script import DEV 'Check-*'\n  opcon-deploy script import PROD Check-StoreFiles --reset\n  opcon-deploy script import --file export.json\n  opcon-deploy script import --file check.ps1 --name Check-StoreFiles --number 3 --runner PowerShell"
)]
pub(super) struct ImportArgs {
    /// The OpCon system to import from
    #[arg(value_name = "SERVER", required_unless_present = "file", conflicts_with = "file", add = ArgValueCandidates::new(completions::servers))]
    server: Option<String>,
    /// Scripts, or patterns for them
    #[arg(value_name = "NAME", required_unless_present_any = ["file", "list"])]
    names: Vec<String>,
    #[command(flatten)]
    list: ListArg,
    /// A definition with scripts in it; with `--name` a script's text
    #[arg(long, value_name = "PATH", conflicts_with = "list")]
    file: Option<PathBuf>,
    /// With `--file`: the script whose text the file is
    #[arg(long, value_name = "NAME", requires_all = ["file", "number", "runner"])]
    name: Option<String>,
    /// With `--file`: which version the text is
    #[arg(long, value_name = "N", requires = "name", value_parser = clap::value_parser!(i64).range(1..))]
    number: Option<i64>,
    /// With `--file`: what runs it, in OpCon's words
    #[arg(long, value_name = "RUNNER", requires = "name")]
    runner: Option<String>,
    /// Replace the stored versions by those that come
    #[arg(long)]
    reset: bool,
    #[command(flatten)]
    commit: CommitArgs,
}

pub(super) fn run(args: ImportArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let (incoming, trailers, unmatched) = match (&args.server, &args.file) {
        (Some(server), _) => {
            let target = Target::to_import_from(&repository, server, ui)?;
            from_server(&target, &args.list.and(args.names.clone(), global)?)?
        }
        (None, Some(file)) => (from_file(&args, &global.at(file))?, Vec::new(), Vec::new()),
        (None, None) => return Err(CommandError::usage("name a server, or `--file`")),
    };
    for name in &unmatched {
        ui.error(&format!("no script is called `{}` there", one_line(name)));
    }
    if incoming.is_empty() {
        return Err(CommandError::failed("there is no script to store"));
    }
    let options = CommitOptions {
        destination: args.commit.destination("scripts"),
        message: args.commit.message.clone(),
        push: args.commit.push,
    };
    let show = |plans: &[Plan]| {
        if args.reset {
            for plan in plans.iter().filter(|plan| !plan.is_empty()) {
                ui.note(format!("Resetting `{}`: {}", one_line(&plan.name), plan.words()));
            }
        }
    };
    let waiting = || ui.waiting();
    let imported = import(&repository, &incoming, args.reset, &options, &trailers, &show, &waiting)?;
    if ui.is_json() {
        let list: Vec<_> = imported
            .plans
            .iter()
            .map(|plan| {
                json!({
                    "name": plan.name, "runner": plan.file.runner,
                    "added": plan.added, "replaced": plan.replaced, "removed": plan.removed,
                    "commit": imported.committed.as_ref().map(|committed| committed.commit.to_string()),
                })
            })
            .collect();
        ui.json("scripts", &list)?;
        return Ok(exit_of(unmatched.is_empty()));
    }
    for plan in &imported.plans {
        let words = if plan.is_empty() { style::DIM } else { style::ADDED };
        ui.line(format!("{}  {}", one_line(&plan.name), styled(words, plan.words())));
    }
    match &imported.committed {
        Some(committed) => ui.note(format!("Commit {}", commit_words(committed))),
        None => ui.note("Nothing to commit"),
    }
    Ok(exit_of(unmatched.is_empty()))
}

type FromServer = (Vec<Incoming>, Vec<(String, String)>, Vec<String>);

fn from_server(target: &Target, names: &[String]) -> Result<FromServer, CommandError> {
    let runtime = runtime()?;
    runtime.block_on(async {
        let prepared = prepare(target, &[]).await?;
        let found = find(target, names).await;
        target.sign_off().await;
        let (incoming, unmatched) = found?;
        Ok((incoming, prepared.trailers(), unmatched))
    })
}

/// The scripts that the names stand for, and the names that stand for none.
async fn find(target: &Target, names: &[String]) -> Result<(Vec<Incoming>, Vec<String>), CommandError> {
    let (mut found, mut unmatched): (Vec<Script>, Vec<String>) = (Vec::new(), Vec::new());
    for name in names {
        let scripts = target.system.scripts(name).await?;
        if scripts.is_empty() {
            unmatched.push(name.clone());
        }
        for script in scripts {
            if !found.iter().any(|other| other.id == script.id) {
                found.push(script);
            }
        }
    }
    let mut incoming = Vec::new();
    for script in &found {
        incoming.push(fetch(&target.system, target.name(), script, target.concurrency).await?);
    }
    Ok((incoming, unmatched))
}

/// A script with the texts of all its versions.
async fn fetch(
    system: &Arc<HttpSystem>,
    server: &str,
    script: &Script,
    concurrency: usize,
) -> Result<Incoming, CommandError> {
    let mut versions = Vec::new();
    for window in script.versions.chunks(concurrency.max(1)) {
        let mut texts = Vec::new();
        for version in window {
            let (system, script, number) = (Arc::clone(system), script.clone(), version.number);
            texts.push(tokio::spawn(async move { system.script_content(&script, number).await }));
        }
        for (version, text) in window.iter().zip(texts) {
            let text = text.await.map_err(|error| CommandError::failed(error.to_string()))??;
            let entry = VersionEntry {
                number: version.number,
                message: version.message.clone(),
                author: version.author.clone(),
                created: version.created.clone(),
            };
            versions.push(IncomingVersion { entry, content: text.into_bytes() });
        }
    }
    Ok(Incoming {
        name: script.name.clone(),
        description: script.description.clone().unwrap_or_default(),
        runner: script.kind.clone().unwrap_or_else(|| "unknown".to_owned()),
        extension: None,
        versions,
        source: format!("`{server}`"),
    })
}

fn from_file(args: &ImportArgs, path: &std::path::Path) -> Result<Vec<Incoming>, CommandError> {
    let bytes = std::fs::read(path).map_err(|error| CommandError::io("read", path, &error))?;
    let source = format!("`{}`", path.display());
    if let (Some(name), Some(number), Some(runner)) = (&args.name, args.number, &args.runner) {
        let extension = path.extension().map(|end| end.to_string_lossy().into_owned());
        let entry = VersionEntry { number, message: None, author: None, created: None };
        return Ok(vec![Incoming {
            name: name.clone(),
            description: String::new(),
            runner: runner.clone(),
            extension,
            versions: vec![IncomingVersion { entry, content: bytes }],
            source,
        }]);
    }
    let definition = Definition::read(&bytes).map_err(|error| {
        CommandError::failed(format!("{source} is not a definition: {error}"))
            .hint("for the text of one script give `--name`, `--number` and `--runner`")
    })?;
    let incoming = in_definition(&definition, &source);
    match incoming.is_empty() {
        true => Err(CommandError::failed(format!("{source} carries no scripts"))),
        false => Ok(incoming),
    }
}
