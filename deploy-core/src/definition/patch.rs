//! RFC 6902 patches: turning one value into another, exactly.
//!
//! Sets are matched by their key and other arrays by their content, so that a
//! job removed from the middle is one operation and not one for each job after
//! it. Unlike the semantic difference a patch holds everything: the header,
//! ids and stamps, and the values of encrypted properties.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::compare::identical;
use super::form::{self, Node, Order};

/// One operation of a patch; a list of them is an RFC 6902 document.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum Operation {
    /// Puts a value into an object, or into an array before the item at that index.
    Add {
        /// A JSON pointer.
        path: String,
        /// What to put there.
        value: Value,
    },
    /// Takes a value away.
    Remove {
        /// A JSON pointer.
        path: String,
    },
    /// Puts a value in the place of another.
    Replace {
        /// A JSON pointer; the empty one is the whole document.
        path: String,
        /// What to put there.
        value: Value,
    },
}

/// The operations that turn `a` into `b`, in the order they are to be applied.
///
/// ```
/// use deploy_core::definition::patch;
/// use serde_json::json;
///
/// let a = json!({"scheduleList": [{"name": "P", "jobList": [{"name": "A"}, {"name": "B"}, {"name": "C"}]}]});
/// let b = json!({"scheduleList": [{"name": "P", "jobList": [{"name": "A"}, {"name": "C"}]}]});
/// let operations = serde_json::to_value(patch(&a, &b))?;
/// assert_eq!(operations, json!([{"op": "remove", "path": "/scheduleList/0/jobList/1"}]));
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn patch(a: &Value, b: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    patch_value(a, b, Node::root(), &mut String::new(), &mut operations);
    operations
}

fn patch_value(a: &Value, b: &Value, node: &Node, path: &mut String, out: &mut Vec<Operation>) {
    if identical(a, b) {
        return;
    }
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => patch_object(a, b, node, path, out),
        (Value::Array(a), Value::Array(b)) => patch_array(a, b, node, path, out),
        (_, b) => out.push(Operation::Replace { path: path.clone(), value: b.clone() }),
    }
}

fn patch_object(
    a: &Map<String, Value>,
    b: &Map<String, Value>,
    node: &Node,
    path: &mut String,
    out: &mut Vec<Operation>,
) {
    for (key, old) in a {
        within(path, &key.replace('~', "~0").replace('/', "~1"), |path| match b.get(key) {
            Some(new) => patch_value(old, new, node.child(key), path, out),
            None => out.push(Operation::Remove { path: path.clone() }),
        });
    }
    for (key, new) in b.iter().filter(|(key, _)| !a.contains_key(*key)) {
        within(path, &key.replace('~', "~0").replace('/', "~1"), |path| {
            out.push(Operation::Add { path: path.clone(), value: new.clone() });
        });
    }
}

/// Removes from the back, adds from the front, then changes what stayed: so
/// every index is the one the item has at that moment.
fn patch_array(a: &[Value], b: &[Value], node: &Node, path: &mut String, out: &mut Vec<Operation>) {
    let kept = kept_items(a, b, node);
    let first = out.len();
    let is_kept_left: Vec<bool> = marks(a.len(), kept.iter().map(|(i, _)| *i));
    let is_kept_right: Vec<bool> = marks(b.len(), kept.iter().map(|(_, j)| *j));
    for (i, _) in is_kept_left.iter().enumerate().rev().filter(|(_, is_kept)| !**is_kept) {
        within(path, &i.to_string(), |path| out.push(Operation::Remove { path: path.clone() }));
    }
    for (j, _) in is_kept_right.iter().enumerate().filter(|(_, is_kept)| !**is_kept) {
        within(path, &j.to_string(), |path| {
            out.push(Operation::Add { path: path.clone(), value: b[j].clone() });
        });
    }
    for (i, j) in kept {
        within(path, &j.to_string(), |path| patch_value(&a[i], &b[j], node, path, out));
    }
    let whole = path.len() + FRAME + b.iter().map(size).sum::<usize>();
    if out[first..].iter().map(operation_size).sum::<usize>() > whole {
        out.truncate(first);
        out.push(Operation::Replace { path: path.clone(), value: Value::Array(b.to_vec()) });
    }
}

fn marks(len: usize, marked: impl Iterator<Item = usize>) -> Vec<bool> {
    let mut marks = vec![false; len];
    for at in marked {
        marks[at] = true;
    }
    marks
}

/// Runs with one more segment on the path.
fn within(path: &mut String, segment: &str, run: impl FnOnce(&mut String)) {
    let length = path.len();
    path.push('/');
    path.push_str(segment);
    run(path);
    path.truncate(length);
}

/// The items of `a` that stay, with where they stand in `b`; both rise.
fn kept_items(a: &[Value], b: &[Value], node: &Node) -> Vec<(usize, usize)> {
    let key: &[&str] = match node.order() {
        Order::Set(key) => key,
        Order::Kept => &[],
    };
    let start = a.iter().zip(b).take_while(|(a, b)| identical(a, b)).count();
    let end =
        a[start..].iter().rev().zip(b[start..].iter().rev()).take_while(|(a, b)| identical(a, b)).count();
    let (left, right) = (start..a.len() - end, start..b.len() - end);

    let mut places: HashMap<Vec<Option<&Value>>, Vec<usize>> = HashMap::new();
    for j in right.clone().rev() {
        places.entry(key_of(key, &b[j])).or_default().push(j);
    }
    let mut found = Vec::new();
    for i in left.clone() {
        if let Some(j) = places.get_mut(&key_of(key, &a[i])).and_then(Vec::pop) {
            found.push((i, j));
        }
    }
    let mut kept: Vec<(usize, usize)> = (0..start).map(|at| (at, at)).collect();
    kept.extend(longest_rising(&found));
    kept.extend((0..end).map(|at| (left.end + at, right.end + at)));
    if key.is_empty() {
        pair_in_gaps(&mut kept, a.len(), b.len());
    }
    kept
}

fn key_of<'v>(key: &[&str], item: &'v Value) -> Vec<Option<&'v Value>> {
    if key.is_empty() {
        return vec![Some(item)];
    }
    key.iter().map(|path| form::field(item, path)).collect()
}

/// The longest part of the pairs (whose left side rises) whose right side rises too.
fn longest_rising(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // ends[n]: the pair with the lowest right side at which n + 1 rising pairs can end.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = vec![None; pairs.len()];
    for (at, pair) in pairs.iter().enumerate() {
        let length = ends.partition_point(|&end| pairs[end].1 < pair.1);
        before[at] = length.checked_sub(1).map(|shorter| ends[shorter]);
        if length == ends.len() {
            ends.push(at);
        } else {
            ends[length] = at;
        }
    }
    let mut rising = Vec::new();
    let mut next = ends.last().copied();
    while let Some(at) = next {
        rising.push(pairs[at]);
        next = before[at];
    }
    rising.reverse();
    rising
}

/// Items between two that stayed are taken for edited ones, in their order.
fn pair_in_gaps(kept: &mut Vec<(usize, usize)>, left: usize, right: usize) {
    let mut paired = Vec::with_capacity(kept.len());
    let (mut i, mut j) = (0, 0);
    for &(next_i, next_j) in kept.iter().chain([&(left, right)]) {
        paired.extend((i..next_i).zip(j..next_j));
        paired.push((next_i, next_j));
        (i, j) = (next_i + 1, next_j + 1);
    }
    paired.pop();
    *kept = paired;
}

/// About how long an operation's own words are.
const FRAME: usize = 32;

fn operation_size(operation: &Operation) -> usize {
    match operation {
        Operation::Remove { path } => FRAME + path.len(),
        Operation::Add { path, value } | Operation::Replace { path, value } => {
            FRAME + path.len() + size(value)
        }
    }
}

/// About how long a value is when written.
fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(number) => number.as_str().len() + 1,
        Value::String(text) => text.len() + 3,
        Value::Array(items) => 2 + items.iter().map(size).sum::<usize>(),
        Value::Object(map) => 2 + map.iter().map(|(key, value)| key.len() + 4 + size(value)).sum::<usize>(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::testing::{any_value, definition, edit, edited, reversed_sets};
    use super::*;

    fn applied(a: &Value, operations: &[Operation]) -> Value {
        // By way of its text, as a patch travels.
        let text = serde_json::to_string(operations).unwrap();
        let patch: json_patch::Patch = serde_json::from_str(&text).unwrap();
        let mut value = a.clone();
        json_patch::patch(&mut value, &patch).unwrap();
        value
    }

    fn jobs(names: impl IntoIterator<Item = usize>) -> Value {
        let jobs: Vec<Value> = names
            .into_iter()
            .map(|number| json!({"name": format!("JOB {number:04}"), "type": "Null Job", "documentation": "x"}))
            .collect();
        json!({"scheduleList": [{"name": "P", "jobList": jobs}]})
    }

    #[test]
    fn a_job_in_the_middle_is_one_operation() {
        let operations = patch(&jobs(0..2000), &jobs((0..2000).filter(|number| *number != 700)));
        assert_eq!(operations, [Operation::Remove { path: "/scheduleList/0/jobList/700".to_owned() }]);
        let operations = patch(&jobs((0..2000).filter(|number| *number != 700)), &jobs(0..2000));
        assert!(
            matches!(&operations[..], [Operation::Add { path, .. }] if path == "/scheduleList/0/jobList/700")
        );
    }

    #[test]
    fn an_array_of_other_things_is_replaced() {
        let (a, b) = (json!({"list": [1, 2, 3, 4, 5, 6]}), json!({"list": [7]}));
        let expected = Operation::Replace { path: "/list".to_owned(), value: json!([7]) };
        assert_eq!(patch(&a, &b), [expected]);
    }

    #[test]
    fn keys_are_escaped() {
        let (a, b) = (json!({"a/b": {"c~d": 1}}), json!({"a/b": {"c~d": 2}}));
        assert_eq!(patch(&a, &b), [Operation::Replace { path: "/a~1b/c~0d".to_owned(), value: json!(2) }]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_value_becomes_the_other(a in any_value(), b in any_value()) {
            prop_assert_eq!(applied(&a, &patch(&a, &b)), b);
        }

        #[test]
        fn lists_become_the_other(
            a in proptest::collection::vec(0..6u8, 0..9),
            b in proptest::collection::vec(0..6u8, 0..9),
        ) {
            for key in ["list", "roleList"] {
                let item = |number: &u8| json!({"name": number % 3, "text": "long enough to be kept", "x": number});
                let value = |list: &[u8]| json!({key: list.iter().map(item).collect::<Vec<_>>()});
                let (a, b) = (value(&a), value(&b));
                prop_assert_eq!(applied(&a, &patch(&a, &b)), b);
            }
        }

        #[test]
        fn definitions_become_the_other(
            a in definition(),
            edits in proptest::collection::vec(edit(), 0..4),
            other in definition(),
        ) {
            let edited = edited(&a, &edits).into_value();
            let unsorted = reversed_sets(&edited, Node::root());
            for b in [edited, unsorted, other.into_value()] {
                prop_assert_eq!(applied(a.value(), &patch(a.value(), &b)), b);
            }
            prop_assert_eq!(patch(a.value(), a.value()), vec![]);
        }
    }
}
