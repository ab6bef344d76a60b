//! Arithmetic in SQL is right or fails: over every width, on constants and on columns, in sums and in windows.

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use helan_query::Session;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::session::session;

/// The one value that a question comes to, as a text; an error where it fails.
pub(crate) async fn one(session: &Session, text: &str) -> Result<String, String> {
    let frame = session.sql(text).await.map_err(|error| error.to_string())?;
    let batches = frame.collect().await.map_err(|error| error.to_string())?;
    let batch = batches.iter().find(|batch| batch.num_rows() > 0).expect("a row");
    let values = cast(batch.column(0), &DataType::Utf8).map_err(|error| error.to_string())?;
    Ok(values.as_string::<i32>().value(0).to_owned())
}

/// A type that numbers have, and which ones it holds.
#[derive(Clone, Copy, Debug)]
struct Width {
    name: &'static str,
    least: i128,
    most: i128,
}

const fn width(name: &'static str, least: i128, most: i128) -> Width {
    Width { name, least, most }
}

const LARGEST_38: i128 = 99_999_999_999_999_999_999_999_999_999_999_999_999;

const WIDTHS: [Width; 11] = [
    width("Int8", i8::MIN as i128, i8::MAX as i128),
    width("Int16", i16::MIN as i128, i16::MAX as i128),
    width("Int32", i32::MIN as i128, i32::MAX as i128),
    width("Int64", i64::MIN as i128, i64::MAX as i128),
    width("UInt8", 0, u8::MAX as i128),
    width("UInt16", 0, u16::MAX as i128),
    width("UInt32", 0, u32::MAX as i128),
    width("UInt64", 0, u64::MAX as i128),
    width("Decimal32(9,0)", -999_999_999, 999_999_999),
    width("Decimal64(18,0)", -999_999_999_999_999_999, 999_999_999_999_999_999),
    width("Decimal128(38,0)", -LARGEST_38, LARGEST_38),
];

/// A width with two of its numbers, the outermost more often than others.
fn case() -> impl Strategy<Value = (Width, i128, i128)> {
    let number = |width: Width| {
        prop_oneof![
            Just(width.least),
            Just(width.most),
            (0..4_i128).prop_map(move |step| width.least + step),
            (0..4_i128).prop_map(move |step| width.most - step),
            (0..12_i128),
            (width.least / 2..=width.most / 2),
        ]
    };
    prop::sample::select(WIDTHS.as_slice()).prop_flat_map(move |width| (Just(width), number(width), number(width)))
}

/// The result of an operator where it has one that is a whole number.
fn expected(op: &str, a: i128, b: i128) -> Option<i128> {
    match op {
        "+" => a.checked_add(b),
        "-" => a.checked_sub(b),
        "*" => a.checked_mul(b),
        "%" => a.checked_rem(b),
        _ => unreachable!("not asked"),
    }
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() })
}

fn blocking() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

#[test]
fn operators_give_the_number_or_fail() {
    let (runtime, session) = (blocking(), session());
    let cases = (case(), prop::sample::select(["+", "-", "*", "%"].as_slice()), any::<bool>());
    let check = |((width, a, b), op, constant): ((Width, i128, i128), &str, bool)| {
        let value = |number: i128| format!("arrow_cast('{number}', '{}')", width.name);
        let text = if constant {
            format!("select {} {op} {}", value(a), value(b))
        } else {
            format!("select a {op} b from (values ({}, {})) t(a, b)", value(a), value(b))
        };
        match runtime.block_on(one(&session, &text)) {
            Ok(found) => prop_assert_eq!(Some(found.parse::<i128>().expect(&found)), expected(op, a, b), "{}", text),
            // What has a result that the type holds is answered.
            Err(why) => {
                let within = expected(op, a, b).filter(|found| (width.least..=width.most).contains(found));
                prop_assert_eq!(within, None, "{}: {}", text, why);
            }
        }
        Ok(())
    };
    runner(600).run(&cases, check).expect("no operator wraps");
}

#[test]
fn sums_give_the_number_or_fail() {
    let (runtime, session) = (blocking(), session());
    let cases = (case(), 1..4_usize, prop::sample::select([0, 1, 2].as_slice()));
    let check = |((width, a, b), repeated, form): ((Width, i128, i128), usize, i32)| {
        let numbers: Vec<i128> = std::iter::repeat_n([a, b], repeated).flatten().collect();
        let rows: Vec<_> =
            numbers.iter().map(|number| format!("(1, arrow_cast('{number}', '{}'))", width.name)).collect();
        let rows = format!("(values {}) t(g, x)", rows.join(", "));
        let text = match form {
            0 => format!("select sum(x) from {rows}"),
            1 => format!("select sum(x) from {rows} group by g"),
            _ => format!("select sum(x) over (order by g) from {rows}"),
        };
        let expected = numbers.iter().try_fold(0_i128, |sum, number| sum.checked_add(*number));
        match runtime.block_on(one(&session, &text)) {
            Ok(found) => prop_assert_eq!(Some(found.parse::<i128>().expect(&found)), expected, "{}", text),
            Err(why) => {
                let within = expected.filter(|found| (width.least..=width.most).contains(found));
                prop_assert_eq!(within, None, "{}: {}", text, why);
            }
        }
        Ok(())
    };
    runner(300).run(&cases, check).expect("no sum wraps");
}

/// What wrapped, or lost its last digit, in the engine as it is.
#[tokio::test]
async fn what_does_not_fit_fails() {
    let session = session();
    for text in [
        "select 9223372036854775807 + 1",
        "select round(9223372036854775807, -19)",
        "select cast(sum(amount) as bigint) * 10000000000 from events",
        "select sum(x) from (values (9223372036854775807), (1)) t(x)",
        "select sum(distinct x) from (values (9223372036854775807), (1)) t(x)",
        "select sum(x + 1) from (values (9223372036854775807)) t(x)",
        "select count(*) * 9223372036854775807 * 2 from events",
        "select -x from (values (-9223372036854775808)) t(x)",
        "select abs(x) from (values (-9223372036854775808)) t(x)",
        "select x / -1 from (values (-9223372036854775808)) t(x)",
        "select cast(200 as tinyint unsigned) + cast(100 as tinyint unsigned)",
        "select cast(300 as tinyint)",
        "select 1 << 64",
        "select 1 << 63",
        "select 1 >> 64",
        "select 99999999999999999999999999999999999999 + 1",
        "select ceil(x) from (values (cast(99.9 as decimal(3, 1)))) t(x)",
        "select sum(x) from (values (99999999999999999999999999999999999999), (1)) t(x)",
        "select * from generate_series(1, 9223372036854775807 + 3)",
        "select * from generate_series(1, -cast('-9223372036854775808' as bigint))",
        "select unnest(generate_series(1, 9223372036854775807 + 3))",
        "select array_transform([9223372036854775807], x -> x + 1)",
        "select * from events where offset + 9223372036854775807 + 1 < 0",
        "select 1 from events group by offset + 9223372036854775807 + 1",
        "select (select max(offset) + 9223372036854775807 + 1 from events)",
        "select sum(x) over (order by y rows between 1 preceding and current row) \
         from (values (9223372036854775807, 1), (1, 2)) t(x, y)",
        "select sum(x) from (values (arrow_cast('1', 'Decimal256(76,0)'))) t(x)",
        "select sum(x) from (values (interval '2000000000 days'), (interval '2000000000 days')) t(x)",
    ] {
        let answer = async {
            let frame = session.sql(text).await.map_err(|error| error.to_string())?;
            frame.collect().await.map_err(|error| error.to_string())
        };
        let answer =
            answer.await.map(|batches| arrow::util::pretty::pretty_format_batches(&batches).expect("rows").to_string());
        assert!(answer.is_err(), "{text}\n{}", answer.unwrap_or_default());
    }
}

#[tokio::test]
async fn what_fits_is_answered_as_before() {
    let session = session();
    for (text, expected) in [
        ("select 9223372036854775806 + 1", "9223372036854775807"),
        ("select cast(9223372036854775807 as decimal(38, 0)) + 1", "9223372036854775808"),
        ("select round(4000000000000000000, -19)", "0"),
        ("select round(9000000000000000000, -20)", "0"),
        // The sum fits, what is on the way to it does not.
        ("select sum(x) from (values (9223372036854775807), (1), (-5)) t(x)", "9223372036854775803"),
        ("select arrow_typeof(sum(1)) from events", "Int64"),
        ("select arrow_typeof(sum(amount)) = arrow_typeof(amount * 1) from events group by amount", "true"),
        ("select avg(x) from (values (1), (2)) t(x)", "1.5"),
        ("select avg(x) from (values (1.0), (2.5)) t(x)", "1.75000000000000"),
        ("select sum(x) from (values (1.5), (2.25)) t(x)", "3.75"),
        ("select 1 << 62", "4611686018427387904"),
        ("select -1 >> 1", "-1"),
        ("select round(x) from (values (cast(99.9 as decimal(3, 1)))) t(x)", "100"),
        ("select 7 % 4", "3"),
        ("select sum(cast(null as bigint))", ""),
        ("select cast(null as bigint) + 1", ""),
        ("select ceil(cast(9.9 as decimal(3, 1)))", "10.0"),
        ("select value from generate_series(9223372036854775806, 9223372036854775807)", "9223372036854775806"),
        ("select count(*) from observations_as_of(date '2019-08-29' + interval '1 day')", "1"),
        ("select arrow_cast(avg(known_at - known_at), 'Int64') from events", "0"),
        ("select arrow_cast(sum(x), 'Int64') from (values (arrow_cast(3, 'Duration(Second)'))) t(x)", "3"),
    ] {
        assert_eq!(one(&session, text).await.as_deref(), Ok(expected), "{text}");
    }
    let frame = session.sql("select 1 + 2, -index, index * 2 from events").await.expect("planned");
    let names: Vec<_> = frame.schema().fields().iter().map(|field| field.name().clone()).collect();
    let batches = frame.collect().await.expect("rows");
    let found: Vec<_> = batches[0].schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, found, "columns keep their names");
}

#[tokio::test]
async fn an_overflow_says_what_to_do() {
    let session = session();
    let error = one(&session, "select x + 1 from (values (9223372036854775807)) t(x)").await.expect_err("too large");
    assert!(
        error.contains("9223372036854775807 + 1 does not fit into bigint; cast to decimal(38, 0) first"),
        "{error}"
    );
    let squared = "select x * x from (values (cast(5455600.25 as decimal(38, 10)) * 1000000000000)) t(x)";
    let error = one(&session, squared).await.expect_err("too large");
    assert!(error.contains("5455600250000000000 * 5455600250000000000 does not fit into decimal(38, "), "{error}");
}
