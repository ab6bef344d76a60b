//! The log and the lake: reasons that only the aggregator gives.

macro_rules! record {
    (($next:ident $($after:ident)*) $($before:tt)*) => {
        $next! { ($($after)*) $($before)*
            UndecodableRecord = "undecodable_record", 0,
                "日志记录无法解析", "a record of the log could not be decoded",
                "检查绕过接收服务直接写入主题的程序", "look for a program that writes to the topic without the ingest service";
            IdConflict = "id_conflict", 0,
                "同一来源的事件编号已用于不同内容", "this id of the source was accepted before with other content",
                "修订数据请使用新的编号", "give a revision an id of its own";
            IdempotencyKeyReused = "idempotency_key_reused", 0,
                "该 Idempotency-Key 已用于其他内容；先前的内容不受影响", "this Idempotency-Key was used before for other content, which stays as it is",
                "每次新的提交使用新的 Idempotency-Key，或省略", "give each new submission a key of its own, or leave the key out";
            WithdrawsUnknown = "withdraws_unknown", 0,
                "该来源没有可撤回的这一事件", "the source has reported no event of this id that could be withdrawn",
                "核对 withdraws 中的事件编号（见当时的回执或 observations 的 id 列）；撤回不能再被撤回", "check the id in withdraws against the receipt or column id of observations; a withdrawal cannot be withdrawn itself";
        }
    };
}
