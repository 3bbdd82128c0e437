//! What a role allows, by class of server.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::servers::ServerClass;

/// What a person may do: where they may import from and deploy to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Role {
    /// Everything, and the exceptions.
    Administration,
    /// Import from and deploy to every server.
    All,
    /// Import from non-production, deploy to production.
    Production,
    /// Import from and deploy to non-production.
    #[serde(rename = "Non-Production")]
    NonProduction,
    /// Import from and deploy to development.
    Development,
    /// Import from and deploy to test.
    Test,
}

impl Role {
    /// All of them, the widest first.
    pub const ALL: [Self; 6] = [
        Self::Administration,
        Self::All,
        Self::Production,
        Self::NonProduction,
        Self::Development,
        Self::Test,
    ];

    /// The vendor's word for it, as it stands in users.toml and in records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Administration => "Administration",
            Self::All => "All",
            Self::Production => "Production",
            Self::NonProduction => "Non-Production",
            Self::Development => "Development",
            Self::Test => "Test",
        }
    }

    /// Reads a role, whatever its case, blanks and hyphens.
    pub fn parse(text: &str) -> Option<Self> {
        let bare = |text: &str| text.replace([' ', '-', '_'], "").to_lowercase();
        Self::ALL.into_iter().find(|role| bare(role.as_str()) == bare(text))
    }

    /// Whether schedules may be imported from servers of a class.
    pub fn imports_from(self, class: ServerClass) -> bool {
        match self {
            Self::Administration | Self::All => true,
            Self::Production | Self::NonProduction => class != ServerClass::Production,
            Self::Development => class == ServerClass::Development,
            Self::Test => class == ServerClass::Test,
        }
    }

    /// Whether servers of a class may be changed.
    pub fn deploys_to(self, class: ServerClass) -> bool {
        match self {
            Self::Administration | Self::All => true,
            Self::Production => class == ServerClass::Production,
            Self::NonProduction => class != ServerClass::Production,
            Self::Development => class == ServerClass::Development,
            Self::Test => class == ServerClass::Test,
        }
    }

    /// Whether it may do what is kept for administrators.
    pub fn administers(self) -> bool {
        self == Self::Administration
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_is_the_vendors() {
        use ServerClass::{Development, Production, Test};
        let allowed = |may: &dyn Fn(ServerClass) -> bool| -> String {
            [(Development, 'd'), (Test, 't'), (Production, 'p')]
                .into_iter()
                .filter_map(|(class, letter)| may(class).then_some(letter))
                .collect()
        };
        let rows: Vec<String> = Role::ALL
            .into_iter()
            .map(|role| {
                let from = allowed(&|class| role.imports_from(class));
                let to = allowed(&|class| role.deploys_to(class));
                format!("{role}: {from} to {to}")
            })
            .collect();
        assert_eq!(
            rows,
            [
                "Administration: dtp to dtp",
                "All: dtp to dtp",
                "Production: dt to p",
                "Non-Production: dt to dt",
                "Development: d to d",
                "Test: t to t",
            ]
        );
        assert_eq!(Role::ALL.into_iter().filter(|role| role.administers()).count(), 1);
    }

    #[test]
    fn words_are_read_as_they_are_written() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
            assert_eq!(serde_json::to_value(role).ok(), Some(role.as_str().into()));
        }
        assert_eq!(Role::parse("non production"), Some(Role::NonProduction));
        assert_eq!(Role::parse("operator"), None);
    }
}
