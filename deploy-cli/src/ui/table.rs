//! Plain aligned tables, as `git branch -v` or `ls -l` print them.

use comfy_table::{ColumnConstraint, ContentArrangement, presets};

use super::one_line;

/// Rows under a header; columns as wide as their content.
#[derive(Debug)]
pub struct Table(comfy_table::Table);

impl Table {
    /// With these column heads.
    pub fn new<'h>(heads: impl IntoIterator<Item = &'h str>) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(heads);
        Self(table)
    }

    /// Aligns a column to the right, as numbers are.
    pub fn right(mut self, column: usize) -> Self {
        if let Some(column) = self.0.column_mut(column) {
            column.set_cell_alignment(comfy_table::CellAlignment::Right);
        }
        self
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl AsRef<str>>) {
        self.0.add_row(cells.into_iter().map(|cell| one_line(cell.as_ref())));
    }

    /// Leaves out those of the columns that say nothing in any row.
    pub fn hide_empty(mut self, columns: impl IntoIterator<Item = usize>) -> Self {
        for index in columns {
            let mut cells = self.0.row_iter().filter_map(|row| row.cell_iter().nth(index));
            if cells.all(|cell| cell.content().is_empty())
                && let Some(column) = self.0.column_mut(index)
            {
                column.set_constraint(ColumnConstraint::Hidden);
            }
        }
        self
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for line in self.0.lines() {
            writeln!(f, "{}", line.trim_end().strip_prefix(' ').unwrap_or(&line))?;
        }
        Ok(())
    }
}
