//! A catalog: areas, relations, groups, indicators, bases, targets, reporters and what they owe, as data files.

mod against;
mod check;
mod codes;
mod load;
mod lookup;
mod problem;
mod read;
mod rows;
mod span;
mod warn;

#[cfg(test)]
mod tests;

pub use check::is_taken;
pub use codes::*;
pub use load::ExportError;
pub use lookup::Bounds;
pub use problem::Problem;
pub use rows::*;

/// A whole catalog, read and checked.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// `catalog.toml`.
    pub head: Head,
    /// `areas.csv`.
    pub areas: Vec<Area>,
    /// `relations.csv`.
    pub relations: Vec<AreaRelation>,
    /// `groups.csv`.
    pub groups: Vec<Group>,
    /// `group_members.csv`.
    pub group_members: Vec<GroupMember>,
    /// `indicators.csv`.
    pub indicators: Vec<Indicator>,
    /// `bases.csv`.
    pub bases: Vec<Basis>,
    /// `editions.csv`.
    pub editions: Vec<Edition>,
    /// `targets.csv`.
    pub targets: Vec<Target>,
    /// `reporters.csv`.
    pub reporters: Vec<Reporter>,
    /// `sources.csv`.
    pub sources: Vec<Source>,
    /// `scopes.csv`.
    pub scopes: Vec<Scope>,
    /// `obligations.csv`.
    pub obligations: Vec<Obligation>,
    /// `bounds.csv`.
    pub bounds: Vec<Bound>,
    /// `rules.csv`.
    pub rules: Vec<Rule>,
    /// `moves.csv`.
    pub moves: Vec<Move>,
    /// The files' texts by name, in the order of the names, without byte order mark and with plain line ends.
    pub files: std::collections::BTreeMap<String, String>,
    /// SHA-256 over the files, hexadecimal.
    pub digest: String,
    index: lookup::Index,
}
