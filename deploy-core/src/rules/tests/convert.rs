use super::*;

/// Every tag, converted, does what the vendor's file does.
#[test]
fn a_converted_file_does_the_same() {
    let table = crate::rules::tags::TagTable::built_in().unwrap();
    for tag in table.iter().filter(|tag| tag.name != "environment") {
        for example in &tag.examples {
            let options = &example.options;
            let text_of = |key: &str| {
                let rest = options.split(&format!("{key}: \"")).nth(1)?;
                rest.split('"').next().map(str::to_owned)
            };
            let entry = serde_json::json!({
                "tagId": tag.name,
                "currentValue": example.current,
                "newValue": example.new,
                "partialUpdate": options.contains("partial: true"),
                "jobName": text_of("job").unwrap_or_default(),
                "scheduleName": text_of(" schedule").unwrap_or_default(),
                "currentValueContents": text_of("current_contents"),
                "newValueContents": text_of("new_contents"),
            });
            let file = serde_json::json!({ "environment": "E1", "transformationsList": [entry] }).to_string();
            let script = convert("file.json", &file, &settings()).unwrap();
            let (a, b) = (apply(&file).unwrap(), apply(&script).unwrap());
            assert_eq!(a.definition, b.definition, "{file}\n{script}");
            for (place, want) in
                example.changes.iter().filter(|_| tag.kind == crate::rules::tags::TagKind::Time)
            {
                assert_eq!(&text_at(&b.definition, &place.replace("@@", "@@E1_")), want);
            }
        }
    }
}

#[test]
fn a_converted_file_is_readable() {
    let file = r#"{ "environment": "TST", "transformationsList": [
        { "tagId": "Windows_User", "currentValue": "DEV\\svc \"x\"", "newValue": "PRD\tx", "partialUpdate": true, "note": 1 },
        { "tagId": "Job_Tag", "currentValue": "a", "newValue": "a", "jobName": "LOAD*" } ] }"#;
    insta::assert_snapshot!(convert("site.json", file, &settings()).unwrap(), @r#"
    //! Converted from the transformation rules `site.json`.
    //! Passed over: unknown key `note` (line 2)

    replace("Windows_User", "DEV\\svc \"x\"", "PRD\tx", #{ partial: true });

    replace("Job_Tag", "a", "a", #{ job: "LOAD*" });

    replace("environment", "", "TST");
    "#);
}

#[test]
fn strange_characters_come_back() {
    let text = "a\"b\\c\n\r\t\u{1}\u{7f}é日`${x}";
    let script = format!("print({});", crate::rules::convert::quote(text));
    assert_eq!(apply(&script).unwrap().trace.rules[0].notes[0].text, text);
}
