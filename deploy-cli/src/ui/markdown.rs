//! Pieces of Markdown in which text from outside cannot break the page: all of
//! it stands in code, where only backticks have a meaning.

/// A code span whose fence is longer than any run of backticks inside.
pub fn code(text: &str) -> String {
    let fence = "`".repeat(longest_run([text].into_iter()) + 1);
    let blank = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}

/// A block that is opened by whoever wants to see it; nothing where there is nothing.
pub fn folded(title: &str, language: &str, lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let fence = "`".repeat(longest_run(lines.iter().map(String::as_str)).max(2) + 1);
    let lines = lines.join("\n");
    format!("\n<details><summary>{title}</summary>\n\n{fence}{language}\n{lines}\n{fence}\n\n</details>\n")
}

fn longest_run<'t>(texts: impl Iterator<Item = &'t str>) -> usize {
    let runs = texts.flat_map(|text| text.split(|character| character != '`').map(str::len));
    runs.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_breaks_the_page() {
        assert_eq!(code("plain"), "`plain`");
        assert_eq!(code("a `b` c"), "``a `b` c``");
        assert_eq!(code("`b`"), "`` `b` ``");
        let block = folded("T", "text", &["a ``` b".to_owned()]);
        assert!(block.contains("\n````text\na ``` b\n````\n"), "{block}");
        assert_eq!(folded("T", "text", &[]), "");
    }
}
