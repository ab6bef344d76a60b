//! Commands that begin with a backslash.

use crate::args::Format;
use crate::lang::Lang;

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// `\d`: what there is to ask.
    Tables,
    /// `\d NAME`: its columns; `\d+ NAME`: its SQL too.
    Describe { name: String, sql: bool },
    /// `\as-of DATE [RECORDED]`; without a date: now again.
    AsOf(Option<(String, Option<String>)>),
    /// `\x`: one line a column.
    Expanded,
    /// `\timing`.
    Timing,
    /// `\versions`.
    Versions,
    /// `\o FILE`; without a file: the screen again.
    Output(Option<String>),
    /// `\f FORMAT`.
    Format(Format),
    /// `\?`.
    Help,
    /// `\q`.
    Quit,
}

impl Command {
    /// Reads a line without its backslash.
    ///
    /// # Errors
    /// A sentence on what to write.
    pub(crate) fn parse(line: &str, lang: Lang) -> Result<Self, String> {
        let mut words = line.trim().trim_end_matches(';').split_whitespace();
        let name = words.next().unwrap_or_default();
        let words: Vec<_> = words.collect();
        Ok(match (name, words.as_slice()) {
            ("d" | "d+" | "dt" | "dv", []) => Self::Tables,
            ("d", [name]) => Self::Describe { name: (*name).to_owned(), sql: false },
            ("d+", [name]) => Self::Describe { name: (*name).to_owned(), sql: true },
            ("as-of", []) => Self::AsOf(None),
            ("as-of", [known]) => Self::AsOf(Some(((*known).to_owned(), None))),
            ("as-of", [known, recorded]) => Self::AsOf(Some(((*known).to_owned(), Some((*recorded).to_owned())))),
            ("x", []) => Self::Expanded,
            ("timing", []) => Self::Timing,
            ("versions", []) => Self::Versions,
            ("o", []) => Self::Output(None),
            ("o", [file]) => Self::Output(Some((*file).to_owned())),
            ("f", ["table"]) => Self::Format(Format::Table),
            ("f", ["csv"]) => Self::Format(Format::Csv),
            ("f", ["json"]) => Self::Format(Format::Json),
            ("?" | "h" | "help", _) => Self::Help,
            ("q" | "quit" | "exit", _) => Self::Quit,
            _ => {
                return Err(match lang {
                    Lang::Zh => format!("没有命令 \\{line}；\\? 列出全部命令"),
                    Lang::En => format!("there is no command \\{line}; \\? lists them"),
                });
            }
        })
    }
}

/// What `\?` prints.
pub(crate) fn help(lang: Lang) -> &'static str {
    lang.pick(
        "\
语句以分号结束，可分多行；Tab 补全关键字、表、列，以及按名称补全地区和指标代码（如 '银川）
  \\d            列出表、视图和表函数      \\d 名称       列出其各列
  \\d+ 名称      各列及视图的 SQL          \\as-of 日期   此后按该日期所知查询；\\as-of 恢复为当前
  \\f 格式       table、csv 或 json        \\x            每列一行
  \\o 文件       结果追加到文件；\\o 恢复   \\timing       显示用时
  \\versions     显示各表的版本           \\?            本页
  \\q            退出（或 Ctrl-D）
Ctrl-C 取消正在运行的查询，或清除当前输入。每条语句都读取当时最新的一个版本。",
        "\
A statement ends with a semicolon and may take several lines. Tab completes keywords, tables, columns, and the codes of
areas and indicators by name (such as 'yin).
  \\d            tables, views, functions   \\d NAME       its columns
  \\d+ NAME      its columns and its SQL    \\as-of DATE   read everything as known then; \\as-of: as of now again
  \\f FORMAT     table, csv or json         \\x            one line a column
  \\o FILE       append results to a file; \\o: the screen again
  \\timing       say how long it took       \\versions     say which version of each table was read
  \\?            this page                  \\q            quit (or Ctrl-D)
Ctrl-C cancels the query that runs, or clears the line. Each statement reads the newest version there is.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_and_others_explained() {
        let read = |line| Command::parse(line, Lang::En);
        assert_eq!(read("d"), Ok(Command::Tables));
        assert_eq!(read("d+ events;"), Ok(Command::Describe { name: "events".to_owned(), sql: true }));
        assert_eq!(read("as-of 2019-08-30"), Ok(Command::AsOf(Some(("2019-08-30".to_owned(), None)))));
        assert_eq!(read("as-of"), Ok(Command::AsOf(None)));
        assert_eq!(read("f csv"), Ok(Command::Format(Format::Csv)));
        assert!(read("f xlsx").is_err_and(|text| text.contains("\\?")));
        assert!(read("").is_err());
    }
}
