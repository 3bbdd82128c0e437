//! How to reach one OpCon system: plain values, read by somebody else.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::credential::Secret;
use super::profile::ConnectorProfile;
use super::retry::RetryPolicy;
use super::tls::Trust;

/// Where one of the two services listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The port.
    pub port: u16,
    /// Whether it speaks TLS.
    pub tls: bool,
}

/// A proxy between us and the system.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// `http://host:port`, perhaps with `user:password@`.
    pub url: Secret,
    /// Hosts reached without it, in the form of `NO_PROXY`.
    pub except: String,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("except", &self.except).finish_non_exhaustive()
    }
}

/// Everything needed to reach one OpCon system, except the credential.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The name of the server, for messages.
    pub server: String,
    /// A host name or an IP address.
    pub address: String,
    /// The OpCon REST API.
    pub rest: Endpoint,
    /// ImpEx2.
    pub impex: Endpoint,
    /// Whom to trust beyond the platform.
    pub trust: Trust,
    /// Without it an endpoint without TLS is an error.
    pub allow_plain_http: bool,
    /// How long a connection may take.
    pub connect_timeout: Duration,
    /// How long a request and its whole answer may take.
    pub request_timeout: Duration,
    /// Requests under way at the same time.
    pub concurrency: usize,
    /// Requests under way at the same time to several systems, where they share a bound.
    pub shared_bound: Option<Arc<Semaphore>>,
    /// No answer may be longer, in bytes.
    pub max_answer: usize,
    /// When requests are repeated.
    pub retry: RetryPolicy,
    /// The routes of ImpEx2.
    pub profile: ConnectorProfile,
    /// The proxy, if any; none is taken from the environment.
    pub proxy: Option<Proxy>,
}

impl Connection {
    /// The usual settings: TLS, the ports 9010 and 9011, 16 requests at a time.
    pub fn new(server: impl Into<String>, address: impl Into<String>) -> Self {
        Self {
            server: server.into(),
            address: address.into(),
            rest: Endpoint { port: 9010, tls: true },
            impex: Endpoint { port: 9011, tls: true },
            trust: Trust::default(),
            allow_plain_http: false,
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(300),
            concurrency: 16,
            shared_bound: None,
            max_answer: 256 * 1024 * 1024,
            retry: RetryPolicy::default(),
            profile: ConnectorProfile::default(),
            proxy: None,
        }
    }

    /// The base URL of an endpoint, or what is wrong with the settings.
    pub(crate) fn base(&self, endpoint: &Endpoint) -> Result<reqwest::Url, String> {
        if !endpoint.tls && !self.allow_plain_http {
            return Err(format!(
                "port {} is set to plain HTTP, which would send the password readable; \
                 say `tls = false` in the server file if that is meant",
                endpoint.port
            ));
        }
        self.url(endpoint)
    }

    /// Whether the address is a host name or an IP address, and nothing more.
    pub fn check_address(&self) -> Result<(), String> {
        self.url(&self.rest).map(|_| ())
    }

    fn url(&self, endpoint: &Endpoint) -> Result<reqwest::Url, String> {
        let host = match self.address.parse::<std::net::Ipv6Addr>() {
            Ok(address) => format!("[{address}]"),
            Err(_) => self.address.clone(),
        };
        let scheme = if endpoint.tls { "https" } else { "http" };
        let wrong = || format!("`{}` is not a host name or an IP address", self.address.escape_debug());
        let plain = |character: char| character.is_alphanumeric() || "-_.[]:".contains(character);
        if !host.chars().all(plain) || (host.contains(':') && !host.starts_with('[')) {
            return Err(wrong());
        }
        reqwest::Url::parse(&format!("{scheme}://{host}:{}/", endpoint.port)).map_err(|_| wrong())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn addresses_become_urls_or_are_refused() {
        let base = |address: &str| {
            let connection = Connection::new("DEV", address);
            connection.base(&connection.rest).map(String::from)
        };
        for (address, url) in [
            ("opcon.example.com", "https://opcon.example.com:9010/"),
            ("10.0.0.7", "https://10.0.0.7:9010/"),
            ("::1", "https://[::1]:9010/"),
            ("OPCON_DEV", "https://opcon_dev:9010/"),
        ] {
            assert_eq!(base(address).as_deref(), Ok(url));
        }
        for address in
            ["", "a b", "user:secret@host", "host:9010", "https://host", "host/path", "a?b", "a#b", "a\\b"]
        {
            assert!(base(address).is_err(), "{address}");
        }
    }

    #[test]
    fn plain_http_must_be_allowed() {
        let mut connection = Connection::new("DEV", "localhost");
        connection.rest.tls = false;
        assert!(connection.base(&connection.rest).unwrap_err().contains("tls = false"));
        connection.allow_plain_http = true;
        assert_eq!(connection.base(&connection.rest).unwrap().as_str(), "http://localhost:9010/");
    }

    #[test]
    fn the_debug_form_hides_the_proxy_password() {
        let mut connection = Connection::new("DEV", "localhost");
        connection.proxy =
            Some(Proxy { url: Secret::new("http://me:hunter2@proxy:80"), except: String::new() });
        assert!(!format!("{connection:?}").contains("hunter2"));
    }
}
