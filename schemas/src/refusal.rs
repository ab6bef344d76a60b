//! Every reason for which something is turned away: one code, one HTTP status, what it means and what to do, in both
//! languages. The page of codes in README's `services/ingest/ERRORS.md` is written from this list.

macro_rules! codes {
    ($($(#[$meta:meta])* $variant:ident = $code:literal, $status:literal, $zh:literal, $en:literal, $hint_zh:literal, $hint_en:literal;)+) => {
        /// A reason; the text forms are an interface and only grow.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $($(#[$meta])* $variant),+ }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as receipts, tables and metrics write it.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The HTTP status with which ingest answers; 0 for reasons that only the aggregator gives.
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status),+ }
            }

            /// What it means, in Chinese.
            pub fn meaning_zh(self) -> &'static str {
                match self { $(Self::$variant => $zh),+ }
            }

            /// What it means, in English.
            pub fn meaning_en(self) -> &'static str {
                match self { $(Self::$variant => $en),+ }
            }

            /// What to do, in Chinese.
            pub fn hint_zh(self) -> &'static str {
                match self { $(Self::$variant => $hint_zh),+ }
            }

            /// What to do, in English.
            pub fn hint_en(self) -> &'static str {
                match self { $(Self::$variant => $hint_en),+ }
            }
        }
    };
}

codes! {
    /// The aggregator could not decode a record.
    UndecodableRecord = "undecodable_record", 0,
        "日志记录无法解析", "a record of the log could not be decoded",
        "检查绕过接收服务直接写入主题的程序", "look for a program that writes to the topic without the ingest service";
    /// An id of the source was accepted before with other content.
    IdConflict = "id_conflict", 0,
        "同一来源的事件编号已用于不同内容", "this id of the source was accepted before with other content",
        "修订数据请使用新的编号", "give a revision an id of its own";
    /// One submission holds the same id twice with other content.
    RepeatedId = "repeated_id", 422,
        "同一批次中事件编号重复", "the same id stands twice in one submission",
        "每个事件使用唯一编号", "give each event an id of its own";
}
