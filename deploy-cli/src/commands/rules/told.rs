//! Errors in rules as people read them: file, line, column, the line, a caret.

use std::collections::HashMap;

use deploy_core::deploy::PlanError;
use deploy_core::repository::rule_files::{PrepareError, RuleFile, RuleFileError, RuleFiles, SubjectError};
use deploy_core::rules::{Diagnostic, RuleError, RuleErrors};

use crate::error::CommandError;

/// Where the rules lie, by their names.
pub(super) struct Places(HashMap<String, String>);

impl Places {
    pub(super) fn of(files: &[RuleFile]) -> Self {
        Self(files.iter().map(|file| (file.name.clone(), file.path.clone())).collect())
    }

    /// The file of a rule, or its name where it has none.
    pub(super) fn path(&self, rule: &str) -> String {
        self.0.get(rule).cloned().unwrap_or_else(|| format!("rule `{rule}`"))
    }

    /// `path:line:column: message`, then the line with a caret.
    pub(super) fn told(&self, diagnostic: &Diagnostic) -> String {
        let place = match diagnostic.line {
            0 => String::new(),
            line => format!(":{line}:{}", diagnostic.column.max(1)),
        };
        let text = format!(
            "{}{place}: {}\n{}",
            self.path(&diagnostic.rule),
            diagnostic.said(),
            diagnostic.excerpt()
        );
        text.trim_end().to_owned()
    }

    /// The error of rules that do not compile.
    pub(super) fn compile(&self, errors: &RuleErrors) -> CommandError {
        let told: Vec<String> = errors.0.iter().map(|error| self.told(error)).collect();
        CommandError::failed(told.join("\n"))
    }

    /// The error of a run that came to nothing.
    pub(super) fn run(&self, error: &RuleError) -> CommandError {
        let failed = match error {
            RuleError::Script(diagnostic)
            | RuleError::Failed(diagnostic)
            | RuleError::Unmatched(diagnostic) => CommandError::failed(self.told(diagnostic)),
            RuleError::Broken(broken) => {
                let line = if broken.line > 0 { format!(":{}", broken.line) } else { String::new() };
                CommandError::failed(format!("{}{line}: {}", self.path(&broken.rule), broken.message))
            }
            other => CommandError::failed(other.to_string()),
        };
        match error {
            RuleError::Unmatched(_) => {
                failed.hint("`#{ optional: true }` behind the call, or `@optional` at the head of the rule, lets it match nothing")
            }
            _ => failed,
        }
    }

    /// Those of a repository, for imports too.
    pub(super) fn of_all(rules: &RuleFiles<'_>) -> Self {
        let files = rules.names().into_iter().filter_map(|name| rules.get(&name).ok());
        Self(files.map(|file| (file.name, file.path)).collect())
    }
}

impl From<RuleFileError> for CommandError {
    fn from(error: RuleFileError) -> Self {
        let hint = match &error {
            RuleFileError::UnknownTest { near: None, .. } => {
                Some("the tests are the files `rules/tests/*.toml`")
            }
            RuleFileError::Unknown { near: None, .. } => {
                Some("`opcon-deploy rules list` shows what there is")
            }
            RuleFileError::Twice { .. } => Some("rename one of them"),
            RuleFileError::UnknownServer { near: None, .. } => {
                Some("`opcon-deploy list servers` shows what there is")
            }
            _ => None,
        };
        let failed = match error {
            RuleFileError::Resolve(error) => CommandError::from(error),
            RuleFileError::Package(error) => CommandError::from(error),
            other => CommandError::failed(other.to_string()),
        };
        hint.into_iter().fold(failed, CommandError::hint)
    }
}

impl From<PrepareError> for CommandError {
    fn from(error: PrepareError) -> Self {
        match error {
            PrepareError::File(error) => error.into(),
            PrepareError::Compile { errors, files } => Places::of(&files).compile(&errors),
        }
    }
}

impl From<PlanError> for CommandError {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Rule { error, files } => Places::of(&files).run(&error),
            PlanError::Rules(error) => error.into(),
            PlanError::RuleFile(error) => error.into(),
            PlanError::System(error) => error.into(),
            PlanError::Records(error) => error.into(),
            PlanError::Open(error) => error.into(),
            PlanError::Accepted(error) => error.into(),
            error @ (PlanError::Unreadable { .. } | PlanError::OtherContent { .. }) => {
                CommandError::failed(error.to_string()).hint("`opcon-deploy check` tells all that is wrong")
            }
            error => CommandError::failed(error.to_string()),
        }
    }
}

impl From<SubjectError> for CommandError {
    fn from(error: SubjectError) -> Self {
        match error {
            SubjectError::Resolve(error) => error.into(),
            SubjectError::Package(error) => error.into(),
            other => CommandError::failed(other.to_string()),
        }
    }
}
