//! Errors of rhai as diagnostics: rule, line, column, near names.

use rhai::{EvalAltResult, ParseError, Position};

use super::{Known, TEXT_REPLACE};
use crate::rules::diagnostic::{Diagnostic, nearest};

/// Answers the text of a rule or of one it imports.
pub(crate) type Texts<'t> = &'t dyn Fn(&str) -> Option<String>;

/// An error of the parser.
pub(crate) fn of_parse(rule: &str, text: &str, error: &ParseError) -> Diagnostic {
    let (line, column) = place(error.position());
    let message = match error.err_type().to_string() {
        message if message.contains("'try'") || message.contains("'catch'") => {
            "`try` is not available: an error in a rule stops the deploy".to_owned()
        }
        message if message.contains("cannot be assigned to") => {
            "only a variable can be assigned to: `let j = …; j.machine = \"…\";`".to_owned()
        }
        message => plain(&message),
    };
    Diagnostic::at(rule, text, line, column, message)
}

/// An error of a running script.
pub(crate) fn of_run(rule: &str, texts: Texts<'_>, known: &Known, error: &EvalAltResult) -> Diagnostic {
    let (mut source, mut inner) = (rule.to_owned(), error);
    loop {
        match inner {
            EvalAltResult::ErrorInFunctionCall(_, from, cause, _) => {
                if !from.is_empty() {
                    source.clone_from(from);
                }
                inner = cause;
            }
            EvalAltResult::ErrorInModule(_, cause, _) => inner = cause,
            _ => break,
        }
    }
    let mut position = inner.position();
    if position.is_none() {
        position = error.position();
    }
    let (line, column) = place(position);
    let (message, near) = message(known, inner);
    let text = texts(&source).unwrap_or_default();
    Diagnostic::at(&source, &text, line, column, message).with_near(near)
}

fn place(position: Position) -> (usize, usize) {
    match position.line() {
        Some(line) => (line, position.position().unwrap_or(1).max(1)),
        None => (0, 0),
    }
}

fn message(known: &Known, error: &EvalAltResult) -> (String, Vec<String>) {
    match error {
        EvalAltResult::ErrorRuntime(value, _) => (value.to_string(), Vec::new()),
        EvalAltResult::ErrorTerminated(value, _) => (value.to_string(), Vec::new()),
        EvalAltResult::ErrorFunctionNotFound(signature, _) => {
            let name = signature.split(' ').next().unwrap_or_default();
            let near = nearest(name, known.functions.keys().map(String::as_str));
            (format!("there is no function `{signature}`").replace(TEXT_REPLACE, "replace"), near)
        }
        EvalAltResult::ErrorTooManyOperations(_) => {
            ("the rule does too much: is there a loop without an end?".to_owned(), Vec::new())
        }
        EvalAltResult::ErrorStackOverflow(_) => (
            "functions call each other too deeply: is there a recursion without an end?".to_owned(),
            Vec::new(),
        ),
        EvalAltResult::ErrorDotExpr(text, _) => {
            let name = text.split(['\'', '"', '`']).nth(1).unwrap_or_default();
            let near = nearest(name, known.properties.iter().map(String::as_str));
            (plain(text), near)
        }
        other => {
            let mut other = other.clone_without_position();
            other.truncate(other.trim_end().len());
            (plain(&other), Vec::new())
        }
    }
}

/// Text of rhai in our manner: begins small, ends without a full stop.
fn plain(text: &str) -> String {
    let text = text.trim().trim_end_matches('.');
    let mut characters = text.chars();
    match (characters.next(), characters.clone().next()) {
        (Some(first), Some(second)) if first.is_uppercase() && !second.is_uppercase() => {
            first.to_lowercase().chain(characters).collect()
        }
        _ => text.to_owned(),
    }
}

trait WithoutPosition {
    fn clone_without_position(&self) -> String;
}

impl WithoutPosition for EvalAltResult {
    /// The message without the `(line 1, position 2)` that rhai puts behind it.
    fn clone_without_position(&self) -> String {
        let text = self.to_string();
        match text.rfind(" (line ") {
            Some(at) if text.ends_with(')') => text[..at].to_owned(),
            _ => text,
        }
    }
}
