//! Codes and periods compared with numbers: as texts, or refused with how to write them.

use crate::session::session;

async fn count(text: &str) -> Result<usize, String> {
    let session = session();
    let frame = session.sql(text).await.map_err(|error| error.to_string())?;
    let batches = frame.collect().await.map_err(|error| error.to_string())?;
    Ok(batches.iter().map(|batch| batch.num_rows()).sum())
}

#[tokio::test]
async fn a_number_that_equals_a_text_is_the_text() {
    for (text, rows) in [
        ("select 1 from events where ref_area = 640000", 1),
        ("select 1 from events where 640000 = ref_area and time_period = 2018", 1),
        ("select 1 from events where time_period <> 2018", 0),
        ("select 1 from events where time_period is distinct from 2017", 1),
        ("select 1 from events where ref_area in (640000, '640100')", 1),
        ("select 1 from events where ref_area not in (640000)", 0),
        ("select 1 from areas a join (values (640000)) t(code) on a.ref_area = t.code", 1),
        ("select 1 from (select time_period y from events) t where y = 2018", 1),
        ("select 1 from observations where ref_area = 640000", 1),
        ("select 1 from observations_as_of('2019-08-30') where time_period = 2018", 1),
        ("select 1 from events where ref_area = null", 0),
        ("select 1 from events where exists (select 1 from events e where e.time_period = 2018)", 1),
        ("select 1 from events where case ref_area when 640000 then true else false end", 1),
        ("select 1 from events where nullif(ref_area, 640000) is null", 1),
        ("select 1 from events where (ref_area, time_period) = (640000, 2018)", 1),
        ("select 1 from events where (ref_area, time_period) in ((640100, 2018), (640000, 2018))", 1),
        ("select 1 from events where (ref_area, time_period) <> (640000, 2018)", 0),
        ("select 1 from events where ref_area = any(array[640000, 640100])", 1),
        ("select 1 from events where coalesce(ref_area, 0) = '640000'", 1),
        ("select 1 from (select coalesce(cast(null as varchar), 7, ref_area) v from events) t where v = '7'", 1),
        ("select 1 from events where (array[ref_area, 1])[1] = '640000'", 1),
        // A number in quotes beside numbers stays a number.
        ("select 1 from events where value > '5'", 1),
        ("select 1 from events where cast(time_period as int) > 2017", 1),
    ] {
        assert_eq!(count(text).await, Ok(rows), "{text}");
    }
}

#[tokio::test]
async fn what_depends_on_how_it_is_written_is_refused() {
    for (text, says) in [
        ("select 1 from events where time_period > 2017", "'2017'"),
        ("select 1 from events where 2017 <= time_period", "'2017'"),
        ("select 1 from events where ref_area between 640000 and 640100", "'640000'"),
        ("select 1 from events where ref_area = 640000.0", "is a text"),
        ("select 1 from events where ref_area in (select 640000)", "is a text"),
        ("select 1 from events where ref_area + 1 = 640001", "ref_area as int)"),
        ("select least(ref_area, 9) from events", "is a text"),
        ("select * from (values ('01'), (2)) t(code)", "'01'"),
    ] {
        let error = count(text).await.expect_err(text);
        assert!(error.contains(says), "{text}: {error}");
        assert!(!error.contains("bug"), "{text}: {error}");
    }
}

#[tokio::test]
async fn columns_keep_their_names() {
    let frame = session().sql("select ref_area = 640000 from events").await.expect("planned");
    assert_eq!(frame.schema().field(0).name(), "events.ref_area = Int64(640000)");
}
