//! The description of the HTTP API, made of the handlers' own annotations and the event schemas.

use std::sync::LazyLock;

use helan_http::{ErrorAnswer, ErrorLine};
use serde_json::Value;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::answer::{Accepted, CharsetUsed, HowKnown, RepeatedCell, RepeatedCells, RowAt, TableRead};
use crate::outcome::OutcomeAnswer;
use crate::publish::{CatalogAnswer, LimitsAnswer};
use crate::routes;

#[derive(OpenApi)]
#[openapi(
    info(title = "Helan", description = "Takes the reports of cities and parks, says what became of them, and answers questions. Errors: ERRORS.md."),
    paths(
        routes::events,
        routes::submissions,
        routes::templates,
        routes::catalog,
        routes::healthz,
        routes::readyz,
        routes::metrics,
        routes::openapi_json
    ),
    components(schemas(
        Accepted,
        OutcomeAnswer,
        CharsetUsed,
        HowKnown,
        TableRead,
        RepeatedCells,
        RepeatedCell,
        RowAt,
        CatalogAnswer,
        LimitsAnswer,
        ErrorAnswer,
        ErrorLine
    )),
    modifiers(&Bearer)
)]
struct Api;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("helan_<id>_<secret>").build();
        openapi.components.get_or_insert_default().add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// An event as examples show it.
const EXAMPLE: &str = include_str!("../../../schemas/events/valid/minimal.json");

/// The document as JSON.
pub fn document() -> Value {
    let mut document = serde_json::to_value(Api::openapi()).expect("an OpenAPI document is JSON");
    let schemas = &mut document["components"]["schemas"];
    for (name, text) in helan_schemas::events::SCHEMAS {
        schemas[name] = serde_json::from_str(text).expect("the schemas are tested to be JSON");
    }
    let of = |name: &str| serde_json::json!({ "$ref": format!("#/components/schemas/{name}") });
    schemas["Event"] = serde_json::json!({ "oneOf": helan_schemas::events::SCHEMAS.map(|(name, _)| of(name)) });
    schemas["Events"] = serde_json::json!({ "type": "array", "minItems": 1, "items": of("Event") });
    schemas["EventOrEvents"] = serde_json::json!({ "oneOf": [of("Event"), of("Events")] });
    let bodies = &mut document["paths"]["/v1/events"]["post"]["requestBody"]["content"];
    let example: Value = serde_json::from_str(EXAMPLE).expect("the examples are tested to be JSON");
    // Generators make one parameter of all bodies that have a schema, and tell them apart by their types. Events and arrays
    // of them are both taken as application/json, so that has the schema; CloudEvents' own media types have examples.
    bodies["application/json"] = serde_json::json!({ "schema": of("EventOrEvents") });
    bodies["application/cloudevents+json"] = serde_json::json!({ "example": example });
    bodies["application/cloudevents-batch+json"] = serde_json::json!({ "example": [example] });
    document
}

/// The document as text, made once.
pub(crate) fn text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| document().to_string());
    &TEXT
}
