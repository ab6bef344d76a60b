//! What is wrong with a command line, in Chinese.

use std::error::Error;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::translated;
use crate::errors;
use crate::lang::Lang;

/// An error of clap's in Chinese: what, what was meant, how it is used.
pub(super) fn told(error: &clap::Error) -> String {
    let mut text = format!("错误：{}\n", what(error));
    for (kind, label) in [
        (ContextKind::SuggestedSubcommand, "相近的子命令"),
        (ContextKind::SuggestedArg, "相近的选项"),
        (ContextKind::SuggestedValue, "相近的值"),
    ] {
        let found = list(error, kind);
        if !found.is_empty() {
            text += &format!("\n  提示：{label}：{}\n", found.join("、"));
        }
    }
    if let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) {
        text += &format!("\n{}\n", translated(usage.to_string().trim_end()));
    }
    text + "\n详情请用 --help。\n"
}

fn what(error: &clap::Error) -> String {
    let of = |kind| list(error, kind).join("、");
    let (argument, value) = (of(ContextKind::InvalidArg), of(ContextKind::InvalidValue));
    let number = |kind| match error.get(kind) {
        Some(ContextValue::Number(number)) => *number,
        _ => 0,
    };
    match error.kind() {
        ErrorKind::UnknownArgument => format!("没有选项“{argument}”"),
        ErrorKind::InvalidSubcommand => format!("没有子命令“{}”", of(ContextKind::InvalidSubcommand)),
        ErrorKind::InvalidValue if value.is_empty() => format!("“{argument}”须写值{}", choices(error)),
        ErrorKind::InvalidValue => format!("“{argument}”的值“{value}”无效{}", choices(error)),
        ErrorKind::ValueValidation => {
            let why = error.source().map(|why| errors::said(&why.to_string(), Lang::Zh)).unwrap_or_default();
            format!("“{argument}”的值“{value}”无效：{why}")
        }
        ErrorKind::NoEquals => format!("“{argument}”的值须用等号连接"),
        ErrorKind::TooManyValues => format!("“{argument}”不再接受更多的值：“{value}”"),
        ErrorKind::TooFewValues => format!(
            "“{argument}”至少须写 {} 个值，只写了 {} 个",
            number(ContextKind::MinValues),
            number(ContextKind::ActualNumValues)
        ),
        ErrorKind::WrongNumberOfValues => format!(
            "“{argument}”须写 {} 个值，写了 {} 个",
            number(ContextKind::ExpectedNumValues),
            number(ContextKind::ActualNumValues)
        ),
        ErrorKind::ArgumentConflict => match of(ContextKind::PriorArg) {
            prior if prior.is_empty() => format!("“{argument}”不能与其他已写的参数合用"),
            prior if prior == argument => format!("“{argument}”只能写一次"),
            prior => format!("“{argument}”不能与“{prior}”合用"),
        },
        ErrorKind::MissingRequiredArgument => format!("缺少必填参数：{argument}"),
        ErrorKind::MissingSubcommand => {
            format!("须写子命令：{}", of(ContextKind::ValidSubcommand))
        }
        ErrorKind::InvalidUtf8 => "参数不是 UTF-8 文字".to_owned(),
        // The rest is help, or writing it: what clap says of it.
        _ => error.to_string().trim_start_matches("error: ").trim_end().to_owned(),
    }
}

/// The values that may be chosen, if there are any.
fn choices(error: &clap::Error) -> String {
    match list(error, ContextKind::ValidValue) {
        values if values.is_empty() => String::new(),
        values => format!("；可选：{}", values.join("、")),
    }
}

/// The texts of a piece of an error.
fn list(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}
