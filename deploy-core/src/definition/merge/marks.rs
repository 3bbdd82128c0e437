//! Marks: what stands in the merged value where a person must decide.

use serde_json::Value;

/// What both sides say at a marked place: the field's value, or items of an array; none: deleted.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sides {
    pub(super) ours: Vec<Value>,
    pub(super) theirs: Vec<Value>,
}

/// The marked places of a merged value.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Marks {
    /// Text that is in no definition.
    prefix: String,
    sides: Vec<Sides>,
}

impl Marks {
    /// Marks that are no text of these values.
    pub(super) fn not_in<'v>(values: impl Iterator<Item = &'v Value> + Clone) -> Self {
        fn holds(value: &Value, text: &str) -> bool {
            match value {
                Value::String(other) => other.contains(text),
                Value::Array(items) => items.iter().any(|item| holds(item, text)),
                Value::Object(map) => map.values().any(|value| holds(value, text)),
                _ => false,
            }
        }
        let is_taken = |prefix: &String| values.clone().any(|value| holds(value, prefix));
        let mut prefixes = (0u64..).map(|number| format!("conflict-{number}-"));
        let prefix = prefixes.find(|prefix| !is_taken(prefix)).unwrap_or_default();
        Self { prefix, sides: Vec::new() }
    }

    /// The mark for one more place.
    pub(super) fn add(&mut self, sides: Sides) -> Value {
        self.sides.push(sides);
        Value::String(format!("{}{}", self.prefix, self.sides.len() - 1))
    }

    /// The two sides a text stands for, if it is a mark.
    pub(super) fn sides_of(&self, text: &str) -> Option<&Sides> {
        self.sides.get(text.strip_prefix(&self.prefix)?.parse::<usize>().ok()?)
    }

    fn sides_at(&self, value: &Value) -> Option<&Sides> {
        self.sides_of(value.as_str()?)
    }

    /// The value with our side at every mark.
    pub(super) fn resolve(&self, value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                let fields = map.iter().filter_map(|(key, value)| {
                    let value = match self.sides_at(value) {
                        Some(sides) => sides.ours.first()?.clone(),
                        None => self.resolve(value),
                    };
                    Some((key.clone(), value))
                });
                Value::Object(fields.collect())
            }
            Value::Array(items) => Value::Array(
                items
                    .iter()
                    .flat_map(|item| match self.sides_at(item) {
                        Some(sides) => sides.ours.clone(),
                        None => vec![self.resolve(item)],
                    })
                    .collect(),
            ),
            other => other.clone(),
        }
    }
}
