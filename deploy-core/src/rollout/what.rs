//! What a rollout carries: packages and schedules, at versions of main.

use std::fmt;

use crate::repository::Repository;
use crate::repository::history::History;
use crate::repository::layout::Kind;
use crate::repository::resolve::{Found, ResolveError, resolve};

/// How packages are written.
const PACKAGE: &str = "package:";

/// A package or a schedule, as a rollout names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct What {
    /// A package or a schedule.
    pub kind: Kind,
    /// Its name; with the version, where one is given.
    pub text: String,
}

/// Why text names nothing that a rollout can carry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhatError {
    /// No name.
    #[error("`{0}` names nothing")]
    Empty(String),
    /// Stands for many.
    #[error("`{0}` is a pattern: a rollout names what it carries, so that it can be reviewed")]
    Pattern(String),
    /// Rules and the like are not carried.
    #[error("`{0}` is neither a schedule nor a package")]
    Kind(String),
    /// What is removed has no version.
    #[error("`{0}` has a version: whatever version stands there is removed")]
    Version(String),
}

/// Why something cannot be carried.
#[derive(Debug, thiserror::Error)]
pub enum NotCarried {
    /// It is not there.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// It is on some branch or tag only.
    #[error("`{0}` names no version of main, and a rollout carries nothing else")]
    OffMain(String),
}

impl What {
    /// Reads `NAME`, `NAME@V`, `package:NAME` or `package:NAME@V`.
    pub fn parse(text: &str, to_remove: bool) -> Result<Self, WhatError> {
        let (kind, name) = match text.strip_prefix(PACKAGE) {
            Some(name) => (Kind::Package, name),
            None => (Kind::Schedule, text),
        };
        let given = || text.to_owned();
        if name.trim().is_empty() {
            return Err(WhatError::Empty(given()));
        }
        if name.contains(['*', '?']) {
            return Err(WhatError::Pattern(given()));
        }
        if ["rule:", "script:"].iter().any(|other| text.starts_with(other)) {
            return Err(WhatError::Kind(given()));
        }
        let what = Self { kind, text: name.to_owned() };
        if to_remove && what.name() != name {
            return Err(WhatError::Version(given()));
        }
        Ok(what)
    }

    /// The name without a version. A name of OpCon may hold an `@` itself; digits
    /// after the last one are taken for a version.
    pub fn name(&self) -> &str {
        match self.text.rsplit_once('@') {
            Some((name, number))
                if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                name
            }
            _ => &self.text,
        }
    }

    /// For messages: "package `FINANCE`".
    pub fn thing(&self) -> String {
        format!("{} `{}`", self.kind.word(), self.name())
    }

    /// Whether both are the same package or schedule, at whatever versions.
    pub fn is_same_thing(&self, other: &What) -> bool {
        self.kind == other.kind && self.name() == other.name()
    }

    /// The version of main that it stands for now.
    pub fn find(&self, repository: &Repository, history: &History) -> Result<Found, NotCarried> {
        let found = resolve(repository, history, self.kind, &self.text)?;
        // A branch or a tag moves on; a version does not.
        match found.number.is_some() && found.name == self.name() {
            true => Ok(found),
            false => Err(NotCarried::OffMain(self.to_string())),
        }
    }
}

/// As it is written in files and on the command line.
impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = if self.kind == Kind::Package { PACKAGE } else { "" };
        write!(f, "{prefix}{}", self.text)
    }
}
