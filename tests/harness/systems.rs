//! OpCon systems in this process, and what a world needs to use them.

use std::ops::Deref;

use deploy_core::definition::Definition;
use deploy_core::opcon::{Cause, Connection, Credential, HttpSystem, ImportRules, OpConSystem as _};
use deploy_sandbox::{Certificate, Config, Running, Sandbox, Seed, SystemConfig, SystemType};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::World;

/// A running sandbox; stops when it is dropped.
pub struct Systems {
    pub runtime: Runtime,
    running: Running,
}

impl Deref for Systems {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.running
    }
}

impl Systems {
    pub fn start(config: Config) -> Self {
        let runtime = Runtime::new().unwrap();
        let running = runtime.block_on(Sandbox::start(config)).unwrap();
        Self { runtime, running }
    }

    /// A development and a production system of the retailer.
    pub fn retail() -> Self {
        Self::of(&[("DEV", SystemType::Development), ("PROD", SystemType::Production)])
    }

    pub fn of(systems: &[(&str, SystemType)]) -> Self {
        let systems = systems.iter().map(|(name, kind)| SystemConfig::new(*name, *kind)).collect();
        Self::start(Config { systems, ..Config::default() })
    }

    /// Systems without schedules.
    pub fn empty(systems: &[(&str, SystemType)]) -> Self {
        let systems = systems.iter().map(|(name, kind)| SystemConfig::new(*name, *kind)).collect();
        Self::start(Config { systems, seed: Seed::Empty, ..Config::default() })
    }

    /// One development system over TLS.
    pub fn tls(certificate: Certificate) -> Self {
        let systems = vec![SystemConfig::new("DEV", SystemType::Development)];
        Self::start(Config { systems, tls: Some(certificate), ..Config::default() })
    }

    /// Commits a file for each system on the branch checked out, and maps the credentials.
    pub fn add_to(&self, world: &World) {
        for system in self.systems() {
            world.write(&format!("central/servers/{}.toml", system.name), self.file(&system.name));
            world.map(&system.name.to_lowercase(), &format!("{}:{}", system.user, system.password));
        }
        world.commit_all("Servers");
    }

    /// The text of a server file.
    pub fn file(&self, name: &str) -> String {
        let system = self.system(name).unwrap();
        format!(
            "type = \"{}\"\naddress = \"127.0.0.1\"\nrest_port = {}\nimpex_port = {}\ntls = {}\ncredential = \"{}\"\n",
            system.kind.as_str(),
            system.rest.port(),
            system.impex.port(),
            system.tls,
            name.to_lowercase(),
        )
    }

    /// A client of one system, as the program has it.
    pub fn client(&self, name: &str) -> HttpSystem {
        let system = self.system(name).unwrap();
        let mut connection = Connection::new(name, "127.0.0.1");
        connection.rest.port = system.rest.port();
        connection.impex.port = system.impex.port();
        (connection.rest.tls, connection.impex.tls, connection.allow_plain_http) = (false, false, true);
        HttpSystem::new(connection, Credential::user(system.user, system.password)).unwrap()
    }

    /// Changes a schedule on a system, as somebody does in OpCon.
    pub fn edit(&self, system: &str, schedule: &str, change: impl Fn(&mut Value)) {
        let client = self.client(system);
        self.runtime.block_on(async {
            let mut value = client.extract(schedule).await.unwrap().into_definition().unwrap().into_value();
            change(&mut value["scheduleList"][0]);
            client.insert(&Definition::from_value(value).unwrap(), &ImportRules::default()).await.unwrap();
        });
    }

    /// Removes a schedule from a system, as somebody does in OpCon.
    pub fn remove(&self, system: &str, schedule: &str) {
        self.runtime.block_on(self.client(system).delete(schedule)).unwrap();
    }

    /// Puts a definition onto a system, as somebody does with an export of OpCon.
    pub fn put(&self, system: &str, definition: &Value) {
        let (client, definition) = (self.client(system), Definition::from_value(definition.clone()).unwrap());
        self.runtime.block_on(async { client.insert(&definition, &ImportRules::default()).await.unwrap() });
    }

    /// The definition of a schedule on a system; null where nothing stands.
    pub fn stands(&self, system: &str, schedule: &str) -> Value {
        let client = self.client(system);
        self.runtime.block_on(async {
            match client.extract(schedule).await {
                Ok(extract) => extract.into_definition().unwrap().into_value(),
                Err(error) if matches!(*error.cause, Cause::NotFound { .. }) => Value::Null,
                Err(error) => panic!("{}", error.on_one_line()),
            }
        })
    }

    /// When a schedule on a system starts.
    pub fn starts(&self, system: &str, schedule: &str) -> Value {
        self.stands(system, schedule)["scheduleList"][0]["startTime"].clone()
    }

    /// How often a path was asked for with a method.
    pub fn asked(&self, method: &str, path: &str) -> usize {
        self.requests().iter().filter(|one| one.method == method && one.path.starts_with(path)).count()
    }
}

impl World {
    /// A world with a central repository that knows the systems.
    pub fn with_systems(systems: &Systems) -> Self {
        let world = Self::with_central();
        systems.add_to(&world);
        world
    }

    /// Maps a credential in the user's own configuration.
    pub fn map(&self, name: &str, secret: &str) {
        self.write(&format!("home/{name}.secret"), secret);
        let place = format!("file:{}", self.path(format!("home/{name}.secret")).display());
        self.git("", &["config", "--global", &format!("opcon-deploy.credential.{name}"), &place]);
    }

    /// Commits everything in `central`.
    pub fn commit_all(&self, message: &str) {
        self.git("central", &["add", "--all"]);
        self.git("central", &["commit", "--quiet", "-m", message]);
    }
}
