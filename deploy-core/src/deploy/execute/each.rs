//! Many transactions of one schedule each, as many under way as pay.
//!
//! They share the planner, the ledger and the lease. Memory holds whole
//! definitions of a few at a time; the others wait for a commit with canonical bytes.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::sync::Semaphore;

use super::{Asked, Before, Done, ExecuteError, Execution, Transaction};
use crate::deploy::{Accept, Entrance, Plan, PlanError, Planner, Refusal, Selected};
use crate::repository::records::{Records, RecordsError};

/// How many transactions are under way at once: what waits for a push shares it.
const UNDER_WAY: usize = 256;
/// How many are planned at once.
const PLANNED: usize = 24;

/// What became of one schedule.
#[derive(Debug)]
pub enum Outcome {
    /// It went as far as the target.
    Done(Box<Done>),
    /// It must be accepted first.
    Refused(Box<Plan>, Vec<Refusal>),
    /// It did not.
    Failed(EachError),
    /// The user stopped before its turn came.
    NotTried,
}

impl Outcome {
    /// Whether a check found an error, which may be what another transaction brings.
    fn lacks_something(&self) -> bool {
        match self {
            Self::Refused(_, refusals) => refusals.iter().any(|refusal| refusal.kind.option().is_none()),
            Self::Done(_) | Self::Failed(_) | Self::NotTried => false,
        }
    }
}

/// Why one schedule was not deployed.
#[derive(Debug, thiserror::Error)]
pub enum EachError {
    /// There is no plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The records could not be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// It was not carried out.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
}

impl Execution<'_> {
    /// Deploys each schedule in a transaction of its own; `told` hears of each, in their order.
    /// What lacks something is tried again as long as others bring something, such as the
    /// schedule that a container job runs; it is told last.
    pub async fn each(
        &self,
        planner: &Planner,
        records: &Records<'_>,
        items: &[Selected],
        accept: &Accept,
        asked: impl Fn() -> Asked,
        mut told: impl FnMut(&Selected, Outcome),
    ) {
        let planned = Semaphore::new(PLANNED);
        let (planned, asked) = (&planned, &asked);
        let mut left: Vec<&Selected> = items.iter().collect();
        while !left.is_empty() {
            let outcomes = left.iter().enumerate().map(|(place, item)| async move {
                let outcome = self.one_of_many(planner, records, item, accept, planned, asked).await;
                (place, outcome.unwrap_or_else(Outcome::Failed))
            });
            // As they end, so that none is kept waiting by another; told in their order.
            let mut ended = stream::iter(outcomes).buffer_unordered(UNDER_WAY);
            let (mut early, mut next) = (BTreeMap::new(), 0);
            let (mut lacking, mut brought) = (Vec::new(), false);
            while let Some((place, outcome)) = ended.next().await {
                if let Outcome::Done(done) = &outcome {
                    let names: Vec<&str> = done.records.iter().map(|record| record.name.as_str()).collect();
                    planner.inserted(&names);
                    brought = true;
                }
                early.insert(place, outcome);
                while let Some(outcome) = early.remove(&next) {
                    match outcome.lacks_something() {
                        true => lacking.push((left[next], outcome)),
                        false => told(left[next], outcome),
                    }
                    next += 1;
                }
            }
            drop(ended);
            left = match brought {
                true => lacking.into_iter().map(|(item, _)| item).collect(),
                false => {
                    lacking.into_iter().for_each(|(item, outcome)| told(item, outcome));
                    Vec::new()
                }
            };
        }
    }

    async fn one_of_many(
        &self,
        planner: &Planner,
        records: &Records<'_>,
        item: &Selected,
        accept: &Accept,
        planned: &Semaphore,
        asked: impl Fn() -> Asked,
    ) -> Result<Outcome, EachError> {
        // From the start, so that commits and pushes wait for those that are being planned.
        let _participant = self.ledger.join();
        let transaction = {
            // The semaphore is never closed.
            let _permit = planned.acquire().await;
            if self.is_stopped() {
                return Ok(Outcome::NotTried);
            }
            let planned = planner.plan(std::slice::from_ref(item)).await?;
            let refusals = planned.plan.refusals(accept, Entrance::Unattended);
            if !refusals.is_empty() {
                return Ok(Outcome::Refused(Box::new(planned.plan), refusals));
            }
            let before = Before::read(records, &planned.plan)?;
            Transaction::deploying(planned, before, &asked())
        };
        Ok(Outcome::Done(Box::new(self.run_joined(transaction).await?)))
    }
}
