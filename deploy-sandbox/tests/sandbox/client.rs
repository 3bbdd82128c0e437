//! A client as plain as can be; every answer is checked against the description.

use std::time::Duration;

use chrono::{DateTime, Utc};
use deploy_sandbox::{Config, Running, RunningSystem, Sandbox, Seed, SystemConfig, SystemType};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::described;

pub(crate) struct Api {
    pub(crate) client: Client,
    pub(crate) system: RunningSystem,
    pub(crate) token: String,
}

/// An answer, its body read.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) total: Option<usize>,
    pub(crate) body: Value,
}

pub(crate) fn client() -> Client {
    // Several tests of one process come here; the first one's provider is as good as any.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().tls_certs_only([]).build().unwrap()
}

impl Api {
    pub(crate) async fn sign_on(system: &RunningSystem) -> Self {
        Self::sign_on_with(client(), system).await
    }

    pub(crate) async fn sign_on_with(client: Client, system: &RunningSystem) -> Self {
        let mut api = Self { client, system: system.clone(), token: String::new() };
        api.renew().await;
        api
    }

    pub(crate) async fn renew(&mut self) {
        let body = json!({
            "user": {"loginName": self.system.user, "password": self.system.password},
            "tokenType": {"type": "User"},
        });
        let url = format!("{}/api/tokens", self.system.rest_url());
        let answer = self.client.post(url).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let answer: Value = answer.json().await.unwrap();
        self.token = answer["id"].as_str().unwrap().to_owned();
    }

    /// Sends a request to the REST API (`/api/…`) or to ImpEx (`/impex2/…`).
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> reqwest::Result<Got> {
        let base = if path.starts_with("/impex2") { self.system.impex_url() } else { self.system.rest_url() };
        let mut request = self.client.request(method.clone(), format!("{base}{path}"));
        if !self.token.is_empty() {
            request = request.header("Authorization", format!("Token {}", self.token));
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let total = answer.headers().get("TotalResourceCount").map(|n| n.to_str().unwrap().parse().unwrap());
        let bytes = answer.bytes().await?;
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        described::check(&method, path, status, &body);
        Ok(Got { status, total, body })
    }

    pub(crate) async fn get(&self, path: &str) -> Got {
        self.send(Method::GET, path, None).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Got {
        self.send(Method::POST, path, Some(body)).await.unwrap()
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Got {
        self.send(Method::PUT, path, Some(body)).await.unwrap()
    }

    pub(crate) async fn delete(&self, path: &str) -> Got {
        self.send(Method::DELETE, path, None).await.unwrap()
    }

    /// The names in a list.
    pub(crate) async fn names(&self, path: &str) -> Vec<String> {
        let got = self.get(path).await;
        assert_eq!(got.status, StatusCode::OK, "{path}: {}", got.body);
        let list = got.body.as_array().unwrap().iter();
        list.map(|item| item.get("name").or(item.get("loginName")).unwrap().as_str().unwrap().to_owned())
            .collect()
    }
}

pub(crate) fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A Friday.
pub(crate) const FRIDAY: &str = "2026-11-20T00:00:00Z";

pub(crate) fn dev_and_prod() -> Config {
    Config {
        systems: vec![
            SystemConfig::new("DEV", SystemType::Development),
            SystemConfig::new("PROD", SystemType::Production),
        ],
        ..Config::default()
    }
}

/// A retailer's development system and its production, both stopped on a Friday.
pub(crate) async fn retail() -> (Running, Api, Api) {
    let config = Config { token_lifetime: Duration::from_secs(30 * 24 * 60 * 60), ..dev_and_prod() };
    let running = Sandbox::start(config).await.unwrap();
    running.clock().stop_at(time(FRIDAY));
    let dev = Api::sign_on(&running.systems()[0]).await;
    let prod = Api::sign_on(&running.systems()[1]).await;
    (running, dev, prod)
}

/// A system with nothing but users and agents.
pub(crate) async fn empty(config: Config) -> (Running, Api) {
    let config = Config {
        systems: vec![SystemConfig::new("DEV", SystemType::Development)],
        seed: Seed::Empty,
        ..config
    };
    let running = Sandbox::start(config).await.unwrap();
    running.clock().stop_at(time(FRIDAY));
    let api = Api::sign_on(&running.systems()[0]).await;
    (running, api)
}

/// A definition of one schedule with these jobs.
pub(crate) fn definition(name: &str, jobs: Value) -> Value {
    json!({
        "scheduleList": [{
            "name": name, "startTime": "00:00", "subSchedule": false, "multiInstance": false,
            "documentation": "", "instancePropertiesList": [], "frequencyList": [], "jobList": jobs,
            "internalDependencyList": [],
        }],
    })
}

pub(crate) fn insert_of(definition: &Value) -> Value {
    json!({"opConExtract": definition, "importRules": {}})
}
