//! Statements that are the connection's own affair: transactions, settings, cursors.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::scalar::ScalarValue;
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::data::NoData;
use pgwire::messages::response::TransactionStatus;

use super::asking::Open;
use super::{EACH, Life, Portal, Session, State, Step, short};
use crate::encode;
use crate::problem::{Own, Problem};
use crate::settings::{AS_OF, RECORDED};
use crate::statement::Statement;

/// Rows of texts.
fn texts(names: &[&str], rows: &[Vec<String>]) -> Step<Open> {
    let fields: Vec<_> = names.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect();
    let column = |at: usize| {
        let values = rows.iter().map(|row| row.get(at).map(String::as_str));
        Arc::new(values.collect::<StringArray>()) as ArrayRef
    };
    let columns = (0..names.len()).map(column).collect();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns);
    Open::of(batch.map_err(|error| Problem::found(Own::Type, error))?)
}

impl Session {
    /// Carries one out, and sends its rows if it has any. `parameters`: for the question of a cursor; `most`: rows of one
    /// call; `describes`: with their columns.
    pub(super) async fn own(
        &mut self,
        statement: Statement,
        parameters: Vec<ScalarValue>,
        codes: &[i16],
        most: Option<usize>,
        describes: bool,
    ) -> Step<()> {
        let mut tag = statement.tag().to_owned();
        match statement {
            Statement::Begin if self.transaction == TransactionStatus::Idle => {
                self.settings.begin_transaction();
                self.transaction = TransactionStatus::Transaction;
            }
            Statement::Begin => {}
            Statement::Commit | Statement::Rollback => {
                let committed = matches!(statement, Statement::Commit) && self.transaction != TransactionStatus::Error;
                if !committed {
                    tag = "ROLLBACK".to_owned();
                }
                self.settings.end_transaction(committed);
                self.transaction = TransactionStatus::Idle;
                self.end_portals(committed);
                self.tell_settings()?;
            }
            Statement::Savepoint("ROLLBACK") if self.transaction == TransactionStatus::Error => {
                self.transaction = TransactionStatus::Transaction;
            }
            Statement::Set { name, value, local } => {
                let name = match value {
                    Some(value) if [AS_OF, RECORDED].contains(&name.to_ascii_lowercase().as_str()) => {
                        self.moment(&value).await?;
                        self.settings.set(&name, &value, local)?
                    }
                    Some(value) => self.settings.set(&name, &value, local)?,
                    None => self.settings.reset(&name)?,
                };
                self.tell_setting(name)?;
            }
            Statement::Reset(Some(name)) => {
                let name = self.settings.reset(&name)?;
                self.tell_setting(name)?;
            }
            Statement::Reset(None) => self.reset_all()?,
            Statement::Discard("DISCARD ALL") => {
                if self.transaction != TransactionStatus::Idle {
                    return Err(Problem::found(Own::NotOffered, "discard all within a transaction").into());
                }
                self.statements.clear();
                self.portals.clear();
                self.reset_all()?;
            }
            Statement::Deallocate(Some(name)) => {
                let known = self.statements.remove(&name);
                known.ok_or_else(|| Problem::found(Own::Statement, format!("{name:?}")))?;
            }
            Statement::Deallocate(None) => self.statements.clear(),
            Statement::Declare { name, text, holds } => {
                if self.transaction == TransactionStatus::Idle && !holds {
                    return Err(Problem::found(Own::NotOffered, "declare outside a transaction").into());
                }
                if self.portals.contains_key(&name) {
                    return Err(Problem::found(Own::CursorTwice, format!("{name:?}")).into());
                }
                short(&name)?;
                let others = self.portals.values().map(|portal| &portal.kept);
                let kept = self.front.kept.room(others, EACH + name.len())?;
                let state = State::Open(Box::new(self.open(&text, parameters).await?));
                self.portals.insert(
                    name,
                    Portal {
                        state,
                        codes: Vec::new(),
                        kept,
                        life: if holds { Life::Holds } else { Life::Transaction },
                    },
                );
            }
            Statement::Close(Some(name)) => {
                let known = self.portals.remove(&name);
                known.ok_or_else(|| Problem::found(Own::Cursor, format!("{name:?}")))?;
            }
            Statement::Close(None) => self.portals.clear(),
            Statement::Fetch { name, rows, skip } => {
                let sent = self.fetch(&name, rows, codes, (describes, skip)).await?;
                tag = if skip { format!("MOVE {sent}") } else { format!("FETCH {sent}") };
            }
            Statement::Show(name) => {
                let mut open = self.shown(name.as_deref())?;
                let binary = encode::formats(codes, open.columns.len())?;
                if describes {
                    self.wire.put(&PgWireBackendMessage::RowDescription(open.described(&binary)))?;
                }
                self.rows(&mut open, Some(&binary), most).await?;
            }
            Statement::Savepoint(_)
            | Statement::Discard(_)
            | Statement::Unlisten
            | Statement::Empty
            | Statement::Question(_) => {}
        }
        self.complete(tag)
    }

    /// Describes what an own statement would answer.
    pub(super) fn describe_own(&mut self, statement: &Statement, codes: &[i16]) -> Step<()> {
        let described = match statement {
            Statement::Show(name) => {
                let open = self.shown(name.as_deref())?;
                Some(open.described(&encode::formats(codes, open.columns.len())?))
            }
            Statement::Fetch { name, skip: false, .. } => match self.portals.get(name).map(|portal| &portal.state) {
                Some(State::Open(open)) => Some(open.described(&encode::formats(codes, open.columns.len())?)),
                _ => None,
            },
            _ => None,
        };
        let message = match described {
            Some(described) => PgWireBackendMessage::RowDescription(described),
            None => PgWireBackendMessage::NoData(NoData::new()),
        };
        Ok(self.wire.put(&message)?)
    }

    /// The next rows of a cursor; those that are skipped are read and not sent.
    async fn fetch(
        &mut self,
        name: &str,
        rows: Option<usize>,
        codes: &[i16],
        (describes, skip): (bool, bool),
    ) -> Step<u64> {
        let unknown = || Problem::found(Own::Cursor, format!("{name:?}"));
        let mut portal = self.portals.remove(name).ok_or_else(unknown)?;
        let State::Open(open) = &mut portal.state else {
            return match portal.state {
                State::Failed(problem) => Err((*problem).into()),
                _ => Err(unknown().into()),
            };
        };
        let binary = encode::formats(codes, open.columns.len())?;
        if describes && !skip {
            self.wire.put(&PgWireBackendMessage::RowDescription(open.described(&binary)))?;
        }
        let before = open.sent;
        self.rows(open, (!skip).then_some(binary.as_slice()), rows).await?;
        let sent = open.sent - before;
        self.portals.insert(name.to_owned(), portal);
        Ok(sent)
    }

    /// Whether a text is a moment: the desk knows the catalog's time zone.
    pub(super) async fn moment(&mut self, text: &str) -> Step<()> {
        self.still_known()?;
        if !text.trim().is_empty() {
            self.front.parts.desk.moment(text.trim()).await?;
        }
        Ok(())
    }

    fn shown(&self, name: Option<&str>) -> Step<Open> {
        match name {
            Some(name) => {
                let (name, value) = self.settings.show(name)?;
                texts(&[crate::settings::told_as(name)], &[vec![value]])
            }
            None => {
                let rows =
                    self.settings.all().map(|(name, value)| vec![name.to_owned(), value.to_owned(), String::new()]);
                texts(&["name", "setting", "description"], &rows.collect::<Vec<_>>())
            }
        }
    }

    fn reset_all(&mut self) -> Step<()> {
        self.settings.reset_all();
        self.tell_settings()
    }

    fn tell_settings(&mut self) -> Step<()> {
        for name in ["application_name", "timezone", "datestyle"] {
            self.tell_setting(name)?;
        }
        Ok(())
    }
}
