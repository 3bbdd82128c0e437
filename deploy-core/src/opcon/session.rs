//! The sign-on: once per system, renewed once when the token has ended, and
//! never tried again after a refusal, which would lock the user.

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::credential::{Credential, Secret};
use super::error::{Cause, OpConError, Service};
use super::profile::{Authentication, Scheme};
use super::request::{Answer, Request};
use super::transport::{Signature, Transport};
use super::wire::Wire;

/// What OpCon says of a token that has ended; clients renew on exactly that.
const TOKEN_ENDED: &str = "invalid token specified";

/// The sign-on at one system.
pub(crate) struct Session {
    credential: Credential,
    authentication: Authentication,
    state: Mutex<State>,
}

enum State {
    SignedOff,
    SignedOn(Secret),
    Refused(OpConError),
}

impl Session {
    pub(crate) fn new(credential: Credential, authentication: Authentication) -> Self {
        Self { credential, authentication, state: Mutex::new(State::SignedOff) }
    }

    pub(crate) fn who(&self) -> String {
        self.credential.who()
    }

    /// Sends a signed request; if its token has ended, once more with a new one.
    pub(crate) async fn send(&self, transport: &Transport, request: &Request) -> Result<Answer, OpConError> {
        if !self.needs_token(request) {
            let signature = self.without_token(transport, request)?;
            let sent = transport.send(request, signature.as_ref(), &self.who()).await;
            return sent.map_err(|cause| transport.error(request, self.hide(cause, None)));
        }
        let token = self.token(transport, None).await?;
        match self.send_with(transport, request, &token).await {
            Err(Cause::SignOnRefused { message, .. }) if message.to_lowercase().contains(TOKEN_ENDED) => {
                let token = self.token(transport, Some(&token)).await?;
                let sent = self.send_with(transport, request, &token).await;
                sent.map_err(|cause| transport.error(request, self.hide(cause, Some(&token))))
            }
            sent => sent.map_err(|cause| transport.error(request, self.hide(cause, Some(&token)))),
        }
    }

    /// Whether a request is signed with a token of the REST API.
    pub(crate) fn needs_token(&self, request: &Request) -> bool {
        request.service == Service::Rest || self.authentication.scheme == Scheme::Token
    }

    /// Signs on, unless that has been done.
    pub(crate) async fn sign_on(&self, transport: &Transport) -> Result<(), OpConError> {
        self.token(transport, None).await.map(|_| ())
    }

    /// Ends the token, if there is one and it is ours to end.
    pub(crate) async fn sign_off(&self, transport: &Transport) -> Result<(), OpConError> {
        let mut state = self.state.lock().await;
        let State::SignedOn(token) = std::mem::replace(&mut *state, State::SignedOff) else { return Ok(()) };
        if matches!(self.credential, Credential::Application { .. }) {
            return Ok(());
        }
        let doing = format!("sign off from `{}`", transport.server);
        let request = Request::change(doing, Method::DELETE, "/api/tokens");
        match self.send_with(transport, &request, &token).await {
            // A token that has ended by itself needs no end.
            Ok(_) | Err(Cause::SignOnRefused { .. }) => Ok(()),
            Err(cause) => Err(transport.error(&request, self.hide(cause, Some(&token)))),
        }
    }

    /// The token to use; a new one if there is none, or if the one there is `ended`.
    /// Whoever comes while another signs on waits and takes what the other got.
    async fn token(&self, transport: &Transport, ended: Option<&Secret>) -> Result<Secret, OpConError> {
        let mut state = self.state.lock().await;
        match &*state {
            State::SignedOn(token) if Some(token) != ended => return Ok(token.clone()),
            State::Refused(error) => return Err(error.clone()),
            State::SignedOn(_) | State::SignedOff => {}
        }
        let signed_on = self.request_token(transport).await;
        *state = match &signed_on {
            Ok(token) => State::SignedOn(token.clone()),
            Err(error) if matches!(*error.cause, Cause::SignOnRefused { .. } | Cause::Locked { .. }) => {
                State::Refused(error.clone())
            }
            Err(_) => State::SignedOff,
        };
        signed_on
    }

    async fn request_token(&self, transport: &Transport) -> Result<Secret, OpConError> {
        let doing = format!("sign on to `{}`", transport.server);
        let (login, password) = match &self.credential {
            Credential::User { login, password } => (login, password),
            Credential::Application { id } => {
                let request = Request::get(doing, "/api/tokens");
                let sent = self.send_with(transport, &request, id).await;
                let refused = |cause| transport.error(&request, self.hide(self.refusal(cause), None));
                return sent.map_err(refused).map(|_| id.clone());
            }
        };
        let request = Request::change(doing, Method::POST, "/api/tokens").with_json(&json!({
            "user": {"loginName": login, "password": password.expose()},
            "tokenType": {"type": "User"},
        }));
        let fail = |cause| transport.error(&request, self.hide(cause, None));
        let answer =
            transport.send(&request, None, &self.who()).await.map_err(|cause| fail(self.refusal(cause)))?;
        let garbled = |problem: &str| {
            let (status, start) = (answer.status, "(not shown, it may hold a token)".to_owned());
            fail(Cause::Garbled { status, problem: problem.to_owned(), start })
        };
        let token: Value = serde_json::from_slice(&answer.body).map_err(|_| garbled("is not JSON"))?;
        if Wire(&token).boolean(&["passwordExpired"]) == Some(true) {
            let message = "the password has expired".to_owned();
            return Err(fail(Cause::SignOnRefused { who: self.who(), message }));
        }
        let id = Wire(&token).text(&["id"]).filter(|id| id.bytes().all(|byte| byte.is_ascii_graphic()));
        id.filter(|id| !id.is_empty()).map(Secret::new).ok_or_else(|| garbled("holds no usable `id`"))
    }

    /// What a failure means while signing on.
    fn refusal(&self, cause: Cause) -> Cause {
        let who = self.who();
        let message = match cause {
            Cause::SignOnRefused { message, .. } => message,
            Cause::Forbidden { ref items, .. } | Cause::Rejected { status: 400, ref items } => {
                items.first().map_or_else(|| cause.to_string(), |item| item.message.clone())
            }
            // What was received could hold a token; and a token too many needs no undoing.
            Cause::Broken { .. } => {
                return Cause::Broken { message: "while signing on".to_owned(), maybe_done: false };
            }
            Cause::Failed { status, said, .. } => return Cause::Failed { status, said, maybe_done: false },
            Cause::AnswerTimeout { after, .. } => return Cause::AnswerTimeout { after, maybe_done: false },
            other => return other,
        };
        let lower = message.to_lowercase();
        match lower.contains("locked") || lower.contains("disabled") {
            true => Cause::Locked { who, message },
            false => Cause::SignOnRefused { who, message },
        }
    }

    async fn send_with(
        &self,
        transport: &Transport,
        request: &Request,
        token: &Secret,
    ) -> Result<Answer, Cause> {
        let (name, text) = match request.service {
            Service::Rest => (Ok(AUTHORIZATION), format!("Token {}", token.expose())),
            Service::Impex => (
                HeaderName::try_from(&self.authentication.header),
                self.authentication.value.replace("{token}", token.expose()),
            ),
        };
        let wrong = || Cause::Settings {
            message: "`authentication` of the connector profile makes no valid header".to_owned(),
        };
        let mut value = HeaderValue::try_from(text).map_err(|_| wrong())?;
        value.set_sensitive(true);
        let signature = Signature::Header(name.map_err(|_| wrong())?, value);
        transport.send(request, Some(&signature), &self.who()).await
    }

    fn without_token(
        &self,
        transport: &Transport,
        request: &Request,
    ) -> Result<Option<Signature>, OpConError> {
        match (self.authentication.scheme, &self.credential) {
            (Scheme::Basic, Credential::User { login, password }) => {
                Ok(Some(Signature::Basic { login: login.clone(), password: password.clone() }))
            }
            (Scheme::Basic, Credential::Application { .. }) => {
                let message =
                    "the connector profile asks for basic authentication, which needs a user and a password";
                Err(transport.error(request, Cause::Settings { message: message.to_owned() }))
            }
            _ => Ok(None),
        }
    }

    /// Takes our secrets out of what a system said, should it have repeated them.
    fn hide(&self, mut cause: Cause, token: Option<&Secret>) -> Cause {
        let own = match &self.credential {
            Credential::User { password, .. } => password,
            Credential::Application { id } => id,
        };
        for secret in [Some(own), token].into_iter().flatten() {
            cause.hide(secret.expose());
        }
        cause
    }
}
