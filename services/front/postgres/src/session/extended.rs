//! The extended protocol: a statement is parsed, bound to parameters, described and executed in steps of their own.

use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::data::{NoData, ParameterDescription};
use pgwire::messages::extendedquery::{
    Bind, BindComplete, Close, CloseComplete, Describe, Execute, Parse, ParseComplete, PortalSuspended,
    TARGET_TYPE_BYTE_STATEMENT,
};
use pgwire::messages::response::EmptyQueryResponse;

use super::{Described, EACH, Life, PARAMETER, Portal, Prepared, Session, State, Step, short};
use crate::decode;
use crate::encode;
use crate::problem::{Own, Problem};
use crate::statement::{self, Statement};
use crate::types::UNKNOWN;

impl Session {
    pub(super) async fn parse(&mut self, parse: Parse) -> Step<()> {
        let name = parse.name.unwrap_or_default();
        short(&name)?;
        if !name.is_empty() && self.statements.contains_key(&name) {
            return Err(Problem::found(Own::StatementTwice, format!("{name:?}")).into());
        }
        let mut statements = statement::read(&parse.query)?;
        statements.retain(|statement| *statement != Statement::Empty || parse.query.trim().is_empty());
        let statement = match statements.len() {
            0 => Statement::Empty,
            1 => statements.remove(0),
            more => return Err(helan_query::desk::Unanswered::Statements(more).into()),
        };
        self.allowed(&statement)?;
        let mut kept = EACH + name.len() + statement.bytes() + parse.type_oids.len() * PARAMETER;
        let room = |session: &Self, kept| {
            session.front.kept.room(session.statements.values().map(|prepared| &prepared.kept), kept)
        };
        room(self, kept)?;
        // What is unknown to the client is found by the engine.
        let oids = parse.type_oids.into_iter().map(|oid| if oid == UNKNOWN.oid { 0 } else { oid });
        let mut oids: Vec<u32> = oids.collect();
        // Planned now, so that a wrong text is refused here; parameters are bound by the types that are found.
        let described = match statement.question() {
            Some(text) => {
                decode::named_by_casts(text, &mut oids);
                Some(self.described(text, &oids).await?)
            }
            None => None,
        };
        if let Some(described) = &described {
            kept += described.columns.len() * EACH + described.parameters.len() * PARAMETER;
        }
        let kept = room(self, kept)?;
        self.statements.insert(name, Prepared { statement, oids, described, kept });
        Ok(self.wire.put(&PgWireBackendMessage::ParseComplete(ParseComplete::new()))?)
    }

    pub(super) async fn bind(&mut self, bind: Bind) -> Step<()> {
        let name = bind.statement_name.unwrap_or_default();
        let prepared = self.statements.get(&name).ok_or_else(|| Problem::found(Own::Statement, format!("{name:?}")))?;
        let portal = bind.portal_name.unwrap_or_default();
        short(&portal)?;
        if !portal.is_empty() && self.portals.contains_key(&portal) {
            return Err(Problem::found(Own::CursorTwice, format!("{portal:?}")).into());
        }
        let values: usize =
            bind.parameters.iter().map(|value| value.as_ref().map_or(0, |value| value.len()) + PARAMETER).sum();
        let codes = bind.result_column_format_codes.len() * size_of::<i16>();
        let kept = EACH + portal.len() + prepared.statement.bytes() + values + codes;
        let kept = self.front.kept.room(self.portals.values().map(|portal| &portal.kept), kept)?;
        let types = prepared.described.as_ref().map_or(&[][..], |described| &described.parameters);
        if bind.parameters.len() != types.len() {
            let found = format!("{}, not {}", types.len(), bind.parameters.len());
            return Err(Problem::found(Own::Parameters, found).into());
        }
        let binary = encode::formats(&bind.parameter_format_codes, types.len())?;
        let values =
            bind.parameters.iter().zip(types).zip(binary).zip(0..).map(|(((bytes, (oid, found)), binary), at)| {
                let named = prepared.oids.get(at).copied().unwrap_or(0);
                let oid = if binary { *oid } else { named };
                decode::value(bytes.as_deref(), binary, oid, found.as_ref())
            });
        let parameters = values.collect::<Result<Vec<_>, Problem>>()?;
        let state = match prepared.statement.clone() {
            Statement::Question(text) => State::Question { text, parameters },
            own => State::Own(own, parameters),
        };
        self.allowed(&prepared.statement)?;
        self.portals
            .insert(portal, Portal { state, codes: bind.result_column_format_codes, kept, life: Life::Transaction });
        Ok(self.wire.put(&PgWireBackendMessage::BindComplete(BindComplete::new()))?)
    }

    pub(super) async fn describe(&mut self, describe: Describe) -> Step<()> {
        let name = describe.name.unwrap_or_default();
        if describe.target_type == TARGET_TYPE_BYTE_STATEMENT {
            let prepared =
                self.statements.get(&name).ok_or_else(|| Problem::found(Own::Statement, format!("{name:?}")))?;
            let (statement, described) = (prepared.statement.clone(), prepared.described.clone());
            let parameters = described.iter().flat_map(|described| &described.parameters).map(|(oid, _)| *oid);
            let parameters = ParameterDescription::new(parameters.collect());
            self.wire.put(&PgWireBackendMessage::ParameterDescription(parameters))?;
            return match described {
                // A cursor has parameters, but no rows of its own.
                Some(Described { schema, columns, .. }) if matches!(statement, Statement::Question(_)) => {
                    let described = encode::describe(&schema, &columns, &[]);
                    Ok(self.wire.put(&PgWireBackendMessage::RowDescription(described))?)
                }
                _ => self.describe_own(&statement, &[]),
            };
        }
        let mut portal = self.portals.remove(&name).ok_or_else(|| Problem::found(Own::Cursor, format!("{name:?}")))?;
        if let State::Question { text, parameters } = &mut portal.state {
            let (text, parameters) = (std::mem::take(text), std::mem::take(parameters));
            portal.state = State::Open(Box::new(self.open(&text, parameters).await?));
        }
        let told = match &portal.state {
            State::Open(open) => {
                let binary = encode::formats(&portal.codes, open.columns.len())?;
                Ok(self.wire.put(&PgWireBackendMessage::RowDescription(open.described(&binary)))?)
            }
            State::Own(statement, _) => {
                let statement = statement.clone();
                self.describe_own(&statement, &portal.codes)
            }
            State::Failed(problem) => Err(problem.as_ref().clone().into()),
            State::Question { .. } | State::Done => Ok(self.wire.put(&PgWireBackendMessage::NoData(NoData::new()))?),
        };
        self.portals.insert(name, portal);
        told
    }

    pub(super) async fn execute(&mut self, execute: Execute) -> Step<()> {
        let name = execute.name.unwrap_or_default();
        let mut portal = self.portals.remove(&name).ok_or_else(|| Problem::found(Own::Cursor, format!("{name:?}")))?;
        let most = usize::try_from(execute.max_rows).ok().filter(|most| *most > 0);
        let mut open = match portal.state {
            State::Question { text, parameters } => Box::new(self.open(&text, parameters).await?),
            State::Open(open) => open,
            State::Failed(problem) => return Err((*problem).into()),
            State::Done => {
                self.portals.insert(name, Portal { state: State::Done, ..portal });
                return self.complete("SELECT 0".to_owned());
            }
            State::Own(Statement::Empty, _) => {
                return Ok(self.wire.put(&PgWireBackendMessage::EmptyQueryResponse(EmptyQueryResponse::new()))?);
            }
            State::Own(statement, parameters) => {
                self.allowed(&statement)?;
                return self.own(statement, parameters, &portal.codes, most, false).await;
            }
        };
        let binary = encode::formats(&portal.codes, open.columns.len())?;
        let before = open.sent;
        let sent_all = self.rows(&mut open, Some(&binary), most).await?;
        let sent = open.sent - before;
        portal.state = if sent_all { State::Done } else { State::Open(open) };
        self.portals.insert(name, portal);
        match sent_all {
            true => self.complete(format!("SELECT {sent}")),
            false => Ok(self.wire.put(&PgWireBackendMessage::PortalSuspended(PortalSuspended::new()))?),
        }
    }

    pub(super) fn close(&mut self, close: Close) -> Step<()> {
        let name = close.name.unwrap_or_default();
        if close.target_type == TARGET_TYPE_BYTE_STATEMENT {
            self.statements.remove(&name);
        } else {
            self.portals.remove(&name);
        }
        Ok(self.wire.put(&PgWireBackendMessage::CloseComplete(CloseComplete::new()))?)
    }
}
