//! Applying compiled rules to a definition.

use std::sync::Arc;

use rhai::Scope;

use super::compile::{Body, Compiled, RuleSet};
use super::context::Context;
use super::diagnostic::Diagnostic;
use super::document::sweep;
use super::engine;
use super::invariants::{Before, BrokenInvariant};
use super::merge::merge_shared;
use super::replace::{self, apply_departments, apply_environment};
use super::session::{Prefix, Session, Stop};
use super::trace::{Level, Trace, Warning};
use crate::definition::{Definition, ReadError};

/// A definition after its rules.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The transformed definition.
    pub definition: Definition,
    /// What was changed, by whom.
    pub trace: Trace,
    /// What people should look at before they deploy.
    pub warnings: Vec<Warning>,
}

/// Why a definition cannot be transformed. Nothing of it has been changed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RuleError {
    /// An error in a script, or more work than a rule may do.
    #[error("{0}")]
    Script(Diagnostic),
    /// A script said so, with `fail`.
    #[error("{0}")]
    Failed(Diagnostic),
    /// A call that has to match matched nothing.
    #[error("{0}")]
    Unmatched(Diagnostic),
    /// The result is no definition that OpCon takes.
    #[error("{0}")]
    Broken(BrokenInvariant),
    /// The result is no definition.
    #[error("after the rules this is no definition: {0}")]
    NoDefinition(ReadError),
    /// A fault of this program.
    #[error("the rules of `{0}` were begun inside other rules")]
    Nested(String),
}

impl RuleSet {
    /// Applies the rules in the order of their levels, then the prefixes of environments.
    pub fn apply(&self, definition: Definition, context: &Arc<Context>) -> Result<Outcome, RuleError> {
        let document = definition.into_value();
        let before = Before::of(&document);
        let session = Session::new(document, Arc::clone(context), Arc::clone(&self.settings));
        let (result, session) = session.enter(|| self.rules.iter().try_for_each(|rule| self.run(rule)));
        let Some(mut session) = session else {
            return Err(RuleError::Nested(
                self.rules.first().map(|rule| rule.name.clone()).unwrap_or_default(),
            ));
        };
        result?;
        environments(&mut session, context);
        merge_shared(&mut session);
        let Session { mut document, recorder, warnings, removed, .. } = session;
        let trace = recorder.trace;
        if !trace.is_empty() {
            before.check(&document, &trace).map_err(RuleError::Broken)?;
            sweep(&mut document, &removed);
        }
        let definition = match trace.is_empty() {
            true => Definition::from_sorted(document),
            false => Definition::from_value(document).map_err(RuleError::NoDefinition)?,
        };
        Ok(Outcome { definition, trace, warnings })
    }

    fn run(&self, rule: &Compiled) -> Result<(), RuleError> {
        let unmatched = rule.unmatched(&self.settings);
        Session::with(|session| {
            session.recorder.begin_rule(rule.level, &rule.name, rule.version.as_deref());
            session.rule.clone_from(&rule.name);
            session.unmatched = unmatched;
        });
        match &rule.body {
            Body::Vendor(vendor) => {
                let done = Session::with(|session| {
                    for (request, at) in &vendor.entries {
                        replace::run(session, request, *at)?;
                    }
                    if let Some(prefix) = &vendor.environment {
                        let rule = Some((rule.name.clone(), rule.version.clone()));
                        session.prefixes.push(Prefix { prefix: prefix.clone(), rule });
                    }
                    Ok(())
                });
                done.unwrap_or(Ok(())).map_err(|stop| self.stopped(&rule.name, stop))
            }
            Body::Script(ast) => {
                let Some(engine) = &self.engine else {
                    return Ok(());
                };
                let result = engine.run_ast_with_scope(&mut Scope::new(), ast);
                let stop = Session::with(|session| session.stop.take()).flatten();
                match (stop, result) {
                    (Some(stop), _) => Err(self.stopped(&rule.name, stop)),
                    (None, Ok(())) => Ok(()),
                    (None, Err(error)) => {
                        let texts = |name: &str| self.text(name);
                        Err(RuleError::Script(engine::of_run(&rule.name, &texts, &self.known, &error)))
                    }
                }
            }
        }
    }

    fn stopped(&self, rule: &str, stop: Stop) -> RuleError {
        let text = self.text(rule).unwrap_or_default();
        let (Stop::Failed { line, column, message }
        | Stop::Unmatched { line, column, message }
        | Stop::Limit { line, column, message }) = &stop;
        let diagnostic = Diagnostic::at(rule, &text, *line, *column, message.clone());
        match stop {
            Stop::Failed { .. } => RuleError::Failed(diagnostic),
            Stop::Unmatched { .. } => RuleError::Unmatched(diagnostic),
            Stop::Limit { .. } => RuleError::Script(diagnostic),
        }
    }
}

/// The prefixes that rules and the context bring: each once.
fn environments(session: &mut Session, context: &Context) {
    let mut prefixes = std::mem::take(&mut session.prefixes);
    if let Some(prefix) = context.environment.clone().filter(|prefix| !prefix.is_empty()) {
        prefixes.push(Prefix { prefix, rule: None });
    }
    let mut done: Vec<String> = Vec::new();
    for prefix in &prefixes {
        if done.contains(&prefix.prefix) {
            session.recorder.begin_rule(Level::Environment, "environment", None);
            session.recorder.note(0, format!("the prefix `{}` has already been applied", prefix.prefix));
            continue;
        }
        done.push(prefix.prefix.clone());
        apply_environment(session, prefix);
    }
    if !done.is_empty() {
        apply_departments(session);
    }
}
