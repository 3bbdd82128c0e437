//! `script deploy`: versions of a script go onto a system.

use std::collections::BTreeMap;

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::deploy::execute::{Piece, StandingScript, Texts, Transaction, to_bytes};
use deploy_core::opcon::{ImportRules, ScriptText, ScriptTexts};
use deploy_core::repository::Repository;
use deploy_core::repository::records::{Action, Digest, Kind, Person, Record, Source};
use deploy_core::repository::scripts::{StoredScript, blob, content, find_version};

use super::super::changing::{ChangeArgs, Changing};
use super::super::{completions, deploy, open};
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::{Ui, count, one_line};
use crate::{CommandResult, Exit};

/// Put a version of a script onto an OpCon system
///
/// The number is the same there as here. Where the system has another text under
/// it, it is refused; `--reset` replaces all versions there by those stored here.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy script deploy Check-StoreFiles --to QA\n  opcon-deploy script deploy Check-StoreFiles@2 --to PROD --tag 2026.4\n  opcon-deploy script deploy Check-StoreFiles --to PROD --reset"
)]
pub(super) struct DeployArgs {
    /// The script, with a version if not the latest
    #[arg(value_name = "NAME[@N]")]
    name: String,
    /// The OpCon system
    #[arg(long = "to", value_name = "SERVER", add = ArgValueCandidates::new(completions::servers))]
    server: String,
    /// Replace all versions there by those stored here
    #[arg(long)]
    reset: bool,
    /// Why
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// The release it belongs to; stands in the version's description
    #[arg(long, value_name = "RELEASE")]
    tag: Option<String>,
    #[command(flatten)]
    change: ChangeArgs,
}

/// What is sent.
struct Sending {
    script: StoredScript,
    number: i64,
    source: Source,
    texts: Texts,
}

pub(super) fn run(args: DeployArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let changing = Changing::begin(&repository, &args.server, args.change, ui)?;
    let sending = sending(&args, &repository)?;
    let person = changing.sign_on()?;
    send(&args, &changing, &sending, &person, ui).inspect_err(|_| changing.sign_off())
}

fn sending(args: &DeployArgs, repository: &Repository) -> Result<Sending, CommandError> {
    let (script, version) = find_version(repository, &args.name)?;
    let number = version.number;
    let source = Source {
        version: usize::try_from(number).ok(),
        commit: Some(repository.tip()?.commit.to_string()),
        blob: Some(blob(repository, &script, number)?.to_string()),
    };
    let numbers = script.file.versions.iter().map(|version| version.number);
    let mut texts = BTreeMap::new();
    for one in numbers.filter(|one| args.reset || *one == number) {
        texts.insert(one, String::from_utf8_lossy(&content(repository, &script, one)?).into_owned());
    }
    Ok(Sending { script, number, source, texts })
}

fn send(
    args: &DeployArgs,
    changing: &Changing<'_>,
    sending: &Sending,
    person: &Person,
    ui: &Ui,
) -> CommandResult {
    let (server, name) = (&changing.server.name, &sending.script.name);
    let read = || changing.runtime.block_on(StandingScript::read(&*changing.target.system, name));
    let found = read()?.touched(&sending.texts, args.reset);
    if found == sending.texts {
        match ui.is_json() {
            true => ui.json("deployments", &[(); 0])?,
            false => {
                ui.line(format!("{}  version {} stands on {server} already", one_line(name), sending.number));
            }
        }
        changing.sign_off();
        return Ok(Exit::Done);
    }
    let other = found.iter().filter(|(number, text)| sending.texts.get(number) != Some(text)).count();
    if other > 0 && !args.reset {
        return Err(CommandError::refused(format!(
            "version {} of script `{}` has another text on `{server}`: the same number is the same text everywhere",
            sending.number,
            one_line(name)
        ))
        .hint("`--reset` replaces all versions there by those stored here"));
    }
    if args.reset {
        let question = format!(
            "Replace {} of script `{}` on `{server}`?",
            count(found.len(), "version"),
            one_line(name)
        );
        if !changing.confirm(args.change.yes, &question, ui)? {
            return Ok(changing.declined(ui));
        }
    }
    let held = changing.hold(&format!("script deploy {}", args.name), ui)?;
    let done = read().map_err(CommandError::from).and_then(|now| {
        let found = now.touched(&sending.texts, args.reset);
        let transaction = transaction(args, changing, sending, person, found);
        deploy::show::done(&changing.run(&held, transaction, ui)?, ui)
    });
    changing.release(held, ui);
    done
}

fn transaction(
    args: &DeployArgs,
    changing: &Changing<'_>,
    sending: &Sending,
    person: &Person,
    found: Texts,
) -> Transaction {
    let (server, script) = (&changing.server.name, &sending.script);
    let rules = ImportRules { reset_scripts: args.reset, ..ImportRules::default() };
    let asked = changing.asked(person, args.message.as_deref(), Vec::new());
    let mut record = asked.record(Kind::Script, Action::Deploy, server, &script.name);
    let (wanted, found) = (to_bytes(&sending.texts), (!found.is_empty()).then(|| to_bytes(&found)));
    record.told.tag.clone_from(&args.tag);
    record.told.options = Some(rules.clone());
    let record = Record {
        source: sending.source.clone(),
        planned: Some(Digest::of(&wanted)),
        found: found.as_deref().map(Digest::of),
        ..record
    };
    let piece = Piece { record, wanted: Some(wanted), found, standing: None, pin: None };
    let versions = script.file.versions.iter().filter_map(|version| {
        Some(ScriptText {
            number: version.number,
            message: described(
                version.message.as_deref(),
                args.tag.as_deref(),
                version.number == sending.number,
            ),
            author: version.author.clone(),
            content: sending.texts.get(&version.number)?.clone(),
        })
    });
    let texts = ScriptTexts {
        name: script.name.clone(),
        description: script.file.description.clone(),
        kind: script.file.runner.clone(),
        extension: script.file.extension.clone(),
        versions: versions.collect(),
    };
    Transaction::sending(piece, texts, rules)
}

/// What is said of a version, with the release it goes out with.
fn described(message: Option<&str>, tag: Option<&str>, is_released: bool) -> Option<String> {
    match (message.filter(|message| !message.is_empty()), tag.filter(|_| is_released)) {
        (Some(message), Some(tag)) => Some(format!("{message} ({tag})")),
        (message, tag) => message.or(tag).map(str::to_owned),
    }
}
