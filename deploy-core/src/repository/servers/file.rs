//! The file of a server, and the connection it describes.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::opcon::{Connection, ConnectorProfile, Endpoint, Fingerprint, Trust};
use crate::rollout::{Broadcast, Mac, is_built_in};
use crate::time_zone::Zone;

/// The port of the OpCon REST API.
const REST_PORT: u16 = 9010;
/// The ports of ImpEx2: with TLS, and without.
const IMPEX_PORTS: (u16, u16) = (9011, 9001);

/// One OpCon system (`servers/<NAME>.toml`; its name is that of the file).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// What it is for, in OpCon Deploy's words.
    #[serde(rename = "type")]
    pub kind: ServerType,
    /// Its host name or IP address.
    pub address: String,
    /// The port of the OpCon REST API; 9010 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest_port: Option<u16>,
    /// The port of ImpEx2; 9011 with TLS, 9001 without, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impex_port: Option<u16>,
    /// Whether both services speak TLS. `false` sends passwords readable.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub tls: bool,
    /// The OpCon REST API alone, where the two services differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest_tls: Option<bool>,
    /// ImpEx2 alone, where the two services differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impex_tls: Option<bool>,
    /// A PEM file beside this one with the certificates of an internal authority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// The fingerprint of the one certificate to trust (`sha256:…`), or a list of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pins>,
    /// The name of the credential; what it stands for each user says in their own configuration.
    pub credential: String,
    /// Whether transformation rules may be used when deploying to it.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub allow_rules: bool,
    /// Transformation rules for every deployment to it, in order; `RULE@V` pins a version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// A short prefix of the environment, for rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Groups of servers it belongs to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Its time zone, such as `Europe/Berlin`: that of times given without an offset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// The addresses of its network cards, to wake it: one, or a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<Macs>,
    /// Where magic packets to it go: the broadcast address of its network, with a port if that is
    /// not 9; the network that the runner is in if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broadcast: Option<Broadcast>,
    /// A connector profile of the repository: `servers/connectors/<NAME>.toml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector: Option<String>,
    /// Requests under way at the same time, 1 to 64; 16 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 64))]
    pub concurrency: Option<usize>,
    /// Seconds that a connection may take; 10 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub connect_timeout: Option<u64>,
    /// Seconds that a request and its whole answer may take; 300 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub request_timeout: Option<u64>,
    /// No answer may be longer, in bytes; 256 MiB if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_answer: Option<usize>,
    /// Values for rules.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub vars: BTreeMap<String, serde_json::Value>,
}

fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_yes(value: &bool) -> bool {
    *value
}

/// One fingerprint or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Pins {
    /// One certificate.
    One(String),
    /// Any of several, while a certificate is being replaced.
    Many(Vec<String>),
}

impl Pins {
    /// Each fingerprint.
    pub fn all(&self) -> &[String] {
        match self {
            Self::One(pin) => std::slice::from_ref(pin),
            Self::Many(pins) => pins,
        }
    }
}

/// One network card or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "an address of a network card such as `00:1a:2b:3c:4d:5e`, or a list of them")]
pub enum Macs {
    /// One.
    One(Mac),
    /// Several.
    Many(Vec<Mac>),
}

impl Macs {
    /// Each address.
    pub fn all(&self) -> &[Mac] {
        match self {
            Self::One(mac) => std::slice::from_ref(mac),
            Self::Many(macs) => macs,
        }
    }
}

/// What a server is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub enum ServerType {
    Development,
    Integration,
    #[serde(rename = "Quality Assurance")]
    QualityAssurance,
    #[serde(rename = "System Test")]
    SystemTest,
    Test,
    #[serde(rename = "Pre-production")]
    PreProduction,
    Production,
    Training,
}

/// What a server's type means for roles and checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum ServerClass {
    Development,
    Test,
    Production,
}

impl ServerClass {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Test => "test",
            Self::Production => "production",
        }
    }
}

impl ServerType {
    /// All of them, from development to production.
    pub const ALL: [Self; 8] = [
        Self::Development,
        Self::Integration,
        Self::QualityAssurance,
        Self::SystemTest,
        Self::Test,
        Self::PreProduction,
        Self::Production,
        Self::Training,
    ];

    /// The vendor's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Development => "Development",
            Self::Integration => "Integration",
            Self::QualityAssurance => "Quality Assurance",
            Self::SystemTest => "System Test",
            Self::Test => "Test",
            Self::PreProduction => "Pre-production",
            Self::Production => "Production",
            Self::Training => "Training",
        }
    }

    /// Its class.
    pub fn class(self) -> ServerClass {
        match self {
            Self::Development => ServerClass::Development,
            Self::Integration | Self::QualityAssurance | Self::SystemTest | Self::Test => ServerClass::Test,
            Self::PreProduction | Self::Production | Self::Training => ServerClass::Production,
        }
    }

    /// Reads a type, whatever its case, blanks and hyphens.
    pub fn parse(text: &str) -> Option<Self> {
        let bare = |text: &str| text.replace([' ', '-', '_'], "").to_lowercase();
        Self::ALL.into_iter().find(|kind| bare(kind.as_str()) == bare(text))
    }
}

impl fmt::Display for ServerType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Server {
    /// A server with the usual settings.
    pub fn new(kind: ServerType, address: impl Into<String>, credential: impl Into<String>) -> Self {
        Self {
            kind,
            address: address.into(),
            rest_port: None,
            impex_port: None,
            tls: true,
            rest_tls: None,
            impex_tls: None,
            ca: None,
            pin: None,
            credential: credential.into(),
            allow_rules: true,
            rules: Vec::new(),
            environment: None,
            groups: Vec::new(),
            timezone: None,
            mac: None,
            broadcast: None,
            connector: None,
            concurrency: None,
            connect_timeout: None,
            request_timeout: None,
            max_answer: None,
            vars: BTreeMap::new(),
        }
    }

    /// The text of its file.
    pub fn to_text(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }

    /// Where the OpCon REST API listens.
    pub fn rest(&self) -> Endpoint {
        Endpoint { port: self.rest_port.unwrap_or(REST_PORT), tls: self.rest_tls.unwrap_or(self.tls) }
    }

    /// Where ImpEx2 listens.
    pub fn impex(&self) -> Endpoint {
        let tls = self.impex_tls.unwrap_or(self.tls);
        let usual = if tls { IMPEX_PORTS.0 } else { IMPEX_PORTS.1 };
        Endpoint { port: self.impex_port.unwrap_or(usual), tls }
    }

    /// Values that are well-formed TOML and cannot work: the key, and what is wrong.
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        let mut wrong = |key, problem: String| problems.push((key, problem));
        if let Err(problem) = Connection::new("", &self.address).check_address() {
            wrong("address", problem);
        }
        if !is_credential_name(&self.credential) {
            let problem = "a name of letters, digits and hyphens that starts with a letter";
            wrong("credential", format!("`{}` must be {problem}", self.credential.escape_debug()));
        }
        if let Some(ca) = self.ca.as_deref().filter(|ca| !is_plain_file(ca)) {
            let problem = "must be the plain name of a file beside the server's: no folders";
            wrong("ca", format!("`{}` {problem}", ca.escape_debug()));
        }
        if let Some(connector) = self.connector.as_deref().filter(|name| !is_plain_file(name)) {
            let problem = "must be the plain name of a file in servers/connectors/";
            wrong("connector", format!("`{}` {problem}", connector.escape_debug()));
        }
        for pin in self.pin.iter().flat_map(Pins::all).filter(|pin| Fingerprint::parse(pin).is_none()) {
            let problem = "is not a SHA-256 fingerprint: `sha256:` and 64 hex digits";
            wrong("pin", format!("`{}` {problem}", pin.escape_debug()));
        }
        if matches!(&self.pin, Some(Pins::Many(pins)) if pins.is_empty()) {
            wrong("pin", "an empty list would trust no certificate".to_owned());
        }
        if self.concurrency.is_some_and(|number| !(1..=64).contains(&number)) {
            wrong("concurrency", "must be 1 to 64".to_owned());
        }
        if self.connect_timeout == Some(0) {
            wrong("connect_timeout", "must be at least 1 second".to_owned());
        }
        if self.request_timeout == Some(0) {
            wrong("request_timeout", "must be at least 1 second".to_owned());
        }
        if self.max_answer == Some(0) {
            wrong("max_answer", "must be at least 1".to_owned());
        }
        if let Some(prefix) = self.environment.as_deref().filter(|prefix| prefix.trim().is_empty()) {
            wrong("environment", format!("`{prefix}` is empty"));
        }
        for group in self.groups.iter().filter(|group| is_built_in(group)) {
            wrong("groups", format!("`{group}` is built in: it holds all servers of that class"));
        }
        if matches!(&self.mac, Some(Macs::Many(macs)) if macs.is_empty()) {
            wrong("mac", "an empty list wakes nothing".to_owned());
        }
        if let Some(Err(unknown)) = self.timezone.as_deref().map(Zone::parse) {
            wrong("timezone", unknown.to_string());
        }
        problems
    }

    /// How to reach it, with the contents of the files it names.
    pub fn connection(&self, name: &str, ca_pem: Option<Vec<u8>>, profile: ConnectorProfile) -> Connection {
        let mut connection = Connection::new(name, &self.address);
        connection.rest = self.rest();
        connection.impex = self.impex();
        connection.allow_plain_http = !(connection.rest.tls && connection.impex.tls);
        let pins = self.pin.iter().flat_map(Pins::all).filter_map(|pin| Fingerprint::parse(pin)).collect();
        connection.trust = Trust { ca_pem, pins };
        connection.profile = profile;
        if let Some(concurrency) = self.concurrency {
            connection.concurrency = concurrency;
        }
        if let Some(seconds) = self.connect_timeout {
            connection.connect_timeout = Duration::from_secs(seconds);
        }
        if let Some(seconds) = self.request_timeout {
            connection.request_timeout = Duration::from_secs(seconds);
        }
        if let Some(bytes) = self.max_answer {
            connection.max_answer = bytes;
        }
        connection
    }
}

/// Whether text can name a credential: also as a key of git's configuration and in a variable.
pub fn is_credential_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '-')
}

/// The credential a server gets where nobody names one: its own name, made fit.
pub fn credential_for(server: &str) -> String {
    let fit = |character: char| if character.is_ascii_alphanumeric() { character } else { '-' };
    let name: String = server.to_lowercase().chars().map(fit).collect();
    if is_credential_name(&name) { name } else { format!("opcon-{}", name.trim_start_matches('-')) }
}

/// Whether text is the name of a file and nothing else, on every system.
fn is_plain_file(name: &str) -> bool {
    !name.is_empty() && crate::definition::encode(name) == name
}
