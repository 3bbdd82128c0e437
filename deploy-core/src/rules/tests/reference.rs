use super::*;

#[test]
fn the_reference_tells_of_everything() {
    let table = crate::rules::tags::TagTable::built_in().unwrap();
    let page = reference_markdown(&table);
    for tag in table.iter() {
        assert!(page.contains(&format!("### {}\n", tag.name)), "{}", tag.name);
    }
    for function in engine::functions::FUNCTIONS {
        assert!(page.contains(function.signature), "{}", function.name);
    }
    insta::assert_snapshot!(tag_markdown(table.get("MCP_User_Code").unwrap(), &table), @r#"
    ### MCP_User

    The user code of an MCP job.

    - also spelled: MCP_User_Code
    - options: `partial`, `job`, `schedule`, `optional`, `strict`
    - places: `job/mcpData/userCode`, `job/mcpData/user`

    ```rhai
    replace("MCP_User", "DEVUSER", "PRDUSER");
    ```
    "#);
}

/// `UPDATE_DOCS=1 cargo test the_page_of_the_reference` writes the page anew.
#[test]
fn the_page_of_the_reference_is_current() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rules-reference.md");
    let page = reference_markdown(&crate::rules::tags::TagTable::built_in().unwrap());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == page, "docs/rules-reference.md is not current: run with UPDATE_DOCS=1");
}

/// What the engine knows beyond rhai's own functions is described, and nothing else.
#[test]
fn every_function_is_described() {
    let engine = engine::build(&settings(), engine::Modules::default());
    let known = engine::Known::of(&engine);
    for function in engine::functions::FUNCTIONS {
        let is_there = known.functions.contains_key(function.name)
            || known.properties.iter().any(|property| property == function.name);
        assert!(is_there, "{} is described but not there", function.name);
    }
    for list in engine::fields::LISTS {
        assert!(known.functions.contains_key(list.name), "{}", list.name);
    }
}
