//! Where the walk is: the thing, and the way to one of its fields.

use serde_json::Value;

use super::super::form::Node;
use super::{Place, Thing};

/// The thing whose fields are compared, and the way to the field.
#[derive(Clone)]
pub(super) struct At<'p> {
    pub(super) place: &'p Place,
    pub(super) path: String,
    pub(super) node: &'p Node,
}

impl<'p> At<'p> {
    pub(super) fn field(&self, key: &str) -> Self {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        At { place: self.place, path, node: self.node.child(key) }
    }

    pub(super) fn item(&self, label: &str) -> Self {
        At { place: self.place, path: format!("{}[{label}]", self.path), node: self.node }
    }
}

/// A thing below its schedule and job; dependencies across schedules say both themselves.
pub(super) fn place_of(owner: &Place, item: &Value) -> Place {
    let text = |key: &str| item[key].as_str().map(str::to_owned);
    let (schedule, job) = match owner.thing {
        Thing::ExternalDependency => (text("scheduleName"), text("jobName")),
        Thing::ReverseDependency => (text("predecessorScheduleName"), text("predecessorJobName")),
        _ => (owner.schedule.clone(), owner.job.clone()),
    };
    Place { schedule, job, thing: owner.thing.of_item(item), key: Some(owner.thing.label(item)) }
}
