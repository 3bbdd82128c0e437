//! An OpCon system reached over HTTP.

use async_trait::async_trait;
use chrono::NaiveDate;

use super::OpConSystem;
use super::answering::is_doubtful;
use super::certificate::Certificate;
use super::connection::Connection;
use super::credential::Credential;
use super::daily_model::{
    Build, DailyItem, DailyJob, DailySchedule, JobAction, NewJob, ScheduleAction, Wait,
};
use super::error::{Cause, OpConError, Service};
use super::impex::{Extract, ImportRules, Inserted};
use super::model::{Counts, Inventory, Licence, MasterJob, MasterSchedule, Script, SystemVersion};
use super::profile::ConnectorProfile;
use super::request::{Answer, Request};
use super::scripts::ScriptTexts;
use super::session::Session;
use super::transport::Transport;
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
            Ok(()) => Ok(()),
            Err(error) => Err(self.name_service(error, Service::Rest).await),
        }
    }

    /// Sends a signed request.
    pub(crate) async fn signed(&self, request: &Request) -> Result<Answer, OpConError> {
        if self.session.needs_token(request) {
            self.sign_on().await?;
        }
        match self.session.send(&self.transport, request).await {
            Err(error) if is_doubtful(&error, request) => {
                Err(self.name_service(error, request.service).await)
            }
            result => result,
        }
    }

    /// Sends a request that needs no sign-on.
    pub(crate) async fn unsigned(&self, request: &Request) -> Result<Answer, OpConError> {
        match self.transport.send(request, None, &self.session.who()).await {
            Ok(answer) => Ok(answer),
            Err(cause) => Err(self.name_service(self.transport.error(request, cause), request.service).await),
        }
    }
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

    async fn containing_schedules(&self) -> Result<Vec<String>, OpConError> {
        self.list_containing().await
    }

    async fn master_jobs(&self, schedules: &[i64]) -> Result<Vec<MasterJob>, OpConError> {
        self.list_master_jobs(schedules).await
    }

    async fn extract(&self, name: &str) -> Result<Extract, OpConError> {
        self.extract_schedule(name).await
    }

    async fn insert(&self, definition: &Definition, rules: &ImportRules) -> Result<Inserted, OpConError> {
        self.insert_definition(definition, rules).await
    }

    async fn insert_scripts(&self, scripts: &[ScriptTexts], reset: bool) -> Result<(), OpConError> {
        self.insert_script_texts(scripts, reset).await
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
