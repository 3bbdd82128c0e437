//! What helps where a rollout cannot be made or used.

use deploy_core::repository::records::InstalledError;
use deploy_core::rollout::{
    CreateError, DealError, DemandError, GroundError, NotCarried, PlanRulesError, PurgeError, RolloutError,
    RunError, ScopeError, SurveyError, TargetError,
};

use super::{CommandError, chain, commit_hint, history_hint, resolve_hint, server_hint};

impl From<CreateError> for CommandError {
    fn from(error: CreateError) -> Self {
        let hint = match &error {
            CreateError::Taken(id) => Some(format!(
                "`--id NAME` gives it another name; `opcon-deploy rollout show \"{id}\"` shows the one there is"
            )),
            CreateError::Scope(error) => scope_hint(error),
            CreateError::Ground(error) => ground_hint(error),
            CreateError::Commit(error) => commit_hint(error),
            CreateError::Name(_) | CreateError::Write(_) | CreateError::Object(_) => None,
        };
        hint.into_iter().fold(Self::failed(chain(&error)), Self::hint)
    }
}

impl From<GroundError> for CommandError {
    fn from(error: GroundError) -> Self {
        ground_hint(&error).into_iter().fold(Self::failed(chain(&error)), Self::hint)
    }
}

impl From<RolloutError> for CommandError {
    fn from(error: RolloutError) -> Self {
        let hint = match &error {
            RolloutError::Unknown { near: None, .. } => {
                Some("`opcon-deploy rollout list` shows what there is")
            }
            RolloutError::Toml(_) | RolloutError::Value { .. } => {
                Some("`opcon-deploy schema rollout` describes the keys")
            }
            RolloutError::Unknown { .. } | RolloutError::Object(_) => None,
        };
        hint.into_iter().fold(Self::failed(chain(&error)), Self::hint)
    }
}

impl From<SurveyError> for CommandError {
    fn from(error: SurveyError) -> Self {
        match error {
            SurveyError::Records(error) => error.into(),
            SurveyError::Object(error) => error.into(),
        }
    }
}

impl From<RunError> for CommandError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Ground(error) => error.into(),
            RunError::Survey(error) => error.into(),
            RunError::Tip(error) => error.into(),
            RunError::Records(error) => error.into(),
            RunError::Ledger(error) => error.into(),
            RunError::Lease(error) => error.into(),
        }
    }
}

impl From<DealError> for CommandError {
    fn from(error: DealError) -> Self {
        match error {
            DealError::Unknown(_) => {
                Self::failed(error.to_string()).hint("`opcon-deploy rollout list` shows what there is")
            }
            DealError::Nothing { ref id, .. } => Self::failed(error.to_string())
                .hint(format!("`opcon-deploy rollout show \"{id}\"` shows how far its jobs are")),
            DealError::Past { .. } => Self::failed(error.to_string()),
            DealError::Role(error) => error.into(),
            DealError::Server(error) => error.into(),
            DealError::Ground(error) => error.into(),
            DealError::Survey(error) => error.into(),
            DealError::Tip(error) => error.into(),
            DealError::Records(error) => error.into(),
            DealError::Ledger(error) => error.into(),
        }
    }
}

impl From<PurgeError> for CommandError {
    fn from(error: PurgeError) -> Self {
        match error {
            PurgeError::Tip(error) => error.into(),
            PurgeError::Records(error) => error.into(),
            PurgeError::Ledger(error) => error.into(),
            PurgeError::Commit(error) => error.into(),
            PurgeError::Object(error) => error.into(),
        }
    }
}

impl From<PlanRulesError> for CommandError {
    fn from(error: PlanRulesError) -> Self {
        let text = chain(&error);
        match error {
            PlanRulesError::Demand(DemandError::Contradiction(_)) => {
                Self::refused(text).hint("`enabled = false` takes a rule out of force")
            }
            PlanRulesError::Records(error) => error.into(),
            _ => Self::failed(text),
        }
    }
}

impl From<InstalledError> for CommandError {
    fn from(error: InstalledError) -> Self {
        Self::failed(error.to_string()).hint("`opcon-deploy installations` shows the records")
    }
}

fn scope_hint(error: &ScopeError) -> Option<String> {
    match error {
        ScopeError::Value { key: "timezone", .. } => Some("`--timezone Europe/Berlin` names it".into()),
        ScopeError::Target(TargetError::Server { near: None, .. } | TargetError::Empty) => {
            Some("`opcon-deploy server list` shows servers and groups".into())
        }
        ScopeError::NotCarried(NotCarried::Resolve(error)) => resolve_hint(error),
        _ => None,
    }
}

fn ground_hint(error: &GroundError) -> Option<String> {
    match error {
        GroundError::History(error) => history_hint(error),
        GroundError::Servers(error) => server_hint(error),
    }
}
