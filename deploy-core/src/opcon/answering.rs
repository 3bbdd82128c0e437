//! Who answers on a port: ports get swapped, and then "not found" means
//! something else than it says.

use super::error::{Cause, OpConError, Service};
use super::http::HttpSystem;
use super::request::Request;
use super::retry::Repeat;
use super::wire::Wire;

/// How sure it is that a certain service answers.
enum Echo {
    Clear,
    Faint,
    None,
}

/// Whether an answer could come from a service that was not meant. After a
/// sign-on there is no doubt who is behind the REST API's port.
pub(crate) fn is_doubtful(error: &OpConError, request: &Request) -> bool {
    match &*error.cause {
        Cause::WrongService { .. } => true,
        Cause::NotFound { items } => items.is_empty() || request.service == Service::Impex,
        _ => false,
    }
}

impl HttpSystem {
    /// Finds out who answered "not found" or sent us elsewhere: the expected service
    /// (then it means what it says), the other one, or somebody else.
    pub(crate) async fn name_service(&self, mut error: OpConError, expected: Service) -> OpConError {
        if !matches!(*error.cause, Cause::NotFound { .. } | Cause::WrongService { .. }) {
            return error;
        }
        let other = match expected {
            Service::Rest => Service::Impex,
            Service::Impex => Service::Rest,
        };
        let found = match tokio::join!(self.probe(expected, expected), self.probe(expected, other)) {
            (Echo::Clear, _) | (Echo::Faint, Echo::Faint | Echo::None) => return error,
            (_, Echo::Clear) | (Echo::None, Echo::Faint) => Some(other),
            (Echo::None, Echo::None) => None,
        };
        *error.cause = Cause::WrongService { expected, found, port: self.transport.port(expected) };
        error
    }

    /// Whether the port of one service answers as another one would.
    async fn probe(&self, port_of: Service, as_service: Service) -> Echo {
        let path = match as_service {
            Service::Rest => "/api/version",
            Service::Impex => self.profile.version.path.as_str(),
        };
        let mut request = Request::get("look who answers", path);
        request.service = port_of;
        request.repeat = Repeat::Never;
        if as_service == Service::Impex {
            request.method = self.profile.version.method.into();
        }
        let version = match self.transport.send(&request, None, "").await {
            Ok(answer) => answer.json().ok(),
            // Without a sign-on ImpEx2 may refuse; so may others.
            Err(Cause::SignOnRefused { .. }) if as_service == Service::Impex => return Echo::Faint,
            Err(_) => None,
        };
        let clear = version.is_some_and(|version| match as_service {
            Service::Rest => Wire(&version).text(&["opConRestApiProductVersion"]).is_some(),
            Service::Impex => version.pointer(&self.profile.version.answer_version).is_some(),
        });
        if clear { Echo::Clear } else { Echo::None }
    }
}
