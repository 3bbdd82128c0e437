//! Where a rollout goes: servers and groups, in waves.

use crate::repository::servers::{Server, ServerClass};
use crate::repository::toml_file::nearest;

/// How groups are written.
const GROUP: &str = "group:";
/// All that no other wave names.
const REST: &str = "*";

/// Why targets cannot be found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// No such server.
    #[error("no server `{name}`{}", .near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    Server {
        /// As it was written.
        name: String,
        /// The nearest name.
        near: Option<String>,
    },
    /// No server is in it.
    #[error("no server is in a group `{name}`{}", .near.as_ref().map(|near| format!("; did you mean `{GROUP}{near}`?")).unwrap_or_default())]
    Group {
        /// As it was written.
        name: String,
        /// The nearest group.
        near: Option<String>,
    },
    /// The groups hold nothing.
    #[error("the targets are empty: there is no server of that kind")]
    Empty,
    /// A wave that no target is in.
    #[error("wave `{0}` names no target of the rollout")]
    NotATarget(String),
    /// A target that no wave names.
    #[error("target `{0}` is in no wave; `*` names all that no other wave does")]
    NoWave(String),
}

/// The servers there are.
#[derive(Debug, Clone, Copy)]
pub struct Fleet<'a>(&'a [(String, Server)]);

impl<'a> Fleet<'a> {
    /// All servers of the repository.
    pub fn new(servers: &'a [(String, Server)]) -> Self {
        Self(servers)
    }

    /// The servers that a rollout goes to, each once, as they are named.
    pub fn targets(&self, to: &[String]) -> Result<Vec<String>, TargetError> {
        let mut targets: Vec<String> = Vec::new();
        for entry in to {
            for server in self.of(entry)? {
                if !targets.contains(&server) {
                    targets.push(server);
                }
            }
        }
        if targets.is_empty() { Err(TargetError::Empty) } else { Ok(targets) }
    }

    /// The same in waves.
    pub fn waves(&self, to: &[String], order: &[String]) -> Result<Vec<Vec<String>>, TargetError> {
        let targets = self.targets(to)?;
        if order.is_empty() {
            return Ok(vec![targets]);
        }
        let mut named: Vec<(&String, Vec<String>)> = Vec::new();
        for entry in order.iter().filter(|entry| *entry != REST) {
            let servers: Vec<String> =
                self.of(entry)?.into_iter().filter(|server| targets.contains(server)).collect();
            if servers.is_empty() {
                return Err(TargetError::NotATarget(entry.clone()));
            }
            named.push((entry, servers));
        }
        let mut left = targets;
        let mut take = |wanted: &dyn Fn(&String) -> bool| {
            let (taken, others) = std::mem::take(&mut left).into_iter().partition(wanted);
            left = others;
            taken
        };
        let is_named = |server: &String| named.iter().any(|(_, servers)| servers.contains(server));
        let waves = order.iter().map(|entry| match named.iter().find(|(other, _)| *other == entry) {
            Some((_, servers)) => take(&|server| servers.contains(server)),
            None => take(&|server| !is_named(server)),
        });
        let waves: Vec<Vec<String>> = waves.filter(|wave: &Vec<String>| !wave.is_empty()).collect();
        match left.into_iter().next() {
            Some(server) => Err(TargetError::NoWave(server)),
            None => Ok(waves),
        }
    }

    /// The servers of one entry; those of a group by name.
    fn of(&self, entry: &str) -> Result<Vec<String>, TargetError> {
        let Some(group) = entry.strip_prefix(GROUP) else {
            let folded = entry.to_lowercase();
            let names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
            let alike: Vec<&&str> = names.iter().filter(|name| name.to_lowercase() == folded).collect();
            return match alike.as_slice() {
                _ if names.contains(&entry) => Ok(vec![entry.to_owned()]),
                [one] => Ok(vec![(**one).to_owned()]),
                _ => {
                    let near = nearest(entry, &names).map(str::to_owned);
                    Err(TargetError::Server { name: entry.to_owned(), near })
                }
            };
        };
        let built_in = BUILT_IN.iter().find(|(name, _)| *name == group).map(|(_, class)| *class);
        let is_in = |server: &Server| match built_in {
            Some(class) => server.kind.class() == class,
            None => server.groups.iter().any(|own| own == group),
        };
        let mut servers: Vec<String> =
            self.0.iter().filter(|(_, server)| is_in(server)).map(|(name, _)| name.clone()).collect();
        servers.sort();
        if servers.is_empty() && built_in.is_none() {
            let mut groups: Vec<&str> =
                self.0.iter().flat_map(|(_, server)| &server.groups).map(String::as_str).collect();
            groups.extend(BUILT_IN.iter().map(|(name, _)| *name));
            let near = nearest(group, &groups).map(str::to_owned);
            return Err(TargetError::Group { name: group.to_owned(), near });
        }
        Ok(servers)
    }
}

/// Groups that every repository has: the classes of servers.
const BUILT_IN: [(&str, ServerClass); 3] = [
    ("production", ServerClass::Production),
    ("development", ServerClass::Development),
    ("test", ServerClass::Test),
];

/// Whether every repository has this group.
pub fn is_built_in(group: &str) -> bool {
    BUILT_IN.iter().any(|(name, _)| *name == group)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::repository::servers::ServerType;

    fn fleet() -> Vec<(String, Server)> {
        let server = |name: &str, kind, groups: &[&str]| {
            let groups = groups.iter().map(|group| (*group).to_owned()).collect();
            (name.to_owned(), Server { groups, ..Server::new(kind, "host", "name") })
        };
        vec![
            server("DEV", ServerType::Development, &[]),
            server("PROD-B", ServerType::Production, &["retail"]),
            server("PROD-A", ServerType::Production, &["retail", "canary"]),
            server("TRAIN", ServerType::Training, &[]),
        ]
    }

    fn owned(list: &[&str]) -> Vec<String> {
        list.iter().map(|entry| (*entry).to_owned()).collect()
    }

    fn waves(to: &[&str], order: &[&str]) -> Result<String, String> {
        let servers = fleet();
        let waves = Fleet::new(&servers).waves(&owned(to), &owned(order));
        let shown =
            |waves: Vec<Vec<String>>| waves.iter().map(|wave| wave.join(" ")).collect::<Vec<_>>().join(" | ");
        waves.map(shown).map_err(|error| error.to_string())
    }

    #[test]
    fn targets_are_servers_and_groups_each_once() {
        assert_eq!(waves(&["TRAIN", "group:retail", "PROD-A"], &[]).unwrap(), "TRAIN PROD-A PROD-B");
        assert_eq!(waves(&["group:production"], &[]).unwrap(), "PROD-A PROD-B TRAIN");
        assert_eq!(waves(&["prod-a"], &[]).unwrap(), "PROD-A");
        assert_eq!(waves(&["PROD-C"], &[]).unwrap_err(), "no server `PROD-C`; did you mean `PROD-A`?");
        assert_eq!(
            waves(&["group:retial"], &[]).unwrap_err(),
            "no server is in a group `retial`; did you mean `group:retail`?"
        );
        assert!(waves(&["group:test"], &[]).unwrap_err().starts_with("the targets are empty"));
    }

    #[test]
    fn waves_hold_every_target_once() {
        let all = &["group:production"];
        assert_eq!(waves(all, &["PROD-B", "*"]).unwrap(), "PROD-B | PROD-A TRAIN");
        assert_eq!(waves(all, &["group:canary", "*", "TRAIN"]).unwrap(), "PROD-A | PROD-B | TRAIN");
        // Named twice: the first wave counts; a wave that keeps nothing is none.
        assert_eq!(waves(all, &["group:canary", "PROD-A", "*"]).unwrap(), "PROD-A | PROD-B TRAIN");
        assert!(waves(all, &["PROD-A"]).unwrap_err().starts_with("target `PROD-B` is in no wave"));
        assert_eq!(waves(all, &["DEV", "*"]).unwrap_err(), "wave `DEV` names no target of the rollout");
        assert_eq!(waves(&["PROD-A"], &["PROD-A", "*"]).unwrap(), "PROD-A");
    }
}
