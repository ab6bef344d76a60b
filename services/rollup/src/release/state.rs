//! The state machine of releases: a pure function of the recorded events of one period.

use std::collections::BTreeMap;

/// Who does something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Id of the credential.
    pub credential: String,
    /// Its role: analyst or operator.
    pub role: String,
}

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// The draft was checked.
    Review,
    /// Somebody else than the reviewer answers for it.
    Approve,
    /// It may not be released before a moment (microseconds since the epoch).
    Embargo(i64),
    /// It is out.
    Release,
    /// Back to draft, before it is out.
    Return,
    /// It no longer stands; after this nothing follows.
    Withdraw,
    /// Reports of the period that come from now on are late.
    Close,
    /// Reports are taken as before.
    Reopen,
}

impl Act {
    /// The CloudEvents type under which it is recorded.
    pub fn event_type(&self) -> &'static str {
        match self {
            Self::Review => "helan.release.reviewed.v1",
            Self::Approve => "helan.release.approved.v1",
            Self::Embargo(_) => "helan.release.embargoed.v1",
            Self::Release => "helan.release.released.v1",
            Self::Return => "helan.release.returned.v1",
            Self::Withdraw => "helan.release.withdrawn.v1",
            Self::Close => "helan.period.closed.v1",
            Self::Reopen => "helan.period.reopened.v1",
        }
    }

    /// Reads a recorded type; none for types of later builds.
    pub fn parse(event_type: &str, until: Option<i64>) -> Option<Self> {
        let acts =
            [Self::Review, Self::Approve, Self::Release, Self::Return, Self::Withdraw, Self::Close, Self::Reopen];
        match until {
            Some(until) if event_type == "helan.release.embargoed.v1" => Some(Self::Embargo(until)),
            _ => acts.into_iter().find(|act| act.event_type() == event_type),
        }
    }

    /// The end of an embargo.
    pub fn until(&self) -> Option<i64> {
        match self {
            Self::Embargo(until) => Some(*until),
            _ => None,
        }
    }
}

/// One recorded event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// ULID.
    pub id: String,
    /// What was done.
    pub act: Act,
    /// To which publication; none where to the period.
    pub publication: Option<String>,
    /// The period.
    pub time_period: String,
    /// When, microseconds since the epoch.
    pub at: i64,
    /// By whom.
    pub actor: Actor,
    /// Why.
    pub why: String,
    /// Its number within the period, from 1.
    pub sequence: i64,
}

/// Where a publication stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Made, and nothing more.
    #[default]
    Draft,
    /// Checked.
    Reviewed,
    /// Answered for.
    Approved,
    /// Approved, and held back until then.
    Embargoed(i64),
    /// Out, and valid.
    Released,
    /// Was out; another of its period was released later.
    Superseded(String),
    /// No longer stands.
    Withdrawn,
}

impl State {
    /// Its name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Reviewed => "reviewed",
            Self::Approved => "approved",
            Self::Embargoed(_) => "embargoed",
            Self::Released => "released",
            Self::Superseded(_) => "superseded",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// How a publication stands, and who brought it there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Where it stands.
    pub state: State,
    /// Who reviewed it, since it last was a draft.
    pub reviewed_by: Option<String>,
    /// Who approved it, since it last was a draft.
    pub approved_by: Option<String>,
    /// The last event about it.
    pub last: Option<Event>,
}

/// Why an event may not follow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not from this state.
    #[error("the publication is {state}: it must be {from} before it can be {act}")]
    NotFrom {
        /// The state it is in.
        state: &'static str,
        /// What it was to become.
        act: &'static str,
        /// What it has to be for that.
        from: &'static str,
    },
    /// Nothing follows a withdrawal.
    #[error("the publication was withdrawn before")]
    Over,
    /// Two people, or none.
    #[error("{0} reviewed it and cannot approve it too: somebody else must")]
    SamePerson(String),
    /// Reporters send; they do not release.
    #[error("a credential of role {0} cannot do this: {1}")]
    Role(String, &'static str),
    /// Too early.
    #[error("it is under embargo until {0}: it can be released from then on, or the embargo set anew")]
    Embargo(String),
    /// An embargo that ends before it begins.
    #[error("the embargo would end at {0}, which is over: name a later moment, or release")]
    Past(String),
    /// A period is closed already, or not closed.
    #[error("the period {0} is {1} already")]
    Period(String, &'static str),
}

/// What was recorded of one period.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Publications by id; one without events is a draft and not in here.
    pub publications: BTreeMap<String, Standing>,
    /// Since when the period is closed, microseconds since the epoch; none = open.
    pub closed_at: Option<i64>,
    last: Option<Event>,
}

impl Record {
    /// Takes an event that was recorded; it is not judged again.
    pub fn apply(&mut self, event: &Event) {
        self.last = Some(event.clone());
        match (&event.act, &event.publication) {
            (Act::Close, _) => self.closed_at = Some(event.at),
            (Act::Reopen, _) => self.closed_at = None,
            (act, Some(publication)) => {
                if *act == Act::Release {
                    for (id, standing) in &mut self.publications {
                        if standing.state == State::Released && id != publication {
                            standing.state = State::Superseded(publication.clone());
                        }
                    }
                }
                let standing = self.publications.entry(publication.clone()).or_default();
                standing.take(act, &event.actor);
                standing.last = Some(event.clone());
            }
            _ => {}
        }
    }

    /// Whether an event may follow.
    ///
    /// # Errors
    /// [`Refusal`], which says why not.
    pub fn allows(&self, event: &Event) -> Result<(), Refusal> {
        let role = event.actor.role.as_str();
        let may = match event.act {
            Act::Review | Act::Return => matches!(role, "analyst" | "operator"),
            _ => role == "operator",
        };
        if !may {
            return Err(Refusal::Role(
                role.to_owned(),
                "an analyst or an operator reviews and returns, an operator does the rest",
            ));
        }
        match event.act {
            Act::Close if self.closed_at.is_some() => return Err(Refusal::Period(event.time_period.clone(), "closed")),
            Act::Reopen if self.closed_at.is_none() => return Err(Refusal::Period(event.time_period.clone(), "open")),
            Act::Close | Act::Reopen => return Ok(()),
            _ => {}
        }
        let draft = Standing::default();
        let id = event.publication.as_deref().unwrap_or_default();
        self.publications.get(id).unwrap_or(&draft).allows(event)
    }

    /// The period's last event, where this one says the same by the same person: a command that was run again.
    pub fn repeats(&self, event: &Event) -> Option<&Event> {
        let last = match &event.publication {
            Some(publication) => self.publications.get(publication)?.last.as_ref()?,
            None => self.last.as_ref()?,
        };
        (last.act == event.act && last.publication == event.publication && last.actor == event.actor).then_some(last)
    }
}

impl Standing {
    fn take(&mut self, act: &Act, actor: &Actor) {
        let who = Some(actor.credential.clone());
        match act {
            Act::Review => (self.state, self.reviewed_by) = (State::Reviewed, who),
            Act::Approve => (self.state, self.approved_by) = (State::Approved, who),
            Act::Embargo(until) => self.state = State::Embargoed(*until),
            Act::Release => self.state = State::Released,
            Act::Return => *self = Self::default(),
            Act::Withdraw => self.state = State::Withdrawn,
            Act::Close | Act::Reopen => {}
        }
    }

    fn allows(&self, event: &Event) -> Result<(), Refusal> {
        let not_from = |act, from| Err(Refusal::NotFrom { state: self.state.code(), act, from });
        match (&event.act, &self.state) {
            (Act::Review, State::Draft) => Ok(()),
            (Act::Review, _) => not_from("reviewed", "a draft"),
            (Act::Approve, State::Reviewed) => match &self.reviewed_by {
                Some(reviewer) if *reviewer == event.actor.credential => Err(Refusal::SamePerson(reviewer.clone())),
                _ => Ok(()),
            },
            (Act::Approve, _) => not_from("approved", "reviewed"),
            (Act::Embargo(until), State::Approved | State::Embargoed(_)) => {
                if *until > event.at {
                    Ok(())
                } else {
                    Err(Refusal::Past(helan_runtime::clock::rfc_3339(*until)))
                }
            }
            (Act::Embargo(_), _) => not_from("embargoed", "approved or embargoed"),
            (Act::Release, State::Approved) => Ok(()),
            (Act::Release, State::Embargoed(until)) if *until <= event.at => Ok(()),
            (Act::Release, State::Embargoed(until)) => Err(Refusal::Embargo(helan_runtime::clock::rfc_3339(*until))),
            (Act::Release, _) => not_from("released", "approved or embargoed"),
            (Act::Return, State::Reviewed | State::Approved | State::Embargoed(_)) => Ok(()),
            (Act::Return, _) => not_from("returned to draft", "reviewed, approved or embargoed"),
            (Act::Withdraw, State::Withdrawn) => Err(Refusal::Over),
            (Act::Withdraw | Act::Close | Act::Reopen, _) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(act: Act, publication: &str, actor: &str, at: i64) -> Event {
        let role = if actor.starts_with("an") { "analyst" } else { "operator" };
        Event {
            id: format!("{at}"),
            act,
            publication: (!publication.is_empty()).then(|| publication.to_owned()),
            time_period: "2018".to_owned(),
            at,
            actor: Actor { credential: actor.to_owned(), role: role.to_owned() },
            why: "test".to_owned(),
            sequence: at,
        }
    }

    fn run(record: &mut Record, act: Act, publication: &str, actor: &str, at: i64) -> Result<(), Refusal> {
        let next = event(act, publication, actor, at);
        record.allows(&next)?;
        record.apply(&next);
        Ok(())
    }

    #[test]
    fn a_publication_goes_from_draft_to_superseded_by_two_people() {
        let mut record = Record::default();
        run(&mut record, Act::Review, "A", "ana", 1).expect("reviewed");
        run(&mut record, Act::Approve, "A", "opal", 2).expect("approved");
        run(&mut record, Act::Embargo(10), "A", "opal", 3).expect("embargoed");
        let early = run(&mut record, Act::Release, "A", "opal", 9).expect_err("too early");
        assert!(matches!(early, Refusal::Embargo(_)), "{early}");
        run(&mut record, Act::Release, "A", "opal", 10).expect("released");
        run(&mut record, Act::Review, "B", "ana", 11).expect("reviewed");
        run(&mut record, Act::Approve, "B", "opal", 12).expect("approved");
        assert_eq!(record.publications["A"].state, State::Released);
        run(&mut record, Act::Release, "B", "opal", 13).expect("released");
        assert_eq!(record.publications["A"].state, State::Superseded("B".to_owned()));
        assert_eq!(record.publications["B"].state, State::Released);
    }

    #[test]
    fn one_person_alone_and_skipped_steps_are_refused() {
        let mut record = Record::default();
        assert!(run(&mut record, Act::Approve, "A", "opal", 1).is_err(), "nobody reviewed it");
        assert!(run(&mut record, Act::Release, "A", "opal", 1).is_err());
        run(&mut record, Act::Review, "A", "opal", 1).expect("an operator may review");
        assert_eq!(run(&mut record, Act::Approve, "A", "opal", 2), Err(Refusal::SamePerson("opal".to_owned())));
        assert!(matches!(run(&mut record, Act::Approve, "A", "ana", 2), Err(Refusal::Role(..))));
        run(&mut record, Act::Approve, "A", "otto", 3).expect("somebody else");
        assert!(matches!(run(&mut record, Act::Embargo(2), "A", "otto", 3), Err(Refusal::Past(_))));
        run(&mut record, Act::Return, "A", "ana", 4).expect("back to draft");
        assert_eq!(record.publications["A"].reviewed_by, None, "a draft was reviewed by nobody");
        run(&mut record, Act::Withdraw, "A", "otto", 5).expect("withdrawn");
        for act in [Act::Review, Act::Approve, Act::Release, Act::Withdraw, Act::Return] {
            assert!(run(&mut record, act, "A", "otto", 6).is_err(), "nothing follows a withdrawal");
        }
    }

    #[test]
    fn a_period_closes_and_reopens_and_a_command_run_again_is_known() {
        let mut record = Record::default();
        run(&mut record, Act::Close, "", "opal", 1).expect("closed");
        assert_eq!(record.closed_at, Some(1));
        let again = event(Act::Close, "", "opal", 2);
        assert!(record.repeats(&again).is_some() && record.allows(&again).is_err());
        assert!(record.repeats(&event(Act::Close, "", "otto", 2)).is_none());
        run(&mut record, Act::Reopen, "", "opal", 3).expect("open");
        assert_eq!(record.closed_at, None);
        run(&mut record, Act::Review, "A", "ana", 4).expect("reviewed");
        assert!(record.repeats(&event(Act::Review, "A", "ana", 5)).is_some());
    }

    #[test]
    fn every_recorded_type_is_read_again() {
        for act in [
            Act::Review,
            Act::Approve,
            Act::Embargo(7),
            Act::Release,
            Act::Return,
            Act::Withdraw,
            Act::Close,
            Act::Reopen,
        ] {
            assert_eq!(Act::parse(act.event_type(), act.until()), Some(act));
        }
    }
}
