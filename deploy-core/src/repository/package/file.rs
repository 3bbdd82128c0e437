//! Writing a package file: what people wrote beside the values (comments,
//! blank lines) stays.

use std::collections::HashMap;

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, Value};

use super::{Package, Pin};
use crate::repository::toml_file::set;

/// What a new file begins with.
const NEW: &str =
    "# A package: `opcon-deploy schema package` describes the keys.\n\ndescription = \"\"\nrules = []\n";

impl Package {
    /// The text of the file, made from the text it replaces; schedules stand in the order of their names.
    pub fn write(&self, before: Option<&str>) -> Result<String, toml_edit::TomlError> {
        let mut document: DocumentMut = before.unwrap_or(NEW).parse()?;
        let mut old = HashMap::new();
        if let Some(Item::ArrayOfTables(tables)) = document.remove("schedule") {
            for table in tables {
                let name = table.get("name").and_then(Item::as_str).unwrap_or_default().to_owned();
                old.entry(name).or_insert(table);
            }
        }
        let root = document.as_table_mut();
        set(root, "description", self.description.as_str().into());
        set(root, "rules", Value::Array(self.rules.iter().collect::<Array>()));
        if self.formerly.is_empty() {
            root.remove("formerly");
        } else {
            set(root, "formerly", Value::Array(self.formerly.iter().collect::<Array>()));
        }
        let mut pins: Vec<&Pin> = self.schedules.iter().collect();
        pins.sort_by(|a, b| a.name.cmp(&b.name));
        let mut tables = ArrayOfTables::new();
        for pin in pins {
            tables.push(pin.to_table(old.remove(&pin.name).unwrap_or_default()));
        }
        if !tables.is_empty() {
            document.insert("schedule", Item::ArrayOfTables(tables));
        }
        Ok(document.to_string())
    }
}

impl Pin {
    fn to_table(&self, mut table: Table) -> Table {
        // Written where it stands among the others, not where it stood in the file.
        table.set_position(None);
        set(&mut table, "name", self.name.as_str().into());
        match self.version {
            Some(version) => set(&mut table, "version", i64::try_from(version).unwrap_or(i64::MAX).into()),
            None => drop(table.remove("version")),
        }
        match &self.commit {
            Some(commit) => set(&mut table, "commit", commit.as_str().into()),
            None => drop(table.remove("commit")),
        }
        set(&mut table, "blob", self.blob.as_str().into());
        table
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn pin(name: &str, version: Option<usize>) -> Pin {
        let commit = version.map(|version| format!("c{version}"));
        Pin { name: name.to_owned(), version, commit, blob: format!("b{}", version.unwrap_or(0)) }
    }

    #[test]
    fn a_new_file_is_readable() {
        let package = Package {
            description: "Ledger \"and\" payroll".into(),
            rules: vec!["to-qa".into()],
            formerly: vec![],
            schedules: vec![pin("Payroll", Some(3)), pin("Ledger", None)],
        };
        let text = package.write(None).unwrap();
        assert_eq!(
            text,
            r#"# A package: `opcon-deploy schema package` describes the keys.

description = 'Ledger "and" payroll'
rules = ["to-qa"]

[[schedule]]
name = "Ledger"
blob = "b0"

[[schedule]]
name = "Payroll"
version = 3
commit = "c3"
blob = "b3"
"#
        );
        let mut read = Package::read("P.toml", text.as_bytes()).unwrap();
        read.schedules.reverse();
        assert_eq!(read, package);
    }

    #[test]
    fn comments_stay() {
        let before = "# ours\ndescription = \"x\" # why\nrules = [\n  \"a\", # first\n]\n\n# the big one\n[[schedule]]\nname = \"B\"\nversion = 1 # frozen\ncommit = \"c1\"\nblob = \"b1\"\n\n[[schedule]]\nname = \"C\"\nblob = \"b0\"\n# end\n";
        let mut package = Package::read("P.toml", before.as_bytes()).unwrap();
        assert_eq!(package.write(Some(before)).unwrap(), before);
        package.schedules[0] = pin("B", Some(2));
        package.schedules.remove(1);
        package.schedules.push(pin("A", Some(7)));
        let after = package.write(Some(before)).unwrap();
        assert_eq!(
            after,
            "# ours\ndescription = \"x\" # why\nrules = [\n  \"a\", # first\n]\n\n[[schedule]]\nname = \"A\"\nversion = 7\ncommit = \"c7\"\nblob = \"b7\"\n\n# the big one\n[[schedule]]\nname = \"B\"\nversion = 2 # frozen\ncommit = \"c2\"\nblob = \"b2\"\n# end\n"
        );
    }
}
