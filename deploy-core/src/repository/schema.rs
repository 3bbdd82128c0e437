//! The JSON Schemas of the files in a central repository.

use schemars::schema_for;
use serde_json::Value;

use super::drift_accepted::DriftAccepted;
use super::package::Package;
use super::scripts::ScriptFile;
use super::servers::Server;
use super::settings::Settings;
use super::users::Users;
use crate::definition::ReadError;
use crate::opcon::ConnectorProfile;
use crate::rollout::{Environment, RolloutFile};

/// A kind of file that has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaKind {
    /// `deploy.toml`
    Deploy,
    /// `packages/<NAME>.toml`
    Package,
    /// `users.toml`
    Users,
    /// `drift-accepted.toml`
    DriftAccepted,
    /// `servers/<NAME>.toml`
    Server,
    /// `servers/connectors/<NAME>.toml`
    Connector,
    /// `scripts/<NAME>/script.toml`
    Script,
    /// `rollouts/<id>.toml`
    Rollout,
    /// `environments/<NAME>.toml`
    Environment,
    /// `schedules/**/<NAME>.json`
    Definition,
}

/// What is known of a definition; everything else is allowed.
const DEFINITION: &[u8] = include_bytes!("schema/definition.json");

/// The schema of a kind of file.
pub fn schema(kind: SchemaKind) -> Result<Value, ReadError> {
    Ok(match kind {
        SchemaKind::Deploy => schema_for!(Settings).to_value(),
        SchemaKind::Package => schema_for!(Package).to_value(),
        SchemaKind::Users => schema_for!(Users).to_value(),
        SchemaKind::DriftAccepted => schema_for!(DriftAccepted).to_value(),
        SchemaKind::Server => schema_for!(Server).to_value(),
        SchemaKind::Connector => schema_for!(ConnectorProfile).to_value(),
        SchemaKind::Script => schema_for!(ScriptFile).to_value(),
        SchemaKind::Rollout => schema_for!(RolloutFile).to_value(),
        SchemaKind::Environment => schema_for!(Environment).to_value(),
        SchemaKind::Definition => crate::definition::read_json(DEFINITION)?,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::definition::form::{Node, Order};

    #[test]
    fn unknown_keys_are_refused_in_toml_and_allowed_in_definitions() {
        for kind in [
            SchemaKind::Deploy,
            SchemaKind::Package,
            SchemaKind::Users,
            SchemaKind::DriftAccepted,
            SchemaKind::Server,
            SchemaKind::Connector,
            SchemaKind::Script,
            SchemaKind::Rollout,
            SchemaKind::Environment,
        ] {
            let schema = schema(kind).unwrap();
            assert_eq!(schema["additionalProperties"], false, "{schema}");
            assert!(schema["description"].as_str().unwrap().contains(".toml") || kind == SchemaKind::Package);
        }
        let schema = schema(SchemaKind::Definition).unwrap();
        assert_eq!(schema["additionalProperties"], true);
        assert_eq!(schema["required"][0], "scheduleList");
    }

    /// The sets that the canonical form knows are arrays in the schema.
    #[test]
    fn the_lists_of_the_form_are_described() {
        let schema = schema(SchemaKind::Definition).unwrap();
        for list in schema["properties"].as_object().unwrap().keys() {
            if matches!(Node::root().child(list).order(), Order::Set(_)) {
                assert_eq!(schema["properties"][list]["type"], "array", "{list}");
            }
        }
        for (list, _) in crate::definition::form::SHARED_LISTS {
            assert!(schema["properties"].get(list).is_some(), "{list}");
        }
    }
}
