//! Functions whose result is the same in every spreadsheet program.

use jiff::civil::date;

use super::value::Value;

/// An argument of a function.
#[derive(Clone, Debug)]
pub(super) enum Argument {
    /// Written there, or computed.
    One(Value),
    /// The values of a block of cells or of a list in braces: functions of numbers pass over all others in it.
    Many(Vec<Value>),
}

impl Argument {
    /// The value of an argument that must be one.
    fn one(&self) -> Option<&Value> {
        match self {
            Self::One(value) => Some(value),
            Self::Many(values) if values.len() == 1 => values.first(),
            Self::Many(_) => None,
        }
    }
}

/// Functions that look at more than their arguments, or come to something else each time: what they come to is not known
/// from the formula alone.
const MORE_THAN_ARGUMENTS: [&str; 12] = [
    "CELL",
    "COLUMN",
    "COLUMNS",
    "FORMULATEXT",
    "GETPIVOTDATA",
    "INDEX",
    "INDIRECT",
    "INFO",
    "OFFSET",
    "ROW",
    "ROWS",
    "SHEET",
];

/// Whether a function looks at cells that are not among its arguments.
pub(super) fn looks_elsewhere(name: &str) -> bool {
    MORE_THAN_ARGUMENTS.contains(&name)
}

/// A function of arguments that were all computed; none where it is not known here. `from_1904`: how days are counted.
pub(super) fn called(name: &str, arguments: &[Argument], from_1904: bool) -> Option<Value> {
    let numbers = || numbers(arguments);
    let one = |at: usize| arguments.get(at).and_then(Argument::one);
    let number = |at: usize| one(at)?.number();
    let digits = |at: usize| match arguments.get(at) {
        None => Some(0),
        Some(_) => number(at).filter(|digits| digits.abs() <= 15.0).map(|digits| digits.trunc() as i32),
    };
    Some(match (name, arguments.len()) {
        ("SUM", 1..) => Value::of(numbers()?.iter().sum()),
        ("PRODUCT", 1..) => {
            let numbers = numbers()?;
            if numbers.is_empty() { Value::Number(0.0) } else { Value::of(numbers.iter().product()) }
        }
        ("AVERAGE", 1..) => {
            let numbers = numbers()?;
            Value::of(numbers.iter().sum::<f64>() / numbers.len() as f64)
        }
        ("COUNT", 1..) => Value::Number(numbers()?.iter().filter(|number| !number.is_nan()).count() as f64),
        ("MIN", 1..) => least(&numbers()?, f64::min),
        ("MAX", 1..) => least(&numbers()?, f64::max),
        ("ABS", 1) => Value::of(number(0)?.abs()),
        ("SIGN", 1) => sign(number(0)?),
        ("SQRT", 1) => Value::of(number(0)?.sqrt()),
        ("POWER", 2) => power(number(0)?, number(1)?),
        ("PI", 0) => Value::Number(std::f64::consts::PI),
        ("ROUND", 2) => Value::of(half_up(number(0)?, digits(1)?)),
        ("ROUNDUP", 2) => stepped(number(0)?, digits(1)?, |scaled| scaled.abs().ceil().copysign(scaled))?,
        ("ROUNDDOWN", 2) | ("TRUNC", 1 | 2) => stepped(number(0)?, digits(1)?, f64::trunc)?,
        ("INT", 1) => stepped(number(0)?, 0, f64::floor)?,
        ("MOD", 2) => {
            let (of, by) = (number(0)?, number(1)?);
            match stepped(of / by, 0, f64::floor)? {
                Value::Number(times) => Value::of(of - by * times),
                other => other,
            }
        }
        ("VALUE", 1) => Value::of(one(0)?.number()?),
        ("N", 1) => match one(0)? {
            Value::Text(_) => Value::Number(0.0),
            other => Value::of(other.number()?),
        },
        ("T", 1) => match one(0)? {
            text @ (Value::Text(_) | Value::Error) => text.clone(),
            _ => Value::Text(String::new()),
        },
        ("TRUE", 0) => Value::Truth(true),
        ("FALSE", 0) => Value::Truth(false),
        ("NOT", 1) => match one(0)?.truth()? {
            Ok(truth) => Value::Truth(!truth),
            Err(error) => error,
        },
        ("AND", 1..) => logical(arguments, |truths| truths.iter().all(|truth| *truth))?,
        ("OR", 1..) => logical(arguments, |truths| truths.iter().any(|truth| *truth))?,
        ("CONCATENATE" | "CONCAT" | "_XLFN.CONCAT", 1..) => {
            let mut text = String::new();
            for argument in arguments {
                match argument.one()?.text()? {
                    Ok(piece) => text.push_str(&piece),
                    Err(error) => return Some(error),
                }
            }
            Value::Text(text)
        }
        ("DATE", 3) => day(number(0)?, number(1)?, number(2)?, from_1904)?,
        _ => return None,
    })
}

/// The numbers of all arguments; an error among them is NaN.
fn numbers(arguments: &[Argument]) -> Option<Vec<f64>> {
    let mut numbers = Vec::new();
    for argument in arguments {
        match argument {
            Argument::One(value) => numbers.push(value.number()?),
            Argument::Many(values) => numbers.extend(values.iter().filter_map(|value| match value {
                Value::Number(number) => Some(*number),
                Value::Error => Some(f64::NAN),
                Value::Text(_) | Value::Truth(_) | Value::Blank => None,
            })),
        }
    }
    Some(numbers)
}

/// The least or the largest; an error among them is the result.
fn least(numbers: &[f64], take: fn(f64, f64) -> f64) -> Value {
    let any_error = numbers.iter().any(|number| number.is_nan());
    if any_error { Value::Error } else { Value::of(numbers.iter().copied().reduce(take).unwrap_or(0.0)) }
}

fn sign(number: f64) -> Value {
    Value::of(if number == 0.0 || number.is_nan() { number } else { number.signum() })
}

/// 1 to any power is 1 to the processor, and anything to the power of 0; 0 to the power of 0 is an error in spreadsheets.
pub(super) fn power(base: f64, exponent: f64) -> Value {
    let error = base.is_nan() || exponent.is_nan() || base == 0.0 && exponent == 0.0;
    if error { Value::Error } else { Value::of(base.powf(exponent)) }
}

/// Rounded half away from zero; a half that lies a little below one by its binary form is a half.
fn half_up(value: f64, digits: i32) -> f64 {
    let power = 10_f64.powi(digits);
    let scaled = value.abs() * power;
    (scaled * (1.0 + 1e-14) + 0.5).floor() / power * value.signum()
}

/// Rounded to a step in one direction; none where the binary form of the number decides.
fn stepped(value: f64, digits: i32, step: fn(f64) -> f64) -> Option<Value> {
    if !value.is_finite() {
        return Some(Value::Error);
    }
    let power = 10_f64.powi(digits);
    let scaled = value * power;
    let near = scaled.round();
    // What lies next to a whole number by the last binary digits is that number in some programs.
    if scaled != near && (scaled - near).abs() <= scaled.abs() * 1e-13 {
        return None;
    }
    Some(Value::of(step(scaled) / power))
}

fn logical(arguments: &[Argument], join: fn(&[bool]) -> bool) -> Option<Value> {
    let mut truths = Vec::new();
    for argument in arguments {
        match argument.one()?.truth()? {
            Ok(truth) => truths.push(truth),
            Err(error) => return Some(error),
        }
    }
    Some(Value::Truth(join(&truths)))
}

/// The serial number of a day that the calendar has; years below 1901 and days that overflow their month are left alone.
fn day(year: f64, month: f64, day: f64, from_1904: bool) -> Option<Value> {
    let fits = |number: f64, most: f64| (1.0..=most).contains(&number) && number.trunc() == number;
    if !(fits(year, 9_999.0) && year > 1_904.0 && fits(month, 12.0) && fits(day, 31.0)) {
        return None;
    }
    let day = jiff::civil::Date::new(year as i16, month as i8, day as i8).ok()?;
    let start = if from_1904 { date(1904, 1, 1) } else { date(1899, 12, 30) };
    Some(Value::of(f64::from(day.since(start).ok()?.get_days())))
}
