-- name: editions
-- grain: one row for each edition
-- inputs: catalog_editions
-- rules: 7
-- materialise: no
-- zh: 各出版物的版次。
-- en: Editions of publication series: each states many cells at once, and its values belong together.
-- column edition text: 版次代码 | Id of the edition, as events name it.
-- column series text: 出版物 | Series of which it is one.
-- column published date: 发布日期 | Day on which it came out.
-- column name_zh text: 中文名称 | Name in Chinese.
-- column name_en text: 英文名称 | Name in English.
-- column note text: 备注 | Remark.
select edition, series, published, name_zh, name_en, note
from catalog_editions
