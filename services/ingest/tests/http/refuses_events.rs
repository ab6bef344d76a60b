//! Events that say something wrong: each one its code.

use serde_json::{Value, json};

use crate::world::*;

/// One wrong member of the payload, one error.
#[tokio::test]
async fn payloads() {
    let world = World::new().await;
    let nines = "9".repeat(300);
    for (field, value, code) in [
        ("value", json!(nines), "number_out_of_range"),
        ("value", json!("1e400"), "number_out_of_range"),
        ("value", json!("1e17"), "number_out_of_range"),
        ("value", json!("0.12345678901"), "number_too_many_decimals"),
        ("value", json!("NaN"), "number_not_finite"),
        ("value", json!("-Infinity"), "number_not_finite"),
        ("value", json!("1,000"), "number_syntax"),
        ("value", json!("12万"), "number_with_multiplier"),
        ("value", json!("3.81亿元"), "number_with_multiplier"),
        ("value", json!("-"), "value_is_mark"),
        ("value", json!("…"), "value_is_mark"),
        ("value", json!("暂无"), "value_is_mark"),
        ("value", json!(" 1"), "number_syntax"),
        ("value", json!("０"), "number_syntax"),
        ("value", json!(true), "wrong_type"),
        ("value", json!([[[[1]]]]), "wrong_type"),
        ("value", json!({"v": 1}), "wrong_type"),
        ("value", json!(""), "value_missing"),
        ("value", Value::Null, "value_missing"),
        ("value", json!("2500005000"), "above_maximum"),
        ("value", json!("-5"), "below_minimum"),
        ("value", json!("25.00005"), "below_minimum"),
        ("unit", json!("USD"), "unit_mismatch"),
        ("unit", json!("cny"), "unit_mismatch"),
        ("unit", Value::Null, "missing_field"),
        ("unit_mult", json!(19), "unit_mult_invalid"),
        ("unit_mult", json!("4"), "wrong_type"),
        ("unit_mult", json!(4.5), "wrong_type"),
        ("time_period", json!("2018-13"), "period_not_existing"),
        ("time_period", json!("2018-02-30"), "period_not_existing"),
        ("time_period", json!("2018年"), "period_syntax"),
        ("time_period", json!("2018-06-01/2018-01-01"), "period_ends_before_start"),
        ("time_period", json!("2018-01-01/P0M"), "period_ends_before_start"),
        ("time_period", json!("2020"), "period_in_future"),
        ("time_period", json!("2019-Q4/P1M"), "period_syntax"),
        ("time_period", Value::Null, "missing_field"),
        ("ref_area", json!(640_100), "wrong_type"),
        ("ref_area", json!(""), "missing_field"),
        ("indicator", Value::Null, "missing_field"),
        ("obs_status", json!("X"), "obs_status_unknown"),
        ("conf_status", json!("Z"), "conf_status_unknown"),
        ("vintage", json!("latest"), "vintage_unknown"),
        ("role", json!("official"), "role_unknown"),
        ("entity", json!({"name": "x"}), "entity_not_enabled"),
        ("entity", json!("91640100"), "entity_not_enabled"),
        ("withdraws", json!("b"), "field_not_allowed"),
        ("valeu", json!(1), "unknown_field"),
        ("prepared_by", json!("a\u{7}b"), "text_control"),
        ("approved_by", json!("\u{202e}abc"), "text_control"),
        ("evidence", json!("a\nb"), "text_control"),
        ("note", json!("fine\u{e0041}\u{e0042}"), "text_control"),
        ("prepared_by", json!("60\u{ad}40"), "text_control"),
        ("note", json!("n".repeat(5000)), "text_too_long"),
        ("prepared_by", json!("n".repeat(300)), "text_too_long"),
        ("published_at", json!("tomorrow"), "published_at_invalid"),
        ("published_at", json!("2019-08-30 09:00:00Z"), "published_at_invalid"),
        ("published_at", json!("2019-08-30T09:00:00"), "published_at_invalid"),
        ("published_at", json!("2019-02-29"), "published_at_invalid"),
        ("published_at", json!("2019-10-01T09:00:00+08:00"), "published_in_future"),
        ("published_at", json!("2019-10-02"), "published_in_future"),
    ] {
        let call = Call::events(with(bureau_event("a"), field, value));
        world.refused("nx-stats", call, &[(code, &format!("data.{field}"))]).await;
    }
}

#[tokio::test]
async fn what_the_kind_of_indicator_forbids() {
    let world = World::new().await;
    let stock = with(with(bureau_event("a"), "indicator", json!("population")), "unit", json!("PERSON"));
    let stock = with(with(stock, "unit_mult", json!(0)), "value", json!("6880000"));
    let call = Call::events(with(stock, "time_period", json!("2018-01-01/P6M")));
    world.refused("nx-stats", call, &[("stock_with_range", "data.time_period")]).await;
    let of_kjt = |indicator: &str, unit: &str, value: &str| {
        let mut event = event("a");
        event["source"] = json!("/nx/nx-kjt");
        event["data"] = json!({
            "ref_area": "640000", "indicator": indicator, "time_period": "2018", "value": value, "unit": unit
        });
        Call::events(event)
    };
    for (indicator, unit, value, code) in [
        ("major_projects", "ITEM", "-1", "negative_count"),
        ("major_projects", "ITEM", "1.5", "count_not_whole"),
        ("plan_class_reforms", "ITEM", "3.5", "count_not_whole"),
        ("leading_group_meeting", "BOOL", "2", "milestone_not_0_or_1"),
        ("leading_group_meeting", "BOOL", "0.5", "milestone_not_0_or_1"),
        ("leading_group_meeting", "BOOL", "-1", "milestone_not_0_or_1"),
    ] {
        world.refused("nx-kjt", of_kjt(indicator, unit, value), &[(code, "data.value")]).await;
    }
    let call = of_kjt("two_meetings", "ITEM", "1");
    let answer = world.send("nx-kjt", call).await;
    assert_eq!(answer.errors()[0], ("indicator_computed".into(), "data.indicator".into()));
}

#[tokio::test]
async fn values_and_their_absence() {
    let world = World::new().await;
    let missing = with(with(event("a"), "value", Value::Null), "obs_status", json!("M"));
    let with_value = with(missing.clone(), "value", json!("0"));
    let call = Call::events(with_value);
    world.refused("yinchuan", call, &[("value_with_status", "data.value")]).await;
    assert_eq!(world.send("yinchuan", Call::events(missing)).await.status, 202);
}

/// Every code of CL_OBS_STATUS 2.2, with a value and without.
#[tokio::test]
async fn every_status_of_the_code_list() {
    let world = World::new().await;
    for code in ["A", "B", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P", "Q", "S", "U", "V", "W"] {
        let valued = with(bureau_event("a"), "obs_status", json!(code));
        let blank = with(valued.clone(), "value", Value::Null);
        let taken = [valued, blank].map(Call::events);
        let mut answers = Vec::new();
        for call in taken {
            let answer = world.send("nx-stats", call).await;
            answers.push(answer.json["code"].as_str().unwrap_or("taken").to_owned());
        }
        let expected = match code {
            "H" | "K" | "L" | "M" | "O" | "Q" => ["value_with_status", "taken"],
            "J" | "S" => ["taken", "taken"],
            _ => ["taken", "value_missing"],
        };
        assert_eq!(answers, expected, "{code}");
    }
    for code in ["C", "R", "T", "X", "Y", "Z", "_", "a", ""] {
        let answer = world.send("nx-stats", Call::events(with(bureau_event("a"), "obs_status", json!(code)))).await;
        assert_eq!(answer.status, if code.is_empty() { 202 } else { 422 }, "{code}: {}", answer.text);
    }
}

/// One wrong attribute, one error.
#[tokio::test]
async fn attributes() {
    let world = World::new().await;
    for (name, value, code) in [
        ("specversion", json!("0.3"), "specversion_unsupported"),
        ("specversion", Value::Null, "missing_field"),
        ("id", json!(""), "missing_field"),
        ("id", json!(7), "wrong_type"),
        ("id", json!("a\u{0}"), "id_invalid"),
        ("id", json!(" a"), "id_invalid"),
        ("id", json!("a\u{ad}"), "id_invalid"),
        ("id", json!("x".repeat(129)), "id_invalid"),
        ("source", json!("/nx/yin chuan"), "source_invalid"),
        ("source", json!("x".repeat(257)), "source_invalid"),
        ("source", json!(""), "source_missing"),
        ("type", json!("helan.observation.approved.v1"), "type_unknown"),
        ("type", Value::Null, "missing_field"),
        ("time", json!("yesterday"), "time_invalid"),
        ("datacontenttype", json!("text/xml"), "datacontenttype_unsupported"),
        ("subject", json!("x".repeat(600)), "text_too_long"),
        ("dataschema", json!("a\tb"), "text_control"),
        ("data", json!("text"), "wrong_type"),
        ("Extension", json!(1), "unknown_field"),
        ("spec_version", json!("1.0"), "unknown_field"),
        ("tiime", json!("2019-08-30T09:00:00Z"), "unknown_field"),
        ("vintage", json!("final"), "unknown_field"),
        ("traceparent", json!({}), "wrong_type"),
    ] {
        let mut event = event("a");
        event[name] = value.clone();
        if value.is_null() {
            event.as_object_mut().expect("object").remove(name);
        }
        world.refused("yinchuan", Call::events(event), &[(code, name)]).await;
    }
    let mut event = event("a");
    event.as_object_mut().expect("object").remove("data");
    world.refused("yinchuan", Call::events(event), &[("missing_field", "data")]).await;
}

#[tokio::test]
async fn withdrawals() {
    let world = World::new().await;
    let withdrawal = |data: Value| {
        let mut event = event("w");
        event["type"] = json!("helan.observation.withdrawn.v1");
        event["data"] = data;
        Call::events(event)
    };
    for (data, code, field) in [
        (json!({"note": "x"}), "withdraws_missing", "data.withdraws"),
        (json!({"withdraws": "w"}), "withdraws_itself", "data.withdraws"),
        (json!({"withdraws": "a", "value": 1}), "field_not_allowed", "data.value"),
        (json!({"withdraws": "a", "published_at": "2019-01-01"}), "field_not_allowed", "data.published_at"),
        (json!({"withdraws": "a", "time_period": "2018"}), "field_not_allowed", "data.time_period"),
        (json!({"withdraws": "a", "ref_area": "999"}), "unknown_area", "data.ref_area"),
        (json!({"withdraws": "a", "indicator": "x"}), "unknown_indicator", "data.indicator"),
        (json!({"withdraws": "a".repeat(129)}), "text_too_long", "data.withdraws"),
    ] {
        let answer = world.send("yinchuan", withdrawal(data)).await;
        assert_eq!(answer.errors()[0], (code.to_owned(), field.to_owned()), "{}", answer.text);
    }
    assert_eq!(world.submissions().await, 0);
    assert_eq!(world.send("yinchuan", withdrawal(json!({"withdraws": "a", "note": "录入错误"}))).await.status, 202);
}

#[tokio::test]
async fn batches() {
    let world = World::new().await;
    let repeated = json!([event("a"), event("b"), event("a")]);
    let answer = world.refused("yinchuan", Call::events(repeated), &[("repeated_id", "id")]).await;
    assert_eq!((&answer.json["errors"][0]["row"], &answer.json["errors"][0]["id"]), (&json!(3), &json!("a")));
    let changed = json!([event("a"), with(event("a"), "value", json!("1000"))]);
    world.refused("yinchuan", Call::events(changed), &[("repeated_id", "id")]).await;
    let mut other = event("b");
    other["source"] = json!("/nx/yinchuan/demo");
    world.refused("yinchuan", Call::events(json!([event("a"), other])), &[("source_mixed", "source")]).await;
    world.refused("yinchuan", Call::events("[]"), &[("empty_batch", "")]).await;
}

/// Errors of form and of content, in many rows, all at once, each with its row; one good row does not help.
#[tokio::test]
async fn every_error_of_every_row() {
    let world = World::new().await;
    let mut both = with(with(event("r2"), "value", json!("x")), "unit", json!("USD"));
    both["Extra"] = json!(1);
    let batch = json!([event("r1"), both, 7, with(event("r4"), "ref_area", json!("999999"))]);
    let answer = world.refused(
        "yinchuan",
        Call::events(batch),
        &[
            ("unknown_field", "Extra"),
            ("unit_mismatch", "data.unit"),
            ("number_syntax", "data.value"),
            ("json_shape", ""),
            ("unknown_area", "data.ref_area"),
        ],
    );
    let answer = answer.await;
    let rows: Vec<_> = answer.json["errors"].as_array().expect("list").iter().map(|error| &error["row"]).collect();
    assert_eq!(rows, [2, 2, 2, 3, 4]);
    let refusal = world.last_refusal().await;
    assert_eq!(refusal.errors[0].index, Some(1));
    assert_eq!(refusal.errors[0].id.as_deref(), Some("r2"));
    assert_eq!(answer.json["submission"].as_str(), refusal.submission.as_deref());
    for error in answer.json["errors"].as_array().expect("list") {
        for name in ["message_zh", "message_en", "hint_zh", "hint_en"] {
            assert!(error[name].as_str().is_some_and(|text| !text.is_empty()), "{error}");
        }
    }
}

#[tokio::test]
async fn errors_beyond_the_limit_are_counted() {
    let world = World::new().await;
    let batch: Vec<_> = (0..250).map(|n| with(event(&n.to_string()), "value", json!("x"))).collect();
    let answer = world.send("yinchuan", Call::events(json!(batch))).await;
    assert_eq!((answer.errors().len(), &answer.json["more"]), (100, &json!(150)));
    assert_eq!(world.last_refusal().await.more, 150);
}

/// What was most likely meant stands in the message, in both languages.
#[tokio::test]
async fn names_what_was_meant() {
    let world = World::new().await;
    for (field, written, meant) in [
        ("indicator", "rd_expenditures", "rd_expenditure"),
        ("indicator", "GDP", "gdp"),
        ("indicator", "地区生产总值", "gdp"),
        ("indicator", "expenditure_rd", "rd_expenditure"),
        ("ref_area", "银川市", "640100"),
        ("ref_area", "宁夏", "640000"),
        ("ref_area", "宁夏省", "640000"),
        ("ref_area", "6401", "640100"),
        ("ref_area", "640100000000", "640100"),
        ("ref_area", "NX_ND", "NX-ND"),
    ] {
        let answer = world.send("yinchuan", Call::events(with(event("a"), field, json!(written)))).await;
        let error = &answer.json["errors"][0];
        let (en, zh) = (error["message_en"].as_str().expect("text"), error["message_zh"].as_str().expect("text"));
        assert!(en.ends_with(&format!("; did you mean {meant}?")), "{en}");
        assert!(zh.ends_with(&format!("，是否指 {meant}？")), "{zh}");
    }
    // Another code of as many digits is as likely any other.
    for (field, written) in [("ref_area", "640999"), ("indicator", "colour"), ("ref_area", ""), ("ref_area", "宁")] {
        let answer = world.send("yinchuan", Call::events(with(event("a"), field, json!(written)))).await;
        assert!(!answer.text.contains("did you mean"), "{}", answer.text);
    }
    let mut misplaced = with(event("a"), "unit_multi", json!(4));
    misplaced["vintage"] = json!("final");
    let answer = world.send("yinchuan", Call::events(misplaced)).await;
    for part in
        ["the field is not known; did you mean data.vintage?", "the field is not known; did you mean unit_mult?"]
    {
        assert!(answer.text.contains(part), "{part} {}", answer.text);
    }
    let table = Call::csv("ref_aera,indicator,time_period,value,unit\n640100,gdp,2018,1,CNY\n");
    let answer = world.send("yinchuan", table).await;
    assert!(answer.text.contains("\\\"ref_aera\\\"; did you mean ref_area?"), "{}", answer.text);
}
