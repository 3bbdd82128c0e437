//! What `explain` and `apply` have in common: on what, for which server, with which rules.

use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::definition::decode;
use deploy_core::repository::Repository;
use deploy_core::repository::history::History;
use deploy_core::repository::init::parse_ident;
use deploy_core::repository::rule_files::{
    Item, Order, Prepared, RuleFile, RuleFiles, Subject, TargetServer, language_of,
};
use deploy_core::rules::{Clock, Package, Warning};

use super::super::completions::schedules;
use super::told::Places;
use crate::cli::Global;
use crate::error::CommandError;
use crate::names::ListArg;
use crate::ui::{Ui, one_line};

/// Which rules are tried, and for what.
#[derive(Debug, Args)]
pub(super) struct Tried {
    /// NAME, NAME@3, NAME@REF, package:NAME[@V] or a file; several are joined
    #[arg(value_name = "WHAT", required_unless_present = "list", add = ArgValueCandidates::new(schedules))]
    pub(super) what: Vec<String>,
    #[command(flatten)]
    pub(super) list: ListArg,
    /// The server, whose rules and values are taken
    #[arg(long, value_name = "SERVER")]
    pub(super) to: Option<String>,
    /// A rule (NAME, NAME@V, a file) to run after those of server and package
    #[arg(long = "rule", value_name = "RULE")]
    pub(super) rules: Vec<String>,
    /// A prefix for all names, in place of the server's
    #[arg(long, value_name = "PREFIX")]
    pub(super) environment: Option<String>,
}

impl Tried {
    /// Takes what the list names, and refuses what would try nothing.
    pub(super) fn check(&mut self, global: &Global) -> Result<(), CommandError> {
        self.what = self.list.and(std::mem::take(&mut self.what), global)?;
        if self.to.is_none() && self.rules.is_empty() && self.environment.is_none() {
            return Err(CommandError::usage("name a server with `--to`, or rules with `--rule`"));
        }
        Ok(())
    }

    /// Finds and joins what was named, and says where it is not what main holds.
    pub(super) fn subject(
        &self,
        repository: &Repository,
        history: &History,
        global: &Global,
        ui: &Ui,
    ) -> Result<Subject, CommandError> {
        let item = |text: &String| {
            let path = global.at(text);
            match path.is_file() {
                true => std::fs::read(&path)
                    .map(|bytes| Item::File { label: text.clone(), bytes })
                    .map_err(|error| CommandError::io("read", &path, &error)),
                false => Ok(Item::Stored(text.clone())),
            }
        };
        let items = self.what.iter().map(item).collect::<Result<Vec<_>, _>>()?;
        let subject = Subject::read(repository, Some(history), items)?;
        for path in &subject.from_work_tree {
            ui.note(format!("`{}` is read from the work tree, not as main has it", one_line(path)));
        }
        for disagreement in &subject.disagreements {
            ui.warning(format!(
                "`{}` in {} differs between the schedules; the newest version's is taken",
                one_line(&disagreement.name),
                disagreement.list
            ));
        }
        Ok(subject)
    }

    /// Collects and compiles the rules, and says which are not what main holds.
    pub(super) fn prepare(
        &self,
        rules: &RuleFiles<'_>,
        package: Option<(Package, Vec<String>)>,
        global: &Global,
        ui: &Ui,
    ) -> Result<Prepared, CommandError> {
        let server = match &self.to {
            Some(name) => Some(TargetServer::find(rules.repository(), name)?),
            None => None,
        };
        let own = self.rules.iter().map(|rule| rule_or_file(rules, rule, global));
        let order = Order {
            server,
            package,
            rules: own.collect::<Result<_, _>>()?,
            environment: self.environment.clone(),
            user: user(rules.repository()),
            description: String::new(),
        };
        let prepared = rules.prepare(&order, Some(clock()))?;
        if prepared.refused {
            let name = self.to.as_deref().unwrap_or_default();
            let text = "does not allow transformation rules: it gets the definition as it is";
            ui.warning(format!("server `{}` {text}", one_line(name)));
        }
        for file in prepared.files.iter().filter(|file| file.differs) {
            ui.note(format!("`{}` is read from the work tree, not as main has it", one_line(&file.path)));
        }
        for remark in prepared.rules.remarks() {
            ui.warning(Places::of(&prepared.files).told(remark));
        }
        Ok(prepared)
    }
}

/// Warnings of rules, each with the line it comes from.
pub(super) fn warn(warnings: &[Warning], ui: &Ui) {
    for warning in warnings {
        let place = match (warning.rule.as_str(), warning.line) {
            ("", _) => String::new(),
            (rule, 0) => format!("`{}`: ", one_line(rule)),
            (rule, line) => format!("`{}` line {line}: ", one_line(rule)),
        };
        ui.warning(format!("{place}{}", one_line(&warning.text)));
    }
}

/// A rule of the repository, or a file that is none yet.
pub(super) fn rule_or_file(
    rules: &RuleFiles<'_>,
    text: &str,
    global: &Global,
) -> Result<RuleFile, CommandError> {
    let path = global.at(text);
    match rules.get(text) {
        Err(_) if language_of(text).is_some() && path.is_file() => file(text, &path),
        found => Ok(found?),
    }
}

/// A rule from a file anywhere.
pub(super) fn file(shown: &str, path: &std::path::Path) -> Result<RuleFile, CommandError> {
    let failed = |error| CommandError::io("read", path, &error);
    let text = String::from_utf8(std::fs::read(path).map_err(failed)?)
        .map_err(|_| CommandError::failed(format!("`{shown}` is not UTF-8 text")))?;
    let language = language_of(shown).ok_or_else(|| {
        CommandError::failed(format!("`{shown}` is no rule: its name ends in .rhai or .json"))
    })?;
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let name = decode(&stem).unwrap_or(stem);
    Ok(RuleFile { name, path: shown.to_owned(), language, text, version: None, differs: false })
}

/// The clock of the wall-time backstop.
pub(super) fn clock() -> Clock {
    let start = Instant::now();
    Arc::new(move || start.elapsed())
}

/// Who asks, as git knows them.
fn user(repository: &Repository) -> String {
    let ident = repository.git().run(&["var", "GIT_COMMITTER_IDENT"]).unwrap_or_default();
    parse_ident(&ident).0.to_owned()
}
