//! The structure of the data as an SDMX-JSON 2.0.0 message: concepts, code lists, and which component has which.

use std::collections::BTreeMap;

use helan_runtime::clock::rfc_3339;
use helan_schemas::codes;
use serde_json::json;

use super::{
    AGENCY, ATTRIBUTES, Component, DIMENSIONS, Kind, NOT_APPLICABLE, STRUCTURE, VERSION, id, observation_status,
    residual, residual_area,
};
use crate::export::Export;
use crate::words;

/// Attributes that are the same for all rows.
const OF_THE_WHOLE: [&str; 4] = ["PUBLICATION", "AS_OF", "RELEASE_STATE", "EMBARGO_TIME"];

/// Code → Chinese, English.
type Codes = BTreeMap<String, (String, String)>;

fn codelists(export: &Export) -> Vec<(&'static str, &'static str, &'static str, Codes)> {
    let catalog = &export.catalog;
    let named = |code: &str, zh: &str, en: &str| (id(code), (zh.to_owned(), en.to_owned()));
    let mut areas: Codes = catalog.areas.iter().map(|area| named(&area.code, &area.name_zh, &area.name_en)).collect();
    areas.extend(catalog.groups.iter().map(|group| named(&group.group_id, &group.name_zh, &group.name_en)));
    let residuals = export.rows.iter().filter(|row| residual(export, row).is_some()).map(|row| {
        let code = &row.value.key.ref_area;
        let (zh, en) = export.place(code);
        (residual_area(code), (format!("{zh}（未分解）"), format!("{en} (not distributed)")))
    });
    areas.extend(residuals);
    let indicators = catalog.indicators.iter().map(|one| named(&one.indicator, &one.name_zh, &one.name_en));
    let mut targets: Codes =
        catalog.targets.iter().map(|one| named(&one.target_id, &one.name_zh, &one.name_en)).collect();
    targets.extend([named(NOT_APPLICABLE, "不适用", "Not applicable")]);
    let frequencies = [
        ("A", "年", "Annual"),
        ("S", "半年", "Half-yearly"),
        ("Q", "季", "Quarterly"),
        ("M", "月", "Monthly"),
        ("W", "周", "Weekly"),
        ("D", "日", "Daily"),
        ("_U", "累计时段", "A range of its own length"),
    ];
    let statuses = export.rows.iter().map(|row| {
        let (zh, en) = words::status(&row.value.status);
        named(&row.value.status, zh, en)
    });
    let residuals = export.rows.iter().filter_map(|row| residual(export, row).map(|residual| residual.status));
    let residuals: Vec<String> = residuals.chain(["residual".to_owned()]).collect();
    let statuses = statuses.chain(residuals.iter().map(|status| {
        let (zh, en) = words::status(status);
        named(status, zh, en)
    }));
    let mut observed: Codes = codes::OBS_STATUS_NAMES.iter().map(|(code, zh, en)| named(code, zh, en)).collect();
    for row in &export.rows {
        let code = observation_status(row);
        observed.entry(id(code)).or_insert_with(|| (code.to_owned(), code.to_owned()));
    }
    vec![
        ("CL_FREQ", "频率", "Frequency", frequencies.iter().map(|(code, zh, en)| named(code, zh, en)).collect()),
        ("CL_AREA", "地区和组", "Areas and groups", areas),
        ("CL_INDICATOR", "指标", "Indicators", indicators.collect()),
        ("CL_TARGET", "目标", "Targets", targets),
        ("CL_OBS_STATUS", "数值状态", "Observation status", observed),
        ("CL_VALUE_STATUS", "取值方式或结论", "Status of the value, or verdict", statuses.collect()),
    ]
}

/// The message as text: `meta` comes first, because readers look at the beginning to see which version it is.
pub(crate) fn structure(export: &Export) -> String {
    let head = &export.catalog.head;
    let concept =
        |name: &str| format!("urn:sdmx:org.sdmx.infomodel.conceptscheme.Concept={AGENCY}:CS_HELAN({VERSION}).{name}");
    let representation = |kind: &Kind| match kind {
        Kind::Coded(list) => {
            json!({"enumeration": format!("urn:sdmx:org.sdmx.infomodel.codelist.Codelist={AGENCY}:{list}({VERSION})")})
        }
        Kind::Free(data_type) => json!({"format": {"dataType": data_type}}),
    };
    let nameable = |id: &str, zh: &str, en: &str| json!({"id": id, "name": en, "names": {"zh": zh, "en": en}});
    let maintained = |id: &str, zh: &str, en: &str| {
        let mut value = nameable(id, zh, en);
        value["agencyID"] = json!(AGENCY);
        value["version"] = json!(VERSION);
        value
    };
    let time = Component("TIME_PERIOD", "时期", "Time period", Kind::Free("ObservationalTimePeriod"));
    let measure = Component("OBS_VALUE", "数值", "Observation value", Kind::Free("Decimal"));
    let every = DIMENSIONS.iter().chain([&time, &measure]).chain(&ATTRIBUTES);
    let mut concepts = maintained("CS_HELAN", "概念", "Concepts");
    concepts["concepts"] = every.map(|component| nameable(component.0, component.1, component.2)).collect();
    let lists = codelists(export).into_iter().map(|(list, zh, en, codes)| {
        let mut value = maintained(list, zh, en);
        let codes = codes.iter().map(|(code, (zh, en))| {
            // A name may be missing in one language; SDMX asks for one that is not empty.
            let or_code = |text: &str| if text.is_empty() { code.clone() } else { text.to_owned() };
            nameable(code, &or_code(zh), &or_code(en))
        });
        value["codes"] = codes.collect();
        value
    });
    let dimensions = DIMENSIONS.iter().map(|component| {
        json!({"id": component.0, "conceptIdentity": concept(component.0), "localRepresentation": representation(&component.3)})
    });
    let attributes = ATTRIBUTES.iter().map(|component| {
        let attached =
            if OF_THE_WHOLE.contains(&component.0) { json!({"dataflow": {}}) } else { json!({"observation": {}}) };
        json!({
            "id": component.0, "conceptIdentity": concept(component.0), "usage": "optional",
            "attributeRelationship": attached, "localRepresentation": representation(&component.3),
        })
    });
    let mut data_structure = maintained(STRUCTURE, "已发布数值", "Published values");
    data_structure["dataStructureComponents"] = json!({
        "dimensionList": {
            "id": "DimensionDescriptor",
            "dimensions": dimensions.collect::<Vec<_>>(),
            "timeDimension": {"id": time.0, "conceptIdentity": concept(time.0), "localRepresentation": representation(&time.3)},
        },
        "measureList": {
            "id": "MeasureDescriptor",
            "measures": [{"id": measure.0, "conceptIdentity": concept(measure.0), "usage": "optional", "localRepresentation": representation(&measure.3)}],
        },
        "attributeList": {"id": "AttributeDescriptor", "attributes": attributes.collect::<Vec<_>>()},
    });
    let mut dataflow = maintained(STRUCTURE, &head.name_zh, &head.name_en);
    dataflow["structure"] =
        json!(format!("urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure={AGENCY}:{STRUCTURE}({VERSION})"));
    dataflow["annotations"] = json!([
        {"type": "CATALOG", "title": format!("{} {}", head.id, export.catalog.digest)},
        {"type": "PUBLICATION", "title": export.publication.as_deref().unwrap_or("live")},
        {"type": "AS_OF", "title": rfc_3339(export.as_of)},
    ]);
    let meta = json!({
        "schema": "https://raw.githubusercontent.com/sdmx-twg/sdmx-json/v2.0.0/structure-message/tools/schemas/2.0.0/sdmx-json-structure-schema.json",
        "id": format!("HELAN_{}", export.publication.as_deref().unwrap_or("live")),
        "test": false,
        "prepared": rfc_3339(export.as_of),
        "contentLanguages": ["zh", "en"],
        "sender": {"id": AGENCY},
    });
    let data = json!({
        "conceptSchemes": [concepts],
        "codelists": lists.collect::<Vec<_>>(),
        "dataStructures": [data_structure],
        "dataflows": [dataflow],
    });
    // The schema's address must stand near the beginning, and serde_json sorts keys: so it is written by hand.
    let schema = &meta["schema"];
    let rest: Vec<_> = meta.as_object().into_iter().flatten().filter(|(key, _)| *key != "schema").collect();
    let rest: String = rest.into_iter().map(|(key, value)| format!(",\n    \"{key}\": {value}")).collect();
    format!("{{\n  \"meta\": {{\n    \"schema\": {schema}{rest}\n  }},\n  \"data\": {data:#}\n}}\n")
}
