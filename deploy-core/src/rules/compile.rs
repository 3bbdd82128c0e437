//! Compiling rules once, for any number of definitions and threads.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use rhai::{AST, Engine, Module, Scope};

use super::diagnostic::{Diagnostic, nearest};
use super::engine::{self, Known, Modules, check};
use super::replace::Unmatched;
use super::settings::Settings;
use super::source::{Head, Language, RuleSource, head};
use super::trace::Level;
use super::vendor::{self, VendorRule};

/// Answers the text of a rule that another imports, by its plain name.
pub type Imports<'i> = &'i dyn Fn(&str) -> Option<String>;

/// Everything that is wrong with a set of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleErrors(
    /// One or more.
    pub Vec<Diagnostic>,
);

impl fmt::Display for RuleErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if at == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for RuleErrors {}

/// What a rule does, compiled.
pub(crate) enum Body {
    Script(Box<AST>),
    Vendor(VendorRule),
}

pub(crate) struct Compiled {
    pub(crate) level: Level,
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) head: Head,
    pub(crate) body: Body,
}

impl Compiled {
    pub(crate) fn unmatched(&self, settings: &Settings) -> Unmatched {
        self.head.unmatched.unwrap_or(settings.unmatched)
    }
}

/// Rules, compiled in the order of their levels. Used from many threads at once.
pub struct RuleSet {
    pub(crate) engine: Option<Engine>,
    pub(crate) known: Known,
    pub(crate) rules: Vec<Compiled>,
    pub(crate) settings: Arc<Settings>,
    /// Texts of the rules and of what they import, for errors.
    texts: HashMap<String, String>,
    imported: Vec<String>,
    remarks: Vec<Diagnostic>,
}

impl RuleSet {
    /// Compiles rules: all that is wrong with any of them is told at once.
    pub fn compile(
        sources: &[RuleSource],
        imports: Imports<'_>,
        settings: Arc<Settings>,
    ) -> Result<Self, RuleErrors> {
        let mut compiler = Compiler {
            engine: None,
            known: Known::default(),
            modules: Modules::default(),
            imports,
            settings,
            texts: HashMap::new(),
            imported: Vec::new(),
            errors: Vec::new(),
            remarks: Vec::new(),
        };
        let mut rules: Vec<Compiled> = sources.iter().filter_map(|source| compiler.rule(source)).collect();
        rules.sort_by_key(|rule| rule.level);
        if !compiler.errors.is_empty() {
            return Err(RuleErrors(compiler.errors));
        }
        Ok(Self {
            engine: compiler.engine,
            known: compiler.known,
            rules,
            settings: compiler.settings,
            texts: compiler.texts,
            imported: compiler.imported,
            remarks: compiler.remarks,
        })
    }

    /// The names of the rules that others import, in the order they were first read.
    pub fn imported(&self) -> &[String] {
        &self.imported
    }

    /// What was passed over in rules that can be used all the same.
    pub fn remarks(&self) -> &[Diagnostic] {
        &self.remarks
    }

    /// Whether every rule says of itself that applying it twice is the same as once.
    pub fn is_idempotent(&self) -> bool {
        self.rules.iter().all(|rule| rule.head.idempotent)
    }

    pub(crate) fn text(&self, rule: &str) -> Option<String> {
        self.texts.get(rule).cloned()
    }
}

impl fmt::Debug for RuleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.rules.iter().map(|rule| rule.name.as_str()).collect();
        f.debug_struct("RuleSet").field("rules", &names).finish_non_exhaustive()
    }
}

struct Compiler<'c> {
    engine: Option<Engine>,
    known: Known,
    modules: Modules,
    imports: Imports<'c>,
    settings: Arc<Settings>,
    texts: HashMap<String, String>,
    imported: Vec<String>,
    errors: Vec<Diagnostic>,
    remarks: Vec<Diagnostic>,
}

impl Compiler<'_> {
    fn rule(&mut self, source: &RuleSource) -> Option<Compiled> {
        let name = source.name.as_str();
        self.texts.insert(name.to_owned(), source.text.clone());
        let (head, body) = match source.language {
            Language::VendorJson => match vendor::read(name, &source.text, &self.settings) {
                Ok(rule) => {
                    self.remarks.extend(rule.remarks.iter().cloned());
                    (Head::default(), Body::Vendor(rule))
                }
                Err(errors) => {
                    self.errors.extend(errors);
                    return None;
                }
            },
            Language::Rhai => {
                let head = match head(name, &source.text) {
                    Ok(head) => head,
                    Err(error) => {
                        self.errors.push(error);
                        Head::default()
                    }
                };
                let ast = self.script(name, &source.text, &mut Vec::new())?;
                (head, Body::Script(Box::new(ast)))
            }
        };
        let version = source.version.clone();
        Some(Compiled { level: source.level, name: name.to_owned(), version, head, body })
    }

    /// Parses and checks a script, and what it imports.
    fn script(&mut self, name: &str, text: &str, within: &mut Vec<String>) -> Option<AST> {
        if self.engine.is_none() {
            let engine = engine::build(&self.settings, self.modules.clone());
            self.known = Known::of(&engine);
            self.engine = Some(engine);
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut ast = match self.engine.as_ref()?.compile(text) {
            Ok(ast) => ast,
            Err(error) => {
                self.errors.push(engine::of_parse(name, text, &error));
                return None;
            }
        };
        ast.set_source(name);
        let before = self.errors.len();
        let findings = check::check(name, text, &ast, &self.known, &self.settings);
        self.errors.extend(findings.errors);
        within.push(name.to_owned());
        for (wanted, line, column) in findings.imports {
            self.import(name, text, &wanted, (line, column), within);
        }
        within.pop();
        (self.errors.len() == before).then_some(ast)
    }

    fn import(
        &mut self,
        rule: &str,
        text: &str,
        wanted: &str,
        (line, column): (usize, usize),
        within: &mut Vec<String>,
    ) {
        if self.modules.contains(wanted) {
            return;
        }
        if within.iter().any(|name| name == wanted) {
            let message = format!("`{wanted}` imports itself, by way of {}", within.join(" → "));
            self.errors.push(Diagnostic::at(rule, text, line, column, message));
            return;
        }
        let Some(module) = (self.imports)(wanted) else {
            let near = nearest(wanted, self.texts.keys().map(String::as_str));
            let message = format!("there is no rule `{wanted}` to import");
            self.errors.push(Diagnostic::at(rule, text, line, column, message).with_near(near));
            return;
        };
        self.texts.insert(wanted.to_owned(), module.clone());
        self.imported.push(wanted.to_owned());
        let Some(ast) = self.script(wanted, &module, within) else {
            return;
        };
        let Some(engine) = self.engine.as_ref() else {
            return;
        };
        match Module::eval_ast_as_new(Scope::new(), &ast, engine) {
            Ok(module) => self.modules.insert(wanted, module),
            Err(error) => {
                let texts = |name: &str| self.texts.get(name).cloned();
                let error = engine::of_run(wanted, &texts, &self.known, &error);
                self.errors.push(error);
            }
        }
    }
}
