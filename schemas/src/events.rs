//! The JSON Schemas of the events. Published versions are never edited; a change is a new version.

/// Name and text of each schema.
pub const SCHEMAS: [(&str, &str); 2] = [
    ("ObservationReportedV1", include_str!("../events/helan.observation.reported.v1.schema.json")),
    ("ObservationWithdrawnV1", include_str!("../events/helan.observation.withdrawn.v1.schema.json")),
];
