//! `schema`: the JSON Schema of a kind of file.

use clap::{Args, ValueEnum};
use deploy_core::repository::schema::{SchemaKind, schema};

use crate::ui::Ui;
use crate::{CommandResult, Exit};

/// Print the JSON Schema of a kind of file
///
/// Editors check and complete files by it. The schema of a definition describes
/// what is known of OpCon's form and allows everything else.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy schema package > package.schema.json\n  opcon-deploy schema definition"
)]
pub struct SchemaArgs {
    /// Which kind
    #[arg(value_name = "KIND")]
    kind: FileKind,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FileKind {
    /// deploy.toml: the settings
    Deploy,
    /// packages/<NAME>.toml
    Package,
    /// users.toml: people and their roles
    Users,
    /// drift-accepted.toml: differences that somebody answers for
    DriftAccepted,
    /// servers/<NAME>.toml: how an OpCon system is reached
    Server,
    /// servers/connectors/<NAME>.toml: the routes of ImpEx2
    Connector,
    /// scripts/<NAME>/script.toml
    Script,
    /// rollouts/<ID>.toml: what is brought to which servers, when
    Rollout,
    /// environments/<NAME>.toml: what should stand where
    Environment,
    /// schedules/**/<NAME>.json
    Definition,
}

pub(super) fn run(args: SchemaArgs, ui: &Ui) -> CommandResult {
    let kind = match args.kind {
        FileKind::Deploy => SchemaKind::Deploy,
        FileKind::Package => SchemaKind::Package,
        FileKind::Users => SchemaKind::Users,
        FileKind::DriftAccepted => SchemaKind::DriftAccepted,
        FileKind::Server => SchemaKind::Server,
        FileKind::Connector => SchemaKind::Connector,
        FileKind::Script => SchemaKind::Script,
        FileKind::Rollout => SchemaKind::Rollout,
        FileKind::Environment => SchemaKind::Environment,
        FileKind::Definition => SchemaKind::Definition,
    };
    ui.line(serde_json::to_string_pretty(&schema(kind)?)?);
    Ok(Exit::Done)
}
