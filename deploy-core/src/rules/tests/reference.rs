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
