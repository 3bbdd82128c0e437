//! What can go wrong with an OpCon system, told apart.

use std::time::Duration;

use serde::Serialize;

use super::tls::TlsFault;
use super::wire::ErrorItem;

/// One of the two services of an OpCon system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// The OpCon REST API.
    Rest,
    /// ImpEx2.
    Impex,
}

impl Service {
    /// What its port is called in the server file.
    pub(crate) fn port_key(self) -> &'static str {
        match self {
            Self::Rest => "rest_port",
            Self::Impex => "impex_port",
        }
    }
}

impl std::fmt::Display for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Rest => "the OpCon REST API",
            Self::Impex => "ImpEx2",
        })
    }
}

/// A request to an OpCon system that did not do what it should: what was being
/// done, where, and (its source) why not.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot {doing}{}", url.as_deref().map(|url| format!(" ({url})")).unwrap_or_default())]
pub struct OpConError {
    /// What was being done, to follow "cannot": "extract `PAYROLL` from `DEV`".
    pub doing: String,
    /// The URL asked, if it came to that. Never holds a secret.
    pub url: Option<String>,
    /// The server file that says how to connect, for hints: the name of the server.
    pub server: String,
    /// Why not.
    #[source]
    pub cause: Box<Cause>,
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Cause {
    /// The connection settings contradict themselves.
    #[error("{message}")]
    Settings {
        /// What is wrong with them.
        message: String,
    },
    /// The name of the host is unknown.
    #[error("no address is known for the host `{host}`")]
    Dns {
        /// The host.
        host: String,
    },
    /// Nothing listens there.
    #[error("`{host}` refuses connections on port {port}")]
    Refused {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// No connection for another reason.
    #[error("no connection to `{host}`: {message}")]
    Unreachable {
        /// The host.
        host: String,
        /// What the operating system, or the proxy, said.
        message: String,
    },
    /// No connection in time.
    #[error("no connection to `{host}` within {} s", after.as_secs_f32())]
    ConnectTimeout {
        /// The host.
        host: String,
        /// How long it was tried.
        after: Duration,
    },
    /// No complete answer in time.
    #[error("no complete answer within {} s", after.as_secs_f32())]
    AnswerTimeout {
        /// How long it was waited for.
        after: Duration,
        /// Whether the system may have done what it was asked to.
        maybe_done: bool,
    },
    /// TLS refused the other side.
    #[error(transparent)]
    Tls(#[from] TlsFault),
    /// Something answers, but not HTTP.
    #[error("what answers on port {port} does not speak HTTP")]
    NotHttp {
        /// The port.
        port: u16,
    },
    /// Another service answers on the port.
    #[error("port {port} should be {expected}, but {} answers there", found.map_or("another service".to_owned(), |found| found.to_string()))]
    WrongService {
        /// Which was expected.
        expected: Service,
        /// Which answered, if it is known.
        found: Option<Service>,
        /// The port.
        port: u16,
    },
    /// The credential is not accepted.
    #[error("the sign-on of {who} was refused: {message}")]
    SignOnRefused {
        /// Whose.
        who: String,
        /// In the system's words.
        message: String,
    },
    /// The user is locked or disabled.
    #[error("{who} is locked: {message}")]
    Locked {
        /// Who.
        who: String,
        /// In the system's words.
        message: String,
    },
    /// Signed on, but not allowed to do this.
    #[error("{who} may not do this: {}", words(items))]
    Forbidden {
        /// Who.
        who: String,
        /// The system's complaints.
        items: Vec<ErrorItem>,
    },
    /// The system is not licensed for Deploy.
    #[error("the system has no valid licence for Deploy (feature `{feature}`)")]
    Unlicensed {
        /// The feature that the connector profile names.
        feature: String,
    },
    /// There is no such thing on the system.
    #[error("not found: {}", words(items))]
    NotFound {
        /// The system's complaints.
        items: Vec<ErrorItem>,
    },
    /// The system understood and refused; an insert left everything as it was.
    #[error("refused with status {status}: {}", words(items))]
    Rejected {
        /// The status of the answer.
        status: u16,
        /// The system's complaints, one per missing or wrong thing.
        items: Vec<ErrorItem>,
    },
    /// The system failed.
    #[error("the system failed with status {status}: {said}")]
    Failed {
        /// The status of the answer.
        status: u16,
        /// Its complaints, or the first words of the answer.
        said: String,
        /// Whether the system may have done what it was asked to.
        maybe_done: bool,
    },
    /// An action was accepted, and then failed.
    #[error("it failed: {message}")]
    ActionFailed {
        /// In the system's words.
        message: String,
    },
    /// An action was accepted, and has not ended in time.
    #[error("not finished after {} s", after.as_secs_f32())]
    Unfinished {
        /// How long it was waited for.
        after: Duration,
    },
    /// The connection broke before the answer was complete.
    #[error("the connection broke before the answer was complete: {message}")]
    Broken {
        /// What was seen of it.
        message: String,
        /// Whether the system may have done what it was asked to.
        maybe_done: bool,
    },
    /// The answer is longer than the settings allow.
    #[error("the answer is longer than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// The answer is not what it should be.
    #[error("status {status}, but the answer {problem}; it starts: {start}")]
    Garbled {
        /// The status of the answer.
        status: u16,
        /// What is wrong with it: "is not JSON", "has no `id`".
        problem: String,
        /// Its first words.
        start: String,
    },
}

fn words(items: &[ErrorItem]) -> String {
    if items.is_empty() {
        return "no reason given".to_owned();
    }
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl Cause {
    /// Replaces a secret wherever the system's words repeat it.
    pub(crate) fn hide(&mut self, secret: &str) {
        let texts: Vec<&mut String> = match self {
            Self::SignOnRefused { message, .. }
            | Self::Locked { message, .. }
            | Self::ActionFailed { message }
            | Self::Broken { message, .. } => vec![message],
            Self::Failed { said, .. } => vec![said],
            Self::Garbled { start, .. } => vec![start],
            Self::Forbidden { items, .. } | Self::NotFound { items } | Self::Rejected { items, .. } => items
                .iter_mut()
                .flat_map(|item| [Some(&mut item.message), item.name.as_mut(), item.resource.as_mut()])
                .flatten()
                .collect(),
            _ => Vec::new(),
        };
        for text in texts.into_iter().filter(|text| !secret.is_empty() && text.contains(secret)) {
            *text = text.replace(secret, "[secret]");
        }
    }
}

/// The first words of an answer, on one line.
pub(crate) fn first_words(body: &[u8]) -> String {
    const LONGEST: usize = 160;
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * LONGEST)]);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut readable = words.chars().filter(|character| !character.is_control());
    let shown: String = readable.by_ref().take(LONGEST).collect();
    match (shown.is_empty(), readable.next().is_some() || body.len() > 4 * LONGEST) {
        (true, _) => "(nothing)".to_owned(),
        (false, true) => format!("{shown}…"),
        (false, false) => shown,
    }
}

impl OpConError {
    /// Whether the system may have done what it was asked to, though no answer says so.
    pub fn maybe_done(&self) -> bool {
        matches!(
            *self.cause,
            Cause::Broken { maybe_done: true, .. }
                | Cause::AnswerTimeout { maybe_done: true, .. }
                | Cause::Failed { maybe_done: true, .. }
        )
    }

    /// The whole chain on one line: what, where, why.
    pub fn on_one_line(&self) -> String {
        format!("{self}: {}", self.cause)
    }

    /// What helps, in the words of the server file.
    pub fn hint(&self) -> Option<String> {
        let file = format!("servers/{}.toml", self.server);
        let hint = match &*self.cause {
            Cause::Dns { .. } | Cause::Unreachable { .. } => {
                format!("check `address` in {file}, and whether this machine needs a VPN or a proxy")
            }
            Cause::Refused { .. } => {
                format!("check that the service runs, and `address`, `rest_port` and `impex_port` in {file}")
            }
            Cause::ConnectTimeout { .. } => {
                format!("a firewall may swallow the packets; check `address` and the ports in {file}")
            }
            Cause::Tls(fault) => fault.hint(&file),
            Cause::NotHttp { .. } => {
                format!("the port may expect TLS: set `tls = true` in {file}, or correct the port")
            }
            Cause::WrongService { expected, found: Some(_), .. } => {
                format!(
                    "the ports may be swapped; set `{}` in {file} to the port of {expected}",
                    expected.port_key()
                )
            }
            Cause::WrongService { expected, found: None, .. } => format!(
                "set `{}` in {file} to the port of {expected}{}",
                expected.port_key(),
                if *expected == Service::Impex {
                    ", or give the server a connector profile with its routes"
                } else {
                    ""
                }
            ),
            Cause::SignOnRefused { .. } => {
                format!("check what the `credential` of {file} is mapped to on this machine")
            }
            Cause::Locked { .. } => {
                "an OpCon administrator can unlock the user in Solution Manager".to_owned()
            }
            Cause::Forbidden { .. } => {
                "give the OpCon user a role that may, or use another credential".to_owned()
            }
            Cause::Unlicensed { .. } => {
                "ask for a Deploy licence for this system; if it has one under another number, name it as \
                 `licence.feature` in the connector profile"
                    .to_owned()
            }
            Cause::TooLong { .. } => "raise `max_answer` if the schedule is really that large".to_owned(),
            _ if self.maybe_done() => {
                "the system may have done it nevertheless; read back what stands there before trying again"
                    .to_owned()
            }
            _ => return None,
        };
        Some(hint)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn first_words_are_short_and_on_one_line() {
        assert_eq!(first_words(b""), "(nothing)");
        assert_eq!(first_words(b"  <html>\r\n <b>\x1b[31mNo</b>"), "<html> <b>[31mNo</b>");
        let long = first_words("ä".repeat(1000).as_bytes());
        assert_eq!(long.chars().count(), 161);
    }

    #[test]
    fn a_chain_says_what_where_and_why() {
        let error = OpConError {
            doing: "delete `PAYROLL` from `DEV`".to_owned(),
            url: Some("https://dev:9011/impex2/schedules/PAYROLL".to_owned()),
            server: "DEV".to_owned(),
            cause: Box::new(Cause::Refused { host: "dev".to_owned(), port: 9011 }),
        };
        assert_eq!(
            error.on_one_line(),
            "cannot delete `PAYROLL` from `DEV` (https://dev:9011/impex2/schedules/PAYROLL): \
             `dev` refuses connections on port 9011"
        );
        assert!(error.hint().unwrap().contains("servers/DEV.toml"));
    }
}
