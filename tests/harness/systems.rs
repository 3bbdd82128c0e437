//! OpCon systems in this process, and what a world needs to use them.

use std::ops::Deref;

use deploy_sandbox::{Certificate, Config, Running, Sandbox, SystemConfig, SystemType};
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
