use super::*;

#[test]
fn the_vendors_file_works_as_it_is() {
    let text = r#"{ "environment": "TST",
      "transformationsList": [
        { "tagId": "Job_Machine_Name", "scheduleName": "", "jobName": "WIN*", "currentValue": "WINDEV01",
          "currentValueContents": "", "newValue": "WINQA01", "newValueContents": "", "partialUpdate": false },
        { "tagId": "Job_Machine_Name", "currentValue": "DEV", "newValue": "SIT", "partialUpdate": "true" },
        { "tagId": "Property_Name", "currentValue": "ENV_NAME", "newValue": "ENV_NAME", "newValueContents": "TST",
          "jobName": null },
        { "tagId": "Schedule_Start_Time", "currentValue": "06:00", "newValue": "05:30", "jobName": "ignored" }
      ] }"#;
    let rules = compile(text).unwrap();
    assert_eq!(rules.remarks().len(), 1, "{:?}", rules.remarks());
    let outcome = rules.apply(sample(), &context()).unwrap();
    let of = |place: &str| text_at(&outcome.definition, place);
    assert_eq!(of("@WIN_LOAD/primaryMachine"), "TST_WINQA01");
    assert_eq!(of("@WIN_LOAD/alternateMachine1"), "TST_WINDEV02");
    assert_eq!(of("@UNX_LOAD/primaryMachine"), "TST_UNXSIT01");
    assert_eq!(of("@@TST_FIN_DAILY/startTime"), "05:30");
    let property = outcome.definition.value()["propertyList"].as_array().unwrap();
    assert!(property.iter().any(|p| p["name"] == "TST_ENV_NAME" && p["value"] == "TST"));
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    for text in ["\u{feff}{\"transformationsList\": []}", "\u{feff}let x = 1;"] {
        assert!(compile(text).is_ok());
    }
}
