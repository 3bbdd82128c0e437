//! Faults by name: what can go wrong between a client and a system, on
//! demand.
//!
//! A fault is written `[SYSTEM:]NAME[=VALUE][@[METHOD ]PATH][#CALLS]`:
//! (the names stand in the crate's documentation).
//!
//! ```
//! use deploy_sandbox::{FaultKind, FaultSpec};
//!
//! let fault: FaultSpec = "PROD:lost-answer@POST /impex2/schedules#1".parse()?;
//! assert_eq!(fault.kind, FaultKind::LostAnswer);
//! assert_eq!(fault.to_string(), "PROD:lost-answer@POST /impex2/schedules#1");
//! # Ok::<(), deploy_sandbox::FaultError>(())
//! ```

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::text::wildcard;

/// What goes wrong, where and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultSpec {
    /// On this system only.
    pub system: Option<String>,
    /// What goes wrong.
    pub kind: FaultKind,
    /// With requests of this method only.
    pub method: Option<String>,
    /// With paths that match this pattern only.
    pub path: Option<String>,
    /// From this matching request on, counted from 1.
    pub from: u32,
    /// To this matching request.
    pub to: u32,
}

/// What goes wrong; see the [module's table](crate#faults).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// Answers later.
    Latency(Duration),
    /// Resets the connection instead of answering.
    Reset,
    /// Takes this long over the body.
    SlowBody(Duration),
    /// Breaks off the body after so many bytes.
    Truncate(usize),
    /// Answers with this status.
    Error(u16),
    /// Ends the caller's token first.
    ExpiredToken,
    /// Refuses an insert with this message.
    RefuseInsert(String),
    /// Takes an insert, and lets the schedules start at this time whatever was sent.
    AlterInsert(String),
    /// Does all that was asked, then resets the connection.
    LostAnswer,
}

/// Text that is no fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// No such name.
    #[error(
        "`{name}` is not a fault; one of latency, reset, slow-body, truncate, error, expired-token, refuse-insert, alter-insert, lost-answer"
    )]
    Name {
        /// What was given.
        name: String,
    },
    /// A value that the fault cannot have.
    #[error("`{value}` is not a value of the fault `{name}`")]
    Value {
        /// The fault.
        name: String,
        /// What was given.
        value: String,
    },
    /// Neither `3`, `2-4` nor `2+`.
    #[error("`{calls}` does not say which requests; write 3, 2-4 or 2+")]
    Calls {
        /// What was given.
        calls: String,
    },
}

impl FaultSpec {
    /// A fault of every request to every system.
    pub fn always(kind: FaultKind) -> Self {
        Self { system: None, kind, method: None, path: None, from: 1, to: u32::MAX }
    }

    fn matches(&self, system: &str, method: &str, path: &str) -> bool {
        self.system.as_ref().is_none_or(|name| name.eq_ignore_ascii_case(system))
            && self.method.as_ref().is_none_or(|name| name.eq_ignore_ascii_case(method))
            && self.path.as_ref().is_none_or(|pattern| wildcard(pattern, path))
    }
}

impl FromStr for FaultSpec {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let (text, (from, to)) = match text.rsplit_once('#') {
            Some((head, calls)) => (head, parse_calls(calls)?),
            None => (text, (1, u32::MAX)),
        };
        let (what, place) = match text.split_once('@') {
            Some((what, place)) => (what, Some(place.trim())),
            None => (text, None),
        };
        let (name, value) = match what.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (what, None),
        };
        let (system, name) = match name.split_once(':') {
            Some((system, name)) => (Some(system.to_owned()), name),
            None => (None, name),
        };
        let (method, path) = match place.map(|place| place.split_once(' ').unwrap_or(("", place))) {
            Some(("", path)) => (None, Some(path.to_owned())),
            Some((method, path)) => (Some(method.to_owned()), Some(path.trim().to_owned())),
            None => (None, None),
        };
        Ok(Self { system, kind: parse_kind(name.trim(), value)?, method, path, from, to })
    }
}

fn parse_kind(name: &str, value: Option<&str>) -> Result<FaultKind, FaultError> {
    let number = |default: u64| match value {
        None => Ok(default),
        Some(text) => {
            text.parse().map_err(|_| FaultError::Value { name: name.to_owned(), value: text.to_owned() })
        }
    };
    let none = |kind| match value {
        None => Ok(kind),
        Some(text) => Err(FaultError::Value { name: name.to_owned(), value: text.to_owned() }),
    };
    match name {
        "latency" => Ok(FaultKind::Latency(Duration::from_millis(number(1000)?))),
        "reset" => none(FaultKind::Reset),
        "slow-body" => Ok(FaultKind::SlowBody(Duration::from_millis(number(1000)?))),
        "truncate" => Ok(FaultKind::Truncate(usize::try_from(number(100)?).unwrap_or(usize::MAX))),
        "error" => match number(500)? {
            status @ 400..=599 => Ok(FaultKind::Error(u16::try_from(status).unwrap_or(500))),
            other => Err(FaultError::Value { name: name.to_owned(), value: other.to_string() }),
        },
        "expired-token" => none(FaultKind::ExpiredToken),
        "refuse-insert" => Ok(FaultKind::RefuseInsert(value.unwrap_or("The insert was refused").to_owned())),
        "alter-insert" => Ok(FaultKind::AlterInsert(value.unwrap_or("03:33").to_owned())),
        "lost-answer" => none(FaultKind::LostAnswer),
        _ => Err(FaultError::Name { name: name.to_owned() }),
    }
}

fn parse_calls(calls: &str) -> Result<(u32, u32), FaultError> {
    let wrong = || FaultError::Calls { calls: calls.to_owned() };
    let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number > 0).ok_or_else(wrong);
    if let Some(from) = calls.strip_suffix('+') {
        return Ok((number(from)?, u32::MAX));
    }
    let (from, to) = match calls.split_once('-') {
        Some((from, to)) => (number(from)?, number(to)?),
        None => (number(calls)?, number(calls)?),
    };
    if from > to { Err(wrong()) } else { Ok((from, to)) }
}

impl fmt::Display for FaultSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(system) = &self.system {
            write!(f, "{system}:")?;
        }
        match &self.kind {
            FaultKind::Latency(time) => write!(f, "latency={}", time.as_millis())?,
            FaultKind::Reset => f.write_str("reset")?,
            FaultKind::SlowBody(time) => write!(f, "slow-body={}", time.as_millis())?,
            FaultKind::Truncate(bytes) => write!(f, "truncate={bytes}")?,
            FaultKind::Error(status) => write!(f, "error={status}")?,
            FaultKind::ExpiredToken => f.write_str("expired-token")?,
            FaultKind::RefuseInsert(message) => write!(f, "refuse-insert={message}")?,
            FaultKind::AlterInsert(time) => write!(f, "alter-insert={time}")?,
            FaultKind::LostAnswer => f.write_str("lost-answer")?,
        }
        match (&self.method, &self.path) {
            (Some(method), Some(path)) => write!(f, "@{method} {path}")?,
            (None, Some(path)) => write!(f, "@{path}")?,
            (Some(method), None) => write!(f, "@{method} *")?,
            (None, None) => {}
        }
        match (self.from, self.to) {
            (1, u32::MAX) => Ok(()),
            (from, u32::MAX) => write!(f, "#{from}+"),
            (from, to) if from == to => write!(f, "#{from}"),
            (from, to) => write!(f, "#{from}-{to}"),
        }
    }
}

/// A fault and how many requests it has seen.
#[derive(Debug)]
pub(crate) struct ArmedFault {
    spec: FaultSpec,
    seen: AtomicU32,
}

impl ArmedFault {
    pub(crate) fn new(spec: FaultSpec) -> Self {
        Self { spec, seen: AtomicU32::new(0) }
    }

    /// What goes wrong with this request, if anything.
    pub(crate) fn strikes(&self, system: &str, method: &str, path: &str) -> Option<FaultKind> {
        if !self.spec.matches(system, method, path) {
            return None;
        }
        let call = self.seen.fetch_add(1, Ordering::Relaxed) + 1;
        (self.spec.from..=self.spec.to).contains(&call).then(|| self.spec.kind.clone())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_as_they_are_written() {
        for text in [
            "latency=250",
            "reset@GET /api/machines*#2",
            "DEV:slow-body=50@/impex2/*",
            "truncate=10#1-3",
            "error=503@POST /api/tokens#2+",
            "expired-token#5",
            "refuse-insert=The database is full@POST /impex2/schedules",
            "alter-insert=03:33#1",
            "lost-answer",
        ] {
            assert_eq!(text.parse::<FaultSpec>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = |text: &str| text.parse::<FaultSpec>().unwrap_err();
        assert_eq!(wrong("slow"), FaultError::Name { name: "slow".into() });
        assert_eq!(wrong("error=200"), FaultError::Value { name: "error".into(), value: "200".into() });
        assert_eq!(wrong("reset=1"), FaultError::Value { name: "reset".into(), value: "1".into() });
        for calls in ["0", "x", "4-2", "-1"] {
            assert_eq!(wrong(&format!("reset#{calls}")), FaultError::Calls { calls: calls.into() });
        }
    }

    #[test]
    fn only_the_counted_requests_are_struck() {
        let fault = ArmedFault::new("PROD:reset@GET /api/*#2-3".parse().unwrap());
        let ask = |system, method, path| fault.strikes(system, method, path).is_some();
        assert!(!ask("DEV", "GET", "/api/users"));
        assert!(!ask("PROD", "POST", "/api/users"));
        assert!(!ask("PROD", "GET", "/impex2/version"));
        let struck: Vec<bool> = (0..4).map(|_| ask("prod", "get", "/API/users")).collect();
        assert_eq!(struck, [false, true, true, false]);
    }
}
