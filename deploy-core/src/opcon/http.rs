//! An OpCon system reached over HTTP.

use async_trait::async_trait;
use chrono::NaiveDate;

use super::certificate::Certificate;
use super::connection::Connection;
use super::credential::Credential;
use super::daily_model::{
    Build, DailyItem, DailyJob, DailySchedule, JobAction, NewJob, ScheduleAction, Wait,
};
use super::error::{Cause, OpConError, Service};
use super::impex::{Extract, ImportRules, Inserted};
use super::model::{Counts, Inventory, Licence, MasterSchedule, Script, SystemVersion};
use super::profile::ConnectorProfile;
use super::request::{Answer, Request};
use super::retry::Repeat;
use super::session::Session;
use super::transport::Transport;
use super::{OpConSystem, wire::Wire};
use crate::definition::Definition;

/// An OpCon system reached over HTTP: the REST API, and ImpEx2 by its connector profile.
pub struct HttpSystem {
    pub(crate) transport: Transport,
    pub(crate) profile: ConnectorProfile,
    session: Session,
}

impl std::fmt::Debug for HttpSystem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpSystem").field("server", &self.transport.server).finish_non_exhaustive()
    }
}

impl HttpSystem {
    /// Prepares the connections; nothing is sent yet.
    pub fn new(connection: Connection, credential: Credential) -> Result<Self, OpConError> {
        let transport = Transport::new(&connection)?;
        let session = Session::new(credential, connection.profile.authentication.clone());
        Ok(Self { transport, session, profile: connection.profile })
    }

    /// The name of the server.
    pub fn server(&self) -> &str {
        &self.transport.server
    }

    /// The certificate that a service showed last, if it speaks TLS and was asked anything.
    pub fn certificate(&self, service: Service) -> Option<Certificate> {
        self.transport.certificate(service)
    }

    /// Whose credential is used, for messages: "user `ann`". Never holds the secret.
    pub fn who(&self) -> String {
        self.session.who()
    }

    /// Signs on, unless that has been done; every request does so by itself.
    pub async fn sign_on(&self) -> Result<(), OpConError> {
        match self.session.sign_on(&self.transport).await {
            Err(error) if is_wrong_service(&error) => Err(self.name_service(error).await),
            result => result,
        }
    }

    /// Sends a signed request.
    pub(crate) async fn signed(&self, request: &Request) -> Result<Answer, OpConError> {
        match self.session.send(&self.transport, request).await {
            Err(error) if is_wrong_service(&error) => Err(self.name_service(error).await),
            result => result,
        }
    }

    /// Sends a request that needs no sign-on.
    pub(crate) async fn unsigned(&self, request: &Request) -> Result<Answer, OpConError> {
        match self.transport.send(request, None, &self.session.who()).await {
            Ok(answer) => Ok(answer),
            Err(cause) => {
                let error = self.transport.error(request, cause);
                Err(if is_wrong_service(&error) { self.name_service(error).await } else { error })
            }
        }
    }

    /// Finds out who answered with a bare "not found": the right service (then it
    /// means what it says), the other service, or somebody else.
    async fn name_service(&self, mut error: OpConError) -> OpConError {
        let Cause::WrongService { expected, ref mut found, .. } = *error.cause else { return error };
        let other = match expected {
            Service::Rest => Service::Impex,
            Service::Impex => Service::Rest,
        };
        let (itself, other_echo) = tokio::join!(self.probe(expected, expected), self.probe(expected, other));
        match (itself, other_echo) {
            (Echo::Clear, _) | (Echo::Faint, Echo::Faint | Echo::None) => {
                *error.cause = Cause::NotFound { items: Vec::new() };
            }
            (_, Echo::Clear) | (Echo::None, Echo::Faint) => *found = Some(other),
            (Echo::None, Echo::None) => {}
        }
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

/// How sure it is that a certain service answers.
enum Echo {
    Clear,
    Faint,
    None,
}

fn is_wrong_service(error: &OpConError) -> bool {
    matches!(*error.cause, Cause::WrongService { found: None, .. })
}

#[async_trait]
impl OpConSystem for HttpSystem {
    async fn version(&self) -> Result<SystemVersion, OpConError> {
        let (opcon, impex) = tokio::try_join!(self.rest_version(), self.impex_version())?;
        Ok(SystemVersion { opcon, impex })
    }

    async fn user(&self) -> Result<Option<String>, OpConError> {
        self.read_user().await
    }

    async fn licence(&self) -> Result<Licence, OpConError> {
        self.read_licence().await
    }

    async fn require_licence(&self) -> Result<(), OpConError> {
        let licence = self.read_licence().await?;
        if licence.valid {
            return Ok(());
        }
        let request = Request::get(format!("use `{}` for deployments", self.server()), "/api/features");
        Err(self.transport.error(&request, Cause::Unlicensed { feature: licence.feature }))
    }

    async fn schedules(&self, patterns: &[&str]) -> Result<Vec<MasterSchedule>, OpConError> {
        self.list_schedules(patterns).await
    }

    async fn extract(&self, name: &str) -> Result<Extract, OpConError> {
        self.extract_schedule(name).await
    }

    async fn insert(&self, definition: &Definition, rules: &ImportRules) -> Result<Inserted, OpConError> {
        self.insert_definition(definition, rules).await
    }

    async fn delete(&self, name: &str) -> Result<(), OpConError> {
        self.delete_schedule(name).await
    }

    async fn inventory(&self) -> Result<Inventory, OpConError> {
        self.read_inventory().await
    }

    async fn counts(&self) -> Result<Counts, OpConError> {
        self.read_counts().await
    }

    async fn scripts(&self, pattern: &str) -> Result<Vec<Script>, OpConError> {
        self.list_scripts(pattern).await
    }

    async fn script_content(&self, script: &Script, number: i64) -> Result<String, OpConError> {
        self.read_script(script, number).await
    }

    async fn daily_schedules(
        &self,
        name: &str,
        dates: &[NaiveDate],
    ) -> Result<Vec<DailySchedule>, OpConError> {
        self.list_daily_schedules(name, dates).await
    }

    async fn daily_jobs(&self, instance: &str) -> Result<Vec<DailyJob>, OpConError> {
        self.list_daily_jobs(instance).await
    }

    async fn daily_job(&self, id: &str) -> Result<DailyJob, OpConError> {
        self.read_daily_job(id).await
    }

    async fn build(&self, build: &Build, wait: Wait) -> Result<(), OpConError> {
        self.build_daily(build, wait).await
    }

    async fn add_job(&self, job: &NewJob, wait: Wait) -> Result<String, OpConError> {
        self.add_daily_job(job, wait).await
    }

    async fn set_start_offset(&self, job: &str, days: f64) -> Result<(), OpConError> {
        self.change_start_offset(job, days).await
    }

    async fn act_on_schedule(
        &self,
        instance: &str,
        action: ScheduleAction,
        reason: &str,
        wait: Wait,
    ) -> Result<(), OpConError> {
        self.schedule_action(instance, action, reason, wait).await
    }

    async fn act_on_job(
        &self,
        job: &str,
        action: JobAction,
        reason: &str,
        wait: Wait,
    ) -> Result<(), OpConError> {
        self.job_action(job, action, reason, wait).await
    }

    async fn delete_daily(&self, items: &[DailyItem]) -> Result<(), OpConError> {
        self.delete_daily_items(items).await
    }

    async fn sign_off(&self) -> Result<(), OpConError> {
        self.session.sign_off(&self.transport).await
    }
}
