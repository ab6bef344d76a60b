//! Which publication is meant: by id, by the beginning of an id, or `latest`.

use helan_query::desk::Pinned;
use helan_query::literal;

use crate::error::RollupError;
use crate::frozen;
use crate::rows::{self, Texts};

/// The word for the current publication.
pub const LATEST: &str = "latest";

/// The id that a person's word for a publication means: an id, its beginning (8 characters or more), a date or a moment
/// for the publication that was current then, or `latest` for the current one; of the catalog's default period, else of
/// whatever period was confirmed last.
///
/// # Errors
/// [`RollupError::Asked`] if there is none, or several.
pub(crate) async fn resolve(session: &Pinned, word: &str) -> Result<String, RollupError> {
    if word == LATEST {
        let period = literal(&session.catalog().head.default_period);
        let text = format!(
            "select publication from current_publication \
             order by case when time_period = {period} then 0 else 1 end, confirmed_at desc limit 1"
        );
        return match &ids(session, &text).await?[..] {
            [id, ..] => Ok(id.clone()),
            [] => Err(nothing_yet()),
        };
    }
    if is_day(word) {
        return at(session, word).await;
    }
    if word.len() < 8 || !word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(RollupError::Asked(format!(
            "{word:?} is no publication: write `latest`, a date, an id, or at least the first 8 characters of one; \
             `helan sql \"select publication, time_period, published_at from publications\"` lists them"
        )));
    }
    let text = format!("select distinct publication from publications where publication like '{word}%' limit 3");
    match &ids(session, &text).await?[..] {
        [id] => Ok(id.clone()),
        [] => Err(RollupError::Asked(format!(
            "the lake has no publication {word}; `helan sql \"select publication, time_period from publications\"` \
             lists them"
        ))),
        several => {
            Err(RollupError::Asked(format!("{word} begins several ids ({}): write more of it", several.join(", "))))
        }
    }
}

/// Whether a word begins like a date: an id has no hyphen.
fn is_day(word: &str) -> bool {
    word.get(..10).is_some_and(|day| day.parse::<jiff::civil::Date>().is_ok() && day.as_bytes()[4] == b'-')
}

/// The publication that was current at a moment: that of the run with the latest T up to it.
async fn at(session: &Pinned, word: &str) -> Result<String, RollupError> {
    let moment = session.moment(word)?;
    let at = jiff::Timestamp::from_microsecond(moment).unwrap_or(jiff::Timestamp::MAX);
    let runs = "from publication_runs r inner join publications p on p.publication = r.publication \
                where r.outcome in ('published', 'unchanged')";
    let text = format!(
        "select r.publication {runs} and r.as_of <= arrow_cast('{at}', 'Timestamp(Microsecond, Some(\"UTC\"))') \
         order by case when r.time_period = {} then 0 else 1 end, r.as_of desc, r.finished_at desc, r.run desc limit 1",
        literal(&session.catalog().head.default_period)
    );
    if let Some(id) = ids(session, &text).await?.into_iter().next() {
        return Ok(id);
    }
    let text = format!("select min(r.as_of) as as_of {runs}");
    let mut first = None;
    for batch in session.rows(&text).await? {
        first = rows::integers(&batch, "as_of")?.into_iter().flatten().next().or(first);
    }
    let Some(first) = first else { return Err(nothing_yet()) };
    let first = frozen::day_of(first, session.catalog());
    Err(RollupError::Asked(format!(
        "no publication was current on {word}: the first publication is as of {first}; `helan sql \"select \
         time_period, as_of, publication from publication_runs order by as_of\"` lists what there is"
    )))
}

fn nothing_yet() -> RollupError {
    RollupError::Asked(
        "nothing was published yet: `helan rollup --publish` publishes, `--live` explains without".to_owned(),
    )
}

/// The publication of a period that a run as of T follows on: that of the run with the latest T up to it.
pub(crate) async fn before(session: &Pinned, period: &str, as_of: i64) -> Result<Option<String>, RollupError> {
    let moment = jiff::Timestamp::from_microsecond(as_of).unwrap_or(jiff::Timestamp::MAX);
    let text = format!(
        "select r.publication from publication_runs r inner join publications p on p.publication = r.publication \
         where r.time_period = {} and r.outcome in ('published', 'unchanged') \
         and r.as_of <= arrow_cast('{moment}', 'Timestamp(Microsecond, Some(\"UTC\"))') \
         order by r.as_of desc, r.finished_at desc, r.run desc limit 1",
        literal(period)
    );
    Ok(ids(session, &text).await?.into_iter().next())
}

async fn ids(session: &Pinned, text: &str) -> Result<Vec<String>, RollupError> {
    let mut out = Vec::new();
    for batch in session.rows(text).await? {
        let texts = Texts::of(&batch, &["publication"])?;
        out.extend((0..batch.num_rows()).filter_map(|row| texts.get("publication", row)));
    }
    Ok(out)
}
