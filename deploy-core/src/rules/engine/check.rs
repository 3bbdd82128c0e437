//! Checking a script without running it: functions, tags, options, properties, shadows.

use std::collections::{HashMap, HashSet};

use rhai::{AST, ASTNode, Dynamic, Expr, FnCallExpr, Map, Position, Stmt};

use super::fields::{self, Kind, LISTS};
use super::functions::{FUNCTIONS, GIVEN};
use super::modules::is_plain;
use super::options::options_of;
use super::{Known, REFUSED, TEXT_REPLACE};
use crate::rules::diagnostic::{Diagnostic, nearest};
use crate::rules::replace::{OPTIONS, Request, unknown_option};
use crate::rules::settings::Settings;

/// What a check found.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) errors: Vec<Diagnostic>,
    /// What the script imports, and where.
    pub(crate) imports: Vec<(String, usize, usize)>,
}

/// Checks one script.
pub(crate) fn check(rule: &str, text: &str, ast: &AST, known: &Known, settings: &Settings) -> Findings {
    let own: HashMap<String, usize> =
        ast.iter_functions().map(|function| (function.name.to_owned(), function.params.len())).collect();
    let mut checker = Checker {
        rule,
        text,
        known,
        settings,
        own,
        kinds: HashMap::new(),
        seen: HashSet::new(),
        findings: Findings::default(),
    };
    checker.shadows(ast);
    ast.walk(&mut |path| {
        if let Some(ASTNode::Stmt(statement)) = path.last() {
            checker.learn(statement);
        }
        true
    });
    ast.walk(&mut |path| {
        match path.last() {
            Some(ASTNode::Stmt(statement)) => checker.statement(statement),
            Some(ASTNode::Expr(expression)) => checker.expression(expression),
            _ => {}
        }
        true
    });
    checker.findings.errors.sort_by_key(|error| (error.line, error.column));
    checker.findings
}

struct Checker<'c> {
    rule: &'c str,
    text: &'c str,
    known: &'c Known,
    settings: &'c Settings,
    /// The script's own functions.
    own: HashMap<String, usize>,
    /// What variables are handles onto, where every assignment agrees.
    kinds: HashMap<String, Option<Kind>>,
    seen: HashSet<(usize, usize, String)>,
    findings: Findings,
}

impl Checker<'_> {
    fn error(&mut self, position: Position, message: impl Into<String>, near: Vec<String>) {
        let (line, column) = (position.line().unwrap_or(0), position.position().unwrap_or(1));
        let message = message.into();
        if self.seen.insert((line, column, message.clone())) {
            let error = Diagnostic::at(self.rule, self.text, line, column, message).with_near(near);
            self.findings.errors.push(error);
        }
    }

    /// Our functions and words stay ours.
    fn shadows(&mut self, ast: &AST) {
        let ours: HashSet<&str> = FUNCTIONS
            .iter()
            .map(|function| function.name)
            .chain(LISTS.iter().flat_map(|list| [list.name, list.one]))
            .chain([TEXT_REPLACE])
            .collect();
        let mut names: Vec<String> = self.own.keys().cloned().collect();
        names.sort();
        for name in names {
            if ours.contains(name.as_str()) || self.known.functions.contains_key(&name) {
                let position = self.place_of_function(&name);
                self.error(
                    position,
                    format!("the function `{name}` is given: choose another name"),
                    Vec::new(),
                );
            }
        }
        for function in ast.iter_functions() {
            for parameter in &function.params {
                if GIVEN.iter().any(|(word, ..)| word == parameter) {
                    let position = self.place_of_function(function.name);
                    self.error(position, format!("`{parameter}` is given: choose another name"), Vec::new());
                }
            }
        }
    }

    fn place_of_function(&self, name: &str) -> Position {
        let found = self.text.lines().enumerate().find_map(|(at, line)| {
            let start = line.find("fn ")?;
            let rest = line[start + 3..].trim_start();
            let rest = rest.strip_prefix(name)?;
            rest.starts_with(['(', ' ']).then_some((at, start))
        });
        match found {
            Some((line, column)) => Position::new(
                u16::try_from(line + 1).unwrap_or(u16::MAX),
                u16::try_from(column + 1).unwrap_or(u16::MAX),
            ),
            None => Position::NONE,
        }
    }

    /// Learns what a variable is a handle onto.
    fn learn(&mut self, statement: &Stmt) {
        match statement {
            Stmt::For(parts, _) => {
                let (name, _, flow) = &**parts;
                let kind = self.kind_of(&flow.expr, true);
                self.assign(name.name.as_str(), kind);
            }
            Stmt::Var(parts, ..) => {
                let (name, value, _) = &**parts;
                let kind = self.kind_of(value, false);
                self.assign(name.name.as_str(), kind);
            }
            Stmt::Assignment(parts) => {
                if let Expr::Variable(variable, ..) = &parts.1.lhs {
                    let kind = self.kind_of(&parts.1.rhs, false);
                    self.assign(variable.1.as_str(), kind);
                }
            }
            _ => {}
        }
    }

    fn assign(&mut self, name: &str, kind: Option<Kind>) {
        let known = self.kinds.entry(name.to_owned()).or_insert(kind);
        if *known != kind {
            *known = None;
        }
    }

    /// What an expression is a handle onto (`many`: onto the items of what).
    fn kind_of(&self, expression: &Expr, many: bool) -> Option<Kind> {
        let answers = |call: &FnCallExpr, owner: Option<Kind>| {
            let name = call.name.as_str();
            if owner.is_none() && name == "jobs" && many {
                return Some(Kind::Job);
            }
            if name == "schedule_of" && !many {
                return Some(Kind::Schedule);
            }
            let word = |list: &&fields::List| if many { list.name == name } else { list.one == name };
            LISTS.iter().find(|list| list.owner == owner && word(list)).map(|list| list.kind)
        };
        match expression {
            Expr::FnCall(call, _) if call.namespace.is_empty() => answers(call, None),
            Expr::Dot(parts, ..) => {
                let owner = self.kind_of_value(&parts.lhs)?;
                match &parts.rhs {
                    Expr::MethodCall(call, _) => answers(call, Some(owner)),
                    _ => None,
                }
            }
            Expr::Variable(variable, ..) if !many => self.kinds.get(variable.1.as_str()).copied().flatten(),
            _ => None,
        }
    }

    fn kind_of_value(&self, expression: &Expr) -> Option<Kind> {
        match expression {
            Expr::Variable(variable, ..) => self.kinds.get(variable.1.as_str()).copied().flatten(),
            other => self.kind_of(other, false),
        }
    }

    fn statement(&mut self, statement: &Stmt) {
        match statement {
            Stmt::FnCall(call, position) => self.call(call, *position, false),
            Stmt::Var(parts, _, position) => {
                let name = parts.0.name.as_str();
                if GIVEN.iter().any(|(word, ..)| *word == name) {
                    self.error(*position, format!("`{name}` is given: choose another name"), Vec::new());
                }
            }
            Stmt::For(parts, position) => {
                let name = parts.0.name.as_str();
                if GIVEN.iter().any(|(word, ..)| *word == name) {
                    self.error(*position, format!("`{name}` is given: choose another name"), Vec::new());
                }
            }
            Stmt::Import(parts, position) => match &parts.0 {
                Expr::StringConstant(name, at) if is_plain(name) => {
                    let (line, column) = (at.line().unwrap_or(0), at.position().unwrap_or(1));
                    self.findings.imports.push((name.to_string(), line, column));
                }
                Expr::StringConstant(name, at) => {
                    let message =
                        format!("`{name}` is no name of a rule: only rules beside this one can be imported");
                    self.error(*at, message, Vec::new());
                }
                _ => self.error(*position, "an import names a rule in quotes", Vec::new()),
            },
            _ => {}
        }
    }

    fn expression(&mut self, expression: &Expr) {
        match expression {
            Expr::FnCall(call, position) => self.call(call, *position, false),
            Expr::MethodCall(call, position) => self.call(call, *position, true),
            Expr::Dot(parts, ..) => {
                if let Expr::Property(property, position) = first_of(&parts.rhs) {
                    self.property(&parts.lhs, property.2.as_str(), *position);
                }
            }
            _ => {}
        }
    }

    fn property(&mut self, owner: &Expr, name: &str, position: Position) {
        if let Expr::Variable(variable, ..) = owner
            && let Some((word, _, properties)) = GIVEN.iter().find(|(word, ..)| *word == variable.1.as_str())
        {
            if !properties.contains(&name) {
                let near = nearest(name, properties.iter().copied());
                self.error(position, format!("`{word}` has no property `{name}`"), near);
            }
            return;
        }
        let Some(kind) = self.kind_of_value(owner) else {
            return;
        };
        let is_there = fields::of(kind).any(|field| field.name == name);
        if is_there || (kind == Kind::Event && name == "command") {
            return;
        }
        let near = nearest(name, fields::of(kind).map(|field| field.name));
        self.error(position, format!("a {} has no property `{name}`", kind.word()), near);
    }

    fn call(&mut self, call: &FnCallExpr, position: Position, is_method: bool) {
        if !call.namespace.is_empty() || call.op_token.is_some() {
            return;
        }
        let name = call.name.as_str();
        let arguments = call.args.len() + usize::from(is_method);
        if REFUSED.contains(&name) {
            self.error(position, format!("`{name}` is not available in rules"), Vec::new());
            return;
        }
        if is_keyword(name) || self.own.get(name).is_some_and(|count| *count == call.args.len()) {
            return;
        }
        let shown = if name == TEXT_REPLACE { "replace" } else { name };
        match self.known.functions.get(name) {
            None => {
                let own: Vec<String> = self.own.keys().cloned().collect();
                let names = self.known.functions.keys().map(String::as_str);
                let near =
                    nearest(name, names.chain(own.iter().map(String::as_str)).filter(|name| is_word(name)));
                let what = if self.own.contains_key(name) { "with so many arguments" } else { "" };
                let message = format!("there is no function `{shown}` {what}").trim_end().to_owned();
                self.error(position, message, near);
            }
            Some(counts) if !counts.contains(&arguments) => {
                let message = format!("`{shown}` does not take {} arguments", call.args.len());
                self.error(position, message, Vec::new());
            }
            Some(_) if name == "replace" && !is_method => self.replace(call, position),
            Some(_) => {}
        }
    }

    /// A call of a tag, as far as it is written out.
    fn replace(&mut self, call: &FnCallExpr, position: Position) {
        let Some(Expr::StringConstant(tag, at)) = call.args.first() else {
            return;
        };
        let tags = &self.settings.tags;
        let Some(tag) = tags.get(tag) else {
            let near = tags.nearest(tag);
            self.error(*at, format!("unknown tag `{tag}`"), near);
            return;
        };
        let tag = std::sync::Arc::clone(tag);
        let mut map = Map::new();
        if let Some(Expr::Map(entries, _)) = call.args.get(3) {
            for (key, value) in &entries.0 {
                if !OPTIONS.contains(&key.name.as_str()) {
                    self.error(key.pos, unknown_option(&key.name), Vec::new());
                } else if let Some(value) = constant(value) {
                    map.insert(key.name.as_str().into(), value);
                }
            }
        }
        let options = match options_of(&map) {
            Ok(options) => options,
            Err(message) => return self.error(position, message, Vec::new()),
        };
        let text = |at: usize| call.args.get(at).and_then(constant).map(|value| value.to_string());
        if let (Some(current), Some(new)) = (text(1), text(2))
            && let Err(message) = (Request { tag, current, new, options }).check()
        {
            self.error(position, message, Vec::new());
        }
    }
}

/// The first part behind a dot: of `.a.b` it is `a`.
fn first_of(expression: &Expr) -> &Expr {
    match expression {
        Expr::Dot(parts, ..) | Expr::Index(parts, ..) => first_of(&parts.lhs),
        other => other,
    }
}

fn constant(expression: &Expr) -> Option<Dynamic> {
    match expression {
        Expr::StringConstant(text, _) => Some(text.clone().into()),
        Expr::BoolConstant(flag, _) => Some((*flag).into()),
        Expr::IntegerConstant(number, _) => Some((*number).into()),
        _ => None,
    }
}

/// Functions that are part of the language.
fn is_keyword(name: &str) -> bool {
    matches!(
        name,
        "print" | "debug" | "type_of" | "Fn" | "call" | "curry" | "is_def_fn" | "is_def_var" | "is_shared"
    ) || name.starts_with("anon$")
}

fn is_word(name: &str) -> bool {
    name.chars().all(|c| c.is_alphanumeric() || c == '_')
}
