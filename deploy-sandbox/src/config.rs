//! What a sandbox is started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::fault::FaultSpec;

/// The user that may sign on to every system.
pub const USER: &str = "ocadm";
/// The password of every user of a sandbox.
pub const PASSWORD: &str = "sandbox";

/// Everything a sandbox can be told.
#[derive(Debug, Clone)]
pub struct Config {
    /// The systems, in the order they are shown.
    pub systems: Vec<SystemConfig>,
    /// What the systems start with, where they have no seed of their own.
    pub seed: Seed,
    /// Where the state is kept across restarts; one folder per system.
    pub state: Option<PathBuf>,
    /// Serve both ports over TLS, with a certificate of the sandbox's own authority.
    pub tls: Option<Certificate>,
    /// Every answer takes this much longer.
    pub latency: Duration,
    /// Faults from the start on.
    pub faults: Vec<FaultSpec>,
    /// What the clock shows at the start; it goes on from there.
    pub now: Option<DateTime<Utc>>,
    /// Really run the command lines of jobs on the sandbox's own agents.
    pub run_jobs: bool,
    /// How long a token of a user is valid.
    pub token_lifetime: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            systems: Vec::new(),
            seed: Seed::Retail,
            state: None,
            tls: None,
            latency: Duration::ZERO,
            faults: Vec::new(),
            now: None,
            run_jobs: false,
            token_lifetime: Duration::from_secs(60 * 60),
        }
    }
}

/// One OpCon system.
#[derive(Debug, Clone)]
pub struct SystemConfig {
    /// Its name, also that of its folder in the state directory.
    pub name: String,
    /// What it is for; decides what the seed puts into it.
    pub kind: SystemType,
    /// Where the REST API listens; port 0 takes a free one.
    pub rest: SocketAddr,
    /// Where ImpEx listens; port 0 takes a free one.
    pub impex: SocketAddr,
    /// Whether it is licensed for Deploy.
    pub deploy_licence: bool,
    /// Its own seed.
    pub seed: Option<Seed>,
    /// Whether it is off at first: it takes no connections until a magic packet wakes it.
    pub off: bool,
}

impl SystemConfig {
    /// A licensed system on free ports of the loopback address.
    pub fn new(name: impl Into<String>, kind: SystemType) -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            name: name.into(),
            kind,
            rest: free,
            impex: free,
            deploy_licence: true,
            seed: None,
            off: false,
        }
    }
}

impl FromStr for SystemConfig {
    type Err = ConfigError;

    /// `NAME:TYPE`, such as `PROD:Production`.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let (name, kind) =
            text.split_once(':').ok_or_else(|| ConfigError::System { text: text.to_owned() })?;
        if name.is_empty() {
            return Err(ConfigError::System { text: text.to_owned() });
        }
        Ok(Self::new(name, kind.parse()?))
    }
}

/// What a system is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemType {
    /// Where schedules are made.
    Development,
    /// Of the test class.
    Integration,
    /// Of the test class.
    QualityAssurance,
    /// Of the test class.
    SystemTest,
    /// Of the test class.
    Test,
    /// Of the production class.
    PreProduction,
    /// Of the production class.
    Production,
    /// Of the production class.
    Training,
}

impl SystemType {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Development, "Development"),
        (Self::Integration, "Integration"),
        (Self::QualityAssurance, "Quality Assurance"),
        (Self::SystemTest, "System Test"),
        (Self::Test, "Test"),
        (Self::PreProduction, "Pre-production"),
        (Self::Production, "Production"),
        (Self::Training, "Training"),
    ];

    /// The vendor's word for it.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    pub(crate) fn is_production_class(self) -> bool {
        matches!(self, Self::PreProduction | Self::Production | Self::Training)
    }
}

impl FromStr for SystemType {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let bare = |text: &str| text.replace([' ', '-', '_'], "").to_lowercase();
        Self::ALL
            .iter()
            .find(|(_, name)| bare(name) == bare(text))
            .map(|(kind, _)| *kind)
            .ok_or_else(|| ConfigError::Type { text: text.to_owned() })
    }
}

/// What a system holds at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seed {
    /// Users, and nothing else.
    Empty,
    /// The small estate of a retailer.
    Retail,
    /// This many generated schedules of about 75 KB each.
    Large(u32),
}

impl FromStr for Seed {
    type Err = ConfigError;

    /// `empty`, `retail` or `large:N`.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        match text {
            "empty" => Ok(Self::Empty),
            "retail" => Ok(Self::Retail),
            _ => text
                .strip_prefix("large:")
                .and_then(|count| count.parse().ok())
                .map(Self::Large)
                .ok_or_else(|| ConfigError::Seed { text: text.to_owned() }),
        }
    }
}

/// The certificate a TLS sandbox shows. All are signed by its own authority.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Certificate {
    /// For `localhost` and the loopback addresses, valid now.
    #[default]
    Valid,
    /// Ran out long ago.
    Expired,
    /// For another host.
    WrongName,
}

/// Text that names no system, type or seed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not `NAME:TYPE`.
    #[error("`{text}` is not a system; write NAME:TYPE, such as PROD:Production")]
    System {
        /// What was given.
        text: String,
    },
    /// No such type.
    #[error(
        "`{text}` is not a type of system; one of Development, Integration, Quality Assurance, System Test, Test, Pre-production, Production, Training"
    )]
    Type {
        /// What was given.
        text: String,
    },
    /// No such seed.
    #[error("`{text}` is not a seed; one of empty, retail, large:N")]
    Seed {
        /// What was given.
        text: String,
    },
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn systems_and_seeds_are_read_from_text() {
        let system: SystemConfig = "QA:quality-assurance".parse().unwrap();
        assert_eq!((system.name.as_str(), system.kind), ("QA", SystemType::QualityAssurance));
        assert_eq!(system.kind.as_str(), "Quality Assurance");
        assert_eq!("large:500".parse(), Ok(Seed::Large(500)));
        for wrong in ["large:", "large:x", "small"] {
            assert_eq!(wrong.parse::<Seed>(), Err(ConfigError::Seed { text: wrong.to_owned() }));
        }
        for wrong in ["PROD", ":Production", "PROD:Live"] {
            assert!(wrong.parse::<SystemConfig>().is_err(), "{wrong}");
        }
    }
}
