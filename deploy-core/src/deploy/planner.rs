//! From a selection to a plan: transform, observe, check.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Context, Order, Plan, Selected, Selection};
use crate::definition::{Definition, ReadError, join};
use crate::opcon::{OpConError, OpConSystem};

/// Plans transactions of one command. What they share is fetched once: rules,
/// inventory, the list of schedules. Many schedules can be planned at once.
pub struct Planner {
    system: Arc<dyn OpConSystem>,
}

/// A plan with the definitions it is about.
#[derive(Debug)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// The definitions of its schedules, by their names on the target.
    pub contents: BTreeMap<String, Content>,
}

/// What will stand on the target under a name, and what stands there: canonical
/// bytes, a tenth of what the values take in memory.
#[derive(Debug)]
pub struct Content {
    /// What is to be inserted, without deployment information. A schedule of a package that
    /// stands there unchanged is as it stands, where the settings do not want it written anew.
    pub planned: Vec<u8>,
    /// What stands there now.
    pub found: Option<Vec<u8>>,
}

impl Planned {
    /// All that is to be inserted, in one definition.
    pub fn definition(&self) -> Result<Definition, ReadError> {
        let parts = self.contents.values().map(|content| Definition::read(&content.planned));
        Ok(join(parts.collect::<Result<_, _>>()?).0)
    }
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The target did not answer as it should.
    #[error(transparent)]
    System(#[from] OpConError),
}

impl Planner {
    /// Compiles the rules and asks the target what all transactions need.
    pub async fn open(
        context: &Context<'_>,
        order: &Order,
        selection: &Selection,
        system: Arc<dyn OpConSystem>,
    ) -> Result<Self, PlanError> {
        let _ = (context, order, selection);
        system.require_licence().await?;
        Ok(Self { system })
    }

    /// Plans one transaction.
    pub async fn plan(&self, items: &[Selected]) -> Result<Planned, PlanError> {
        let _ = (&self.system, items);
        unimplemented!("the skeleton plans nothing")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_planner_is_shared_by_many_threads() {
        fn shared<T: Send + Sync>() {}
        fn sent<T: Send>(_: impl Fn(&'static Planner) -> T) {}
        shared::<Planner>();
        sent(|planner| planner.plan(&[]));
    }
}
