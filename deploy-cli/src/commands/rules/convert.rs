//! `rules convert`: the vendor's JSON as a script that does the same.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use clap::Args;
use deploy_core::definition::Definition;
use deploy_core::repository::rule_files::{Order, Prepared, RuleFile, RuleFiles, TargetServer, survey};
use deploy_core::rules::{self, Language};
use serde_json::json;

use super::super::{export, history, open};
use super::told::Places;
use super::tried::{clock, file};
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::{Ui, count, one_line};
use crate::{CommandResult, Exit};

/// Turn a file of the vendor's JSON form into a script that does the same
///
/// With --prove both are applied to every stored version of every schedule;
/// the results must be equal.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy rules convert to-qa.json\n  opcon-deploy rules convert rules/to-qa.json -o rules/to-qa.rhai --prove"
)]
pub(super) struct ConvertArgs {
    /// The file of the vendor's form
    #[arg(value_name = "FILE.json")]
    file: PathBuf,
    /// The script to write; standard output if absent
    #[arg(short, long, value_name = "NAME.rhai")]
    output: Option<PathBuf>,
    /// Compare both over everything that is stored
    #[arg(long)]
    prove: bool,
    /// The server whose prefix and values are taken for the comparison
    #[arg(long, value_name = "SERVER", requires = "prove")]
    to: Option<String>,
}

pub(super) fn run(args: ConvertArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let history = history(&repository, ui)?;
    let there = RuleFiles::of_work_tree(&repository, Some(&history))?;
    let settings = there.settings(None)?;
    let path = global.at(&args.file);
    let vendor = file(&args.file.to_string_lossy(), &path)?;
    if vendor.language != Language::VendorJson {
        return Err(CommandError::usage(format!("`{}` is not JSON", args.file.display())));
    }
    let places = Places::of(std::slice::from_ref(&vendor));
    let script =
        rules::convert(&vendor.name, &vendor.text, &settings).map_err(|errors| places.compile(&errors))?;
    let mut exit = Exit::Done;
    let mut proof = serde_json::Value::Null;
    if args.prove {
        let server = args.to.as_ref().map(|name| TargetServer::find(&repository, name)).transpose()?;
        // The rules of the server are not what is compared.
        let server = server.map(|server| TargetServer { rules: Vec::new(), allow_rules: true, ..server });
        let prepare = |file: RuleFile| {
            let order = Order { server: server.clone(), rules: vec![file], ..Order::default() };
            there.prepare(&order, Some(clock())).map_err(CommandError::from)
        };
        let converted = RuleFile { language: Language::Rhai, text: script.clone(), ..vendor.clone() };
        let sides = (prepare(vendor)?, prepare(converted)?);
        let done = AtomicUsize::new(0);
        let found = ui
            .progress(0, "Comparing")
            .follow(&done, || survey(&repository, &history, &done, &|definition| same(&sides, definition)));
        for broken in &found.broken {
            ui.error(&format!("{}: {}", one_line(&broken.version), one_line(&broken.reason)));
        }
        if !found.broken.is_empty() {
            exit = Exit::Failed;
        }
        let told = if found.broken.is_empty() { "the same result for each" } else { "not the same" };
        ui.note(format!("Compared {}: {told}", count(found.definitions, "stored definition")));
        proof = json!({ "definitions": found.definitions, "different": found.broken.len() + found.more });
    }
    match args.output {
        // What does not do the same is not written.
        Some(_) if exit != Exit::Done => {}
        Some(output) => {
            let target = global.at(&output);
            if target.symlink_metadata().is_ok() {
                let message = format!("`{}` is there already", output.display());
                return Err(CommandError::refused(message).hint("name another file, or remove it first"));
            }
            export::write(&target, script.as_bytes())?;
            if ui.is_json() {
                ui.json("files", &[json!({ "path": target, "proof": proof })])?;
            } else {
                ui.line(format!("Wrote `{}`", output.display()));
            }
        }
        None if ui.is_json() => ui.json("rule", &json!({ "text": script, "proof": proof }))?,
        None => ui.print(&script),
    }
    Ok(exit)
}

/// Whether both give the same definition, or both give none.
fn same((a, b): &(Prepared, Prepared), definition: Definition) -> Result<(), String> {
    let apply = |prepared: &Prepared, definition| {
        prepared.rules.apply(definition, &Arc::clone(&prepared.context)).map(|done| done.definition)
    };
    match (apply(a, definition.clone()), apply(b, definition)) {
        (Ok(a), Ok(b)) if a == b => Ok(()),
        (Ok(_), Ok(_)) => Err("the script gives another definition".to_owned()),
        (Err(_), Err(_)) => Ok(()),
        (Ok(_), Err(error)) => Err(format!("only the script fails: {error}")),
        (Err(error), Ok(_)) => Err(format!("only the JSON fails: {error}")),
    }
}
