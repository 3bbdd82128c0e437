//! The table of the vendor's arguments in docs/batch.md.

use crate::batch_templates::shipped;

/// A row: the vendor's words, and ours.
pub struct Row {
    pub section: String,
    pub vendor: String,
    pub here: String,
}

impl Row {
    /// The ways to do it, each of one command or of several, one then the other.
    pub fn ways(&self) -> Vec<Vec<&str>> {
        let mut ways: Vec<Vec<&str>> = Vec::new();
        let parts: Vec<&str> = self.here.split('`').collect();
        for pair in parts.chunks(2) {
            let [between, span] = pair else { break };
            match ways.last_mut() {
                _ if !span.starts_with("opcon-deploy ") => {}
                Some(way) if between.contains("then") => way.push(span),
                _ => ways.push(vec![span]),
            }
        }
        ways
    }

    pub fn name(&self) -> String {
        format!("{}, {}", self.section, self.vendor)
    }
}

/// The code spans of a text.
pub fn spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// All rows of the table.
pub fn rows() -> Vec<Row> {
    let page = shipped("docs/batch.md");
    let (_, table) = page.split_once("## The vendor's commands").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let mut section = String::new();
    let mut rows = Vec::new();
    for line in table.lines() {
        if let Some(title) = line.strip_prefix("### ") {
            section = title.to_owned();
        }
        // In a table `\|` is a stroke.
        let line = line.replace("\\|", "¦");
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let ["", vendor, here, ""] = cells.as_slice()
            && !vendor.starts_with("---")
            && *vendor != "vendor"
        {
            rows.push(Row {
                section: section.clone(),
                vendor: (*vendor).to_owned(),
                here: (*here).to_owned(),
            });
        }
    }
    rows
}
