//! The description of the HTTP API, made of the handlers' own annotations and the event schemas.

use std::sync::LazyLock;

use serde_json::Value;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::answer::{
    Accepted, CharsetUsed, ErrorAnswer, ErrorLine, HowKnown, RepeatedCell, RepeatedCells, RowAt, TableRead,
};
use crate::outcome::OutcomeAnswer;
use crate::publish::{CatalogAnswer, LimitsAnswer};
use crate::routes;

#[derive(OpenApi)]
#[openapi(
    info(title = "Helan ingest", description = "Takes the reports of cities and parks. Errors: ERRORS.md."),
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

/// The media types of `/v1/events` and the schema of each.
const BODIES: [(&str, &str); 3] = [
    ("application/cloudevents+json", "#/components/schemas/Event"),
    ("application/cloudevents-batch+json", "#/components/schemas/Events"),
    ("application/json", "#/components/schemas/EventOrEvents"),
];

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
    for (media_type, schema) in BODIES {
        let body = &mut document["paths"]["/v1/events"]["post"]["requestBody"]["content"][media_type];
        *body = serde_json::json!({ "schema": { "$ref": schema } });
    }
    document
}

/// The document as text, made once.
pub(crate) fn text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| document().to_string());
    &TEXT
}
