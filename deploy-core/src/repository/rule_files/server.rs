//! What rules need to know of a server: a view of `servers/<NAME>.toml`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::RuleFileError;
use crate::definition::{decode, encode};
use crate::repository::Repository;
use crate::repository::files::{self, Reader};
use crate::repository::layout::SERVERS;
use crate::repository::servers::{Server, ServerClass, ServerType};
use crate::repository::toml_file::{nearest, read_toml};
use crate::rules::Target;

/// A server's name, and its file or why it cannot be read.
pub type NamedServer = (String, Result<TargetServer, RuleFileError>);

/// The part of a server's file that rules see, as the work tree has it.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetServer {
    /// Its name.
    pub name: String,
    /// What it is for, in OpCon Deploy's words.
    pub kind: ServerType,
    /// Whether rules may be used when deploying to it.
    pub allow_rules: bool,
    /// Its rules, in order.
    pub rules: Vec<String>,
    /// The prefix of its environment.
    pub environment: Option<String>,
    /// Values for rules.
    pub vars: BTreeMap<String, Value>,
}

impl TargetServer {
    /// The view of a server's file.
    pub fn new(name: String, server: Server) -> Self {
        let Server { kind, allow_rules, rules, environment, vars, .. } = server;
        Self { name, kind, allow_rules, rules, environment, vars }
    }

    /// All servers by their names; a file that cannot be read is an error in its place.
    pub fn all(repository: &Repository) -> Result<Vec<NamedServer>, RuleFileError> {
        let folder = format!("{SERVERS}/");
        let files = files::all(repository, &|found| found == folder)?;
        let mut reader = Reader::new(repository.git2().path());
        let mut all = Vec::new();
        for file in &files {
            let Some(stem) = file.path.strip_prefix(&folder).and_then(|rest| rest.strip_suffix(".toml"))
            else {
                continue;
            };
            let name = decode(stem).unwrap_or_else(|| stem.to_owned());
            let mut bytes = Vec::new();
            let server = match reader.read(file, &mut bytes) {
                Ok(()) => read_toml(&file.path, &String::from_utf8_lossy(&bytes))
                    .map(|server: Server| Self::new(name.clone(), server))
                    .map_err(RuleFileError::from),
                Err(source) => Err(RuleFileError::Io { path: file.path.clone(), source }),
            };
            all.push((name, server));
        }
        Ok(all)
    }

    /// The server of a name.
    pub fn find(repository: &Repository, name: &str) -> Result<Self, RuleFileError> {
        let mut all = Self::all(repository)?;
        match all.iter().position(|(other, _)| encode(other) == encode(name)) {
            Some(at) => all.swap_remove(at).1,
            None => {
                let names: Vec<String> = all.into_iter().map(|(name, _)| name).collect();
                let near = nearest(name, &names).map(str::to_owned);
                Err(RuleFileError::UnknownServer { name: name.to_owned(), near })
            }
        }
    }

    /// What scripts see as `target`.
    pub fn target(&self) -> Target {
        let class = match self.kind.class() {
            ServerClass::Production => "production",
            ServerClass::Development => "development",
            ServerClass::Test => "test",
        };
        Target {
            name: self.name.clone(),
            kind: self.kind.to_string(),
            class: class.to_owned(),
            vars: self.vars.clone(),
        }
    }
}
