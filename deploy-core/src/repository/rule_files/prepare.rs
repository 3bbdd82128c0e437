//! The rules for a target, level by level, compiled, with what they are told of the deploy.

use std::sync::Arc;

use super::{IMPORT, RuleFile, RuleFileError, RuleFiles, TargetServer};
use crate::repository::Repository;
use crate::repository::records::RuleRef;
use crate::rules::{
    Clock, Context, Deployment, Level, Package, RuleErrors, RuleSet, RuleSource, Target, TargetFrequencies,
};

/// What a definition is transformed for.
#[derive(Debug, Clone, Default)]
pub struct Order {
    /// The server it goes to.
    pub server: Option<TargetServer>,
    /// The package it is part of, and that package's rules.
    pub package: Option<(Package, Vec<String>)>,
    /// The rules of this deploy, in order.
    pub rules: Vec<RuleFile>,
    /// A prefix in place of the server's.
    pub environment: Option<String>,
    /// Who asks.
    pub user: String,
    /// Why.
    pub description: String,
}

/// Rules and context, ready for definitions.
#[derive(Debug)]
pub struct Prepared {
    /// The compiled rules.
    pub rules: RuleSet,
    /// What they are told.
    pub context: Arc<Context>,
    /// The files they were read from.
    pub files: Vec<RuleFile>,
    /// What records keep of all that was read: rules, what they import, the tables of the repository.
    pub read: Vec<RuleRef>,
    /// Whether the server takes none: then there are none here.
    pub refused: bool,
}

/// Why rules were not made ready.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// A rule could not be read.
    #[error(transparent)]
    File(#[from] RuleFileError),
    /// Rules do not compile.
    #[error("{errors}")]
    Compile {
        /// What is wrong.
        errors: RuleErrors,
        /// The files of the rules.
        files: Vec<RuleFile>,
    },
}

impl RuleFiles<'_> {
    /// Collects and compiles the rules for an order: of the server, of the package, of this deploy.
    pub fn prepare(&self, order: &Order, clock: Option<Clock>) -> Result<Prepared, PrepareError> {
        let refused = order.server.as_ref().is_some_and(|server| !server.allow_rules);
        let mut files = Vec::new();
        let mut sources: Vec<RuleSource> = Vec::new();
        let mut read = Vec::new();
        if !refused {
            let named =
                order.server.iter().flat_map(|server| &server.rules).map(|rule| (Level::Server, rule));
            let of_package = order.package.iter().flat_map(|(_, rules)| rules);
            for (level, rule) in named.chain(of_package.map(|rule| (Level::Package, rule))) {
                let file = self.get(rule)?;
                sources.push(file.source(level)?);
                read.push(file.record(level.as_str()));
                files.push(file);
            }
            for file in &order.rules {
                sources.push(file.source(Level::Deployment)?);
                read.push(file.record(Level::Deployment.as_str()));
                files.push(file.clone());
            }
        }
        let settings = self.settings(clock)?;
        let rules = match self.compile(&sources, &settings) {
            Ok(rules) => rules,
            Err(errors) => return Err(PrepareError::Compile { errors, files }),
        };
        for name in rules.imported() {
            let file = self.get(name).ok();
            read.extend(file.as_ref().map(|file| file.record(IMPORT)));
            files.extend(file);
        }
        read.extend(self.tables()?);
        let prefix = order.environment.clone();
        let of_server = || order.server.as_ref().and_then(|server| server.environment.clone());
        let context = Arc::new(Context {
            target: order.server.as_ref().map_or_else(Target::default, TargetServer::target),
            package: order.package.as_ref().map(|(package, _)| package.clone()),
            deployment: Deployment { user: order.user.clone(), description: order.description.clone() },
            environment: if refused { None } else { prefix.or_else(of_server) },
            frequencies: None::<TargetFrequencies>,
        });
        Ok(Prepared { rules, context, files, read, refused })
    }

    /// The repository that they are of.
    pub fn repository(&self) -> &Repository {
        self.repository
    }
}
